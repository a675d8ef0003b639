"""Clipping: whether a recording was made so loud that its peaks are cut off flat.

A peak that was cut off is a run of equal samples at full scale; that of a waveform which just reaches full scale is not
flat, unless it is below 40 Hz. A file whose clipped samples were turned down, or compressed, afterwards is not found.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nsynth_lab.units import FloatArray

FULL_SCALE = 0.98  # amplitude from which a run counts
RUN_SAMPLES, LEAST_RUNS = 4, 20


class ClipFinder:
    """`hear(samples)` takes a mono sound in blocks of any size; `found` says whether it is clipped.

    >>> finder = ClipFinder()
    >>> finder.hear(np.clip(2.0 * np.sin(np.arange(4800) * 0.06), -1.0, 1.0).astype(np.float32))
    >>> finder.found
    True
    """

    def __init__(self) -> None:
        self._last = np.zeros(RUN_SAMPLES - 1, np.float32)
        self._runs, self._flat = 0, False

    @property
    def found(self) -> bool:
        """Whether at least 20 peaks are cut off."""
        return self._runs >= LEAST_RUNS

    def hear(self, samples: FloatArray) -> None:
        """Take the next samples [samples], in which 1 is full scale."""
        held = np.concatenate([self._last, samples])
        self._last = held[len(samples) :]
        loud = np.abs(held) >= FULL_SCALE
        if self.found or not loud.any():
            self._flat = False
            return
        equal = held[1:] == held[:-1]
        flat = loud[RUN_SAMPLES - 1 :] & sliding_window_view(equal, RUN_SAMPLES - 1).all(axis=1)
        begins = flat & ~np.concatenate([[self._flat], flat[:-1]])
        self._runs += int(begins.sum())
        self._flat = bool(flat[-1]) if len(flat) else self._flat
