"""Where the blend of each voice stands, stream by stream: where the player has put it, and how its patch moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nsynth_lab.blend.modulation import lfo_sum, places_of
from nsynth_lab.blend.weights import place_weights
from nsynth_lab.patch import Blend
from nsynth_lab.patch.place import Place
from nsynth_lab.units import Doubles, Ints

STREAMS = ("timbre", "loudness", "f0", "partials")
LOUDNESS = STREAMS.index("loudness")


@dataclass(frozen=True)
class Motion:
    """A patch's own movements: places of single streams, a path, oscillations. Begun anew with each note.

    Attributes:
        blend: of the patch; a third corner of three is there twice (see `render.instrument`).
        seed: of oscillations that are drawn by chance.
    """

    blend: Blend
    seed: int = 0

    def weights(self, sources: int, place: Doubles, seconds: Doubles) -> Doubles:
        """As `weights_at`, for voices put to `place` [active, dims], `seconds` [active] after they began."""
        places = places_of(self.blend, seconds, wheel=place, seed=self.seed)
        shape = (len(place), self.blend.dims)
        return np.stack([place_weights(np.broadcast_to(places[stream], shape), sources) for stream in STREAMS])

    def cents(self, seconds: Doubles) -> Doubles:
        """What the pitch is moved by, [active]."""
        return self._sum("pitch_cents", seconds)

    def level_db(self, seconds: Doubles) -> Doubles:
        """What the level is moved by, [active]."""
        return self._sum("level_db", seconds)

    def _sum(self, target: str, seconds: Doubles) -> Doubles:
        moved = lfo_sum(self.blend, target, seconds, seed=self.seed)
        return np.zeros_like(seconds) if moved is None else moved


@lru_cache(maxsize=4096)
def weights_of(sources: int, place: Place) -> Doubles:
    """Of one place, [sources]: most voices stand where others do, and did before."""
    return place_weights(place, sources)


def weights_at(
    motion: Motion | None, sources: int, places: Mapping[int, Place], channels: Ints, seconds: Doubles
) -> Doubles:
    """Of voices on `channels` [active], `seconds` [active] after they began, whether or not a patch moves them.

    `places` says where the blend of each channel stands -> [4 streams, active, sources].
    """
    if motion is not None:
        return motion.weights(sources, np.array([places[channel] for channel in channels.tolist()]), seconds)
    found = np.empty((len(STREAMS), len(channels), sources))
    for channel, place in places.items():
        found[:, channels == channel] = weights_of(sources, place)
    return found
