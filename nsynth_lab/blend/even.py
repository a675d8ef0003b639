"""Even: positions of a blend re-drawn so that equal moves sound equally large.

Between two instruments most of the change may happen in a small part of the way. The way is walked once in small
steps, each step's distance of mel spectra is added up, and a position becomes the place where its share of the whole
distance is reached (the idea of SoundMorpher, Niu et al. 2024).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.mel import mel_db
from nsynth_lab.units import FloatArray

STEPS = 17
RANGE_DB = 60.0


@dataclass(frozen=True)
class EvenAxis:
    """A map from even positions to plain ones: `shares` [steps] of the way's length at `positions` [steps]."""

    positions: NDArray[np.float64]
    shares: NDArray[np.float64]

    def plain(self, position: float) -> float:
        """The plain position whose share of the way is `position`.

        >>> EvenAxis(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.9, 1.0])).plain(0.45)
        0.25
        """
        return float(np.interp(position, self.shares, self.positions))


def even_axis(sounds: Sequence[FloatArray]) -> EvenAxis:
    """The map for a way walked in equal plain steps: `sounds`, each [samples], from the first end to the other."""
    levels = [mel_db(sound) for sound in sounds]
    floor = max(float(level.max()) for level in levels) - RANGE_DB
    clamped = [np.maximum(level, floor) for level in levels]
    steps = [float(np.abs(after - before).mean()) for before, after in itertools.pairwise(clamped)]
    walked = np.concatenate([[0.0], np.cumsum(steps)])
    positions = np.linspace(0.0, 1.0, len(sounds))
    return EvenAxis(positions, walked / walked[-1] if walked[-1] > 0 else positions)
