"""SmoothedValue: a parameter that ramps linearly to its new value within 10 ms, sample by sample.

So a change neither clicks nor depends on the block size.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, FloatArray

RAMP_SAMPLES = SAMPLE_RATE // 100


class SmoothedValue:
    """Holds `value`; `set` starts a ramp to a new one.

    >>> gain = SmoothedValue(0.0)
    >>> gain.set(1.0)
    >>> float(gain.next(240)[-1]), float(gain.next(480)[-1]), gain.next(10)
    (0.5, 1.0, 1.0)
    """

    def __init__(self, value: float) -> None:
        self.value = value
        self._start, self._target, self._elapsed = value, value, RAMP_SAMPLES

    def set(self, target: float) -> None:
        """Ramp to `target`, from the current value."""
        if target != self._target:
            self._start, self._target, self._elapsed = self.value, target, 0

    def next(self, samples: int) -> float | FloatArray:
        """The next `samples` values: one number while nothing moves, an array [samples] during a ramp."""
        if self._elapsed >= RAMP_SAMPLES:
            return self._target
        share = np.minimum(1.0, np.arange(self._elapsed + 1, self._elapsed + samples + 1) / RAMP_SAMPLES)
        self._elapsed += samples
        ramp = self._start + (self._target - self._start) * share
        self.value = float(ramp[-1])
        return np.asarray(ramp, np.float32)

    def finish(self) -> None:
        """Jump to the target at once."""
        self.value, self._elapsed = self._target, RAMP_SAMPLES
