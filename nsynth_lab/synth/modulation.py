"""The blend of each voice, stream by stream: the player's position, and how a patch moves it (path and LFOs)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nsynth_lab.blend.modulation import Moments, lfo_sum, places_of
from nsynth_lab.blend.weights import place_weights
from nsynth_lab.patch import Blend
from nsynth_lab.patch.place import Place
from nsynth_lab.units import Doubles, Ints

STREAMS = ("timbre", "loudness", "f0", "partials")
TIMBRE, LOUDNESS = STREAMS.index("timbre"), STREAMS.index("loudness")


@dataclass(frozen=True)
class Motion:
    """How a patch moves each note: positions of single streams, a path, LFOs; all start with the note.

    Attributes:
        blend: of the patch; of three corners the third is used twice (see `render.instrument`).
        seed: of random LFOs.
    """

    blend: Blend
    seed: int = 0

    def weights(self, sources: int, place: Doubles, moments: Moments) -> Doubles:
        """As `weights_at`, for voices positioned at `place` [active, dims], at these moments [active]."""
        places = places_of(self.blend, moments, wheel=place, seed=self.seed)
        shape = (len(place), self.blend.dims)
        return np.stack([place_weights(np.broadcast_to(places[stream], shape), sources) for stream in STREAMS])

    def cents(self, moments: Moments) -> Doubles:
        """LFOs of the pitch in cents, [active]."""
        return self._sum("pitch_cents", moments)

    def level_db(self, moments: Moments) -> Doubles:
        """LFOs of the level in dB, [active]."""
        return self._sum("level_db", moments)

    def _sum(self, target: str, moments: Moments) -> Doubles:
        moved = lfo_sum(self.blend, target, moments, seed=self.seed)
        return np.zeros_like(moments.seconds) if moved is None else moved


@lru_cache(maxsize=4096)
def weights_of(sources: int, place: Place) -> Doubles:
    """Weights [sources] of one place; cached, because most voices share a place that rarely moves."""
    return place_weights(place, sources)


def weights_at(
    motion: Motion | None, sources: int, places: Mapping[int, Place], channels: Ints, moments: Moments | None
) -> Doubles:
    """Weights [4 streams, active, sources] of voices on `channels` [active], at these moments [active] of their notes.

    `places` are the blend positions of the channels; `motion` moves them where a patch is played, and asks for the
    moments.
    """
    if motion is not None and moments is not None:
        return motion.weights(sources, np.array([places[channel] for channel in channels.tolist()]), moments)
    found = np.empty((len(STREAMS), len(channels), sources))
    for channel, place in places.items():
        found[:, channels == channel if len(places) > 1 else slice(None)] = weights_of(sources, place)
    return found
