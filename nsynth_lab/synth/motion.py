"""Where the blend of each voice stands, stream by stream: where the player has put it, and how its patch moves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nsynth_lab.blend.motion import lfo_sum, places_of
from nsynth_lab.blend.weights import corners, pair
from nsynth_lab.patch import Blend
from nsynth_lab.units import Doubles


@dataclass(frozen=True)
class StreamWeights:
    """Weights of the corners for each stream of some voices, [due, corners]."""

    timbre: Doubles
    loudness: Doubles
    f0: Doubles
    partials: Doubles

    @staticmethod
    def same(weights: Doubles) -> StreamWeights:
        """All streams alike."""
        return StreamWeights(weights, weights, weights, weights)


@dataclass(frozen=True)
class Motion:
    """A patch's own movements: places of single streams, a path, oscillations. Begun anew with each note.

    Attributes:
        blend: of the patch; a third corner of three is there twice (see `Sources`).
        seed: of oscillations that are drawn by chance.
    """

    blend: Blend
    seed: int = 0

    def weights(self, sources: int, place: Doubles, seconds: Doubles) -> StreamWeights:
        """Of voices whose position was put to `place` [due, 2], `seconds` [due] after they began."""
        places = places_of(self.blend, seconds, wheel=place[:, : self.blend.dims], seed=self.seed)
        found = []
        for stream in ("timbre", "loudness", "f0", "partials"):
            own = np.broadcast_to(places[stream], (len(place), self.blend.dims))
            found.append(weights(sources, own[:, 0], own[:, -1]))
        return StreamWeights(*found)

    def cents(self, seconds: Doubles) -> Doubles:
        """What the pitch is moved by, [due]."""
        return self._sum("pitch_cents", seconds)

    def level_db(self, seconds: Doubles) -> Doubles:
        """What the level is moved by, [due]."""
        return self._sum("level_db", seconds)

    def _sum(self, target: str, seconds: Doubles) -> Doubles:
        moved = lfo_sum(self.blend, target, seconds, seed=self.seed)
        return np.zeros_like(seconds) if moved is None else moved


def weights(sources: int, x: Doubles, y: Doubles) -> Doubles:
    """[due, sources] of positions [due] among one, two or four sources."""
    if sources == 1:
        return np.ones((len(x), 1))
    return pair(x) if sources == 2 else corners(x, y)


@lru_cache(maxsize=4096)
def weights_of(sources: int, x: float, y: float) -> Doubles:
    """Of one position, [sources]: most voices stand where others do, and did before."""
    return np.asarray(weights(sources, np.array([x]), np.array([y]))[0])


def weights_at(
    motion: Motion | None, sources: int, places: Sequence[tuple[float, float]], seconds: Doubles
) -> StreamWeights:
    """Of voices at `places` [due], `seconds` [due] after they began, whether or not a patch moves them."""
    if motion is None and len(set(places)) == 1:
        return StreamWeights.same(np.tile(weights_of(sources, *places[0]), (len(places), 1)))
    if motion is None:
        return StreamWeights.same(np.stack([weights_of(sources, x, y) for x, y in places]))
    return motion.weights(sources, np.array(places), seconds)
