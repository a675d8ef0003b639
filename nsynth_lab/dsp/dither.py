"""Dither: turns the rounding error of 16-bit samples into noise instead of distortion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import FloatArray

STEPS = 2**15  # quantization steps on either side of zero


class Dither:
    """Rounds samples to 16 bits with triangular (TPDF) dither of two steps' width; the same for the same `seed`.

    The error is free of distortion and noise modulation: its mean is 0 and its RMS half a step, for any sound.
    Source: Lipshitz, Wannamaker and Vanderkooy, Quantization and Dither, JAES 40 (1992).
    """

    def __init__(self, *, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def rounded(self, samples: FloatArray) -> NDArray[np.int16]:
        """The next `samples` [channels, samples], full scale at +-1, as 16-bit integers; anything beyond is clipped."""
        noise = self._rng.random((2, *samples.shape), np.float32)
        steps = np.rint(samples * STEPS + (noise[0] - noise[1]))
        return np.asarray(np.clip(steps, -STEPS, STEPS - 1), np.int16)
