"""Perceptually even positions: equal steps of the position sound like equally large changes.

Between two instruments most of the change may happen within a small part of the path. So the path is sampled once in
small steps, the distances between the mel spectra of neighbours are summed up, and an even position p is mapped to the
place where the share p of the whole distance is reached. Source: SoundMorpher (Niu et al. 2024).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.mel_spectrum import mel_db
from nsynth_lab.units import FloatArray

STEPS = 17
RANGE_DB = 60.0


@dataclass(frozen=True)
class EvenAxis:
    """A map from even to plain positions: at `positions` [steps] the `shares` [steps] of the distance are reached."""

    positions: NDArray[np.float64]
    shares: NDArray[np.float64]

    def plain(self, position: float) -> float:
        """The plain position at which the share `position` of the whole distance is reached.

        >>> EvenAxis(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.9, 1.0])).plain(0.45)
        0.25
        """
        return float(np.interp(position, self.shares, self.positions))


def even_axis(sounds: Sequence[FloatArray]) -> EvenAxis:
    """The map for a path sampled at equal plain steps: `sounds`, each [samples], from one end to the other."""
    levels = [mel_db(sound) for sound in sounds]
    floor = max(float(level.max()) for level in levels) - RANGE_DB
    clamped = [np.maximum(level, floor) for level in levels]
    steps = [float(np.abs(after - before).mean()) for before, after in itertools.pairwise(clamped)]
    distance = np.concatenate([[0.0], np.cumsum(steps)])
    positions = np.linspace(0.0, 1.0, len(sounds))
    return EvenAxis(positions, distance / distance[-1] if distance[-1] > 0 else positions)
