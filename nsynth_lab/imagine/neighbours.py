"""How near an imagined instrument comes to the real ones: a copy of one would be no new instrument.

At each key the distance to the nearest real instrument is divided by that one's own distance to its nearest neighbour,
all at the same key: 1 is as far as real instruments are from one another, 0 a copy.

Source of the ratio: Lowe 2004, Distinctive Image Features from Scale-Invariant Keypoints, which accepts a match by its
distance relative to that of the next; used here the other way round, for what must not match.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.imagine.candidate import REACH_SEMITONES
from nsynth_lab.imagine.ear import Ear
from nsynth_lab.model.bank import Bank
from nsynth_lab.note import Note
from nsynth_lab.units import FloatArray

MOST_ALIKE = 1e-6  # real instruments nearer than this are one under two names


class Neighbours:
    """The instruments `names` of a bank at any key, each heard when a key is first asked for."""

    def __init__(self, bank: Bank, names: Sequence[str], ear: Ear) -> None:
        self._bank, self._ear = bank, ear
        self._keys = {name: [bank.notes[index].number for index in bank.entries[name].zones] for name in names}
        self._known: dict[int, tuple[list[str], FloatArray, FloatArray]] = {}

    def ratios(self, sounds: Sequence[FloatArray], keys: Sequence[int], *, without: str = "") -> list[float]:
        """For sounds [samples] at `keys`: the distance to the nearest, relative to that one's own.

        `without` names an instrument that is not looked at: of a real one, itself.
        """
        portraits = map(self._ear.portrait, sounds)
        return [self._ratio(portrait, key, without) for portrait, key in zip(portraits, keys, strict=True)]

    def _ratio(self, portrait: FloatArray, key: int, without: str) -> float:
        names, real, own = self._at(key)
        if len(set(names) - {without}) < 2:
            return 1.0
        distances = np.linalg.norm(real - portrait, axis=1)
        distances[[name == without for name in names]] = np.inf
        nearest = int(distances.argmin())
        return float(distances[nearest] / own[nearest])

    def _at(self, key: int) -> tuple[list[str], FloatArray, FloatArray]:
        """(names, portraits [instruments, values], the distance of each to its nearest) of all that play this key."""
        if key not in self._known:
            names = [
                name
                for name, keys in self._keys.items()
                if min(keys) - REACH_SEMITONES <= key <= max(keys) + REACH_SEMITONES
            ]
            sounds = self._ear.sounds([self._bank.latents(name, Note(key)) for name in names])
            real = np.stack([self._ear.portrait(sound) for sound in sounds]) if sounds else np.zeros((0, 1), np.float32)
            self._known[key] = names, real, nearest_distances(real)
        return self._known[key]


def nearest_distances(points: FloatArray) -> FloatArray:
    """The distance of each of `points` [n, values] to its nearest other one, [n].

    >>> nearest_distances(np.array([[0.0], [1.0], [3.0]], np.float32))
    array([1., 1., 2.], dtype=float32)
    """
    squares = np.square(points).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2.0 * points @ points.T, 0.0))
    distances[distances < MOST_ALIKE] = np.inf
    np.fill_diagonal(distances, np.inf)
    return np.asarray(distances.min(axis=1, initial=np.inf), np.float32)
