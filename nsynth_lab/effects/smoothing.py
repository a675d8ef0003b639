"""Glide: a value that moves to where it is set within 10 ms, sample by sample, whatever the blocks."""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, FloatArray

GLIDE_SAMPLES = SAMPLE_RATE // 100


class Glide:
    """Stands at `value` until `to` sends it elsewhere.

    >>> glide = Glide(0.0)
    >>> glide.to(1.0)
    >>> float(glide.next(240)[-1]), float(glide.next(480)[-1]), glide.next(10)
    (0.5, 1.0, 1.0)
    """

    def __init__(self, value: float) -> None:
        self.value = value
        self._from, self._target, self._gone = value, value, GLIDE_SAMPLES

    def to(self, target: float) -> None:
        """Go there, from where it is now."""
        if target != self._target:
            self._from, self._target, self._gone = self.value, target, 0

    def next(self, samples: int) -> float | FloatArray:
        """One value where it stands still, else [samples]."""
        if self._gone >= GLIDE_SAMPLES:
            return self._target
        share = np.minimum(1.0, np.arange(self._gone + 1, self._gone + samples + 1) / GLIDE_SAMPLES)
        self._gone += samples
        path = self._from + (self._target - self._from) * share
        self.value = float(path[-1])
        return np.asarray(path, np.float32)

    def finish(self) -> None:
        """Be there."""
        self.value, self._gone = self._target, GLIDE_SAMPLES
