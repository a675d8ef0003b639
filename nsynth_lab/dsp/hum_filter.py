"""Hum filter: a hum of the mains taken out of a sound, as a narrow notch at each of its lines."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.mains_hum import MainsHum
from nsynth_lab.units import FloatArray, db_to_gain

NOTCH_SECONDS, LINES = 0.4, 3.0  # the peak of a hum is about so many times that of its strongest line
FRAME, LESSONS = 256, 3

Complexes = NDArray[np.complex128]


class HumFilter:
    """`process(samples)` takes a hum out of a mono sound at `rate` in Hz, given in blocks of any size.

    Each line's amplitude and phase are those of the sound turned back by its frequency and smoothed twice over 0.4 s,
    and over longer where the sound is louder than the hum: otherwise notes some semitones away would ring in the notch.
    """

    def __init__(self, hum: MainsHum, rate: int) -> None:
        self._turn = 2.0j * np.pi * hum.hz * np.array(hum.harmonics, np.float64)[:, None] / rate
        self._step = 1.0 / (NOTCH_SECONDS * rate)
        self._own = LINES * db_to_gain(hum.level_db)
        self._held = np.zeros((2, len(hum.harmonics), 1), np.complex128)
        self._at = 0
        self._last_peak = self._peak = 0.0  # of the last frame, and of this one so far

    def learn(self, samples: FloatArray) -> None:
        """Learn the lines from the beginning of a sound, before it is processed from its beginning on."""
        for _ in range(LESSONS):  # a tune leaves little of it to learn from
            self.process(samples)
            self._at, self._last_peak, self._peak = 0, 0.0, 0.0

    def process(self, samples: FloatArray) -> FloatArray:
        """The next samples without the lines; not later than they came."""
        if not len(samples):
            return samples
        ends = [*range(FRAME - self._at % FRAME, len(samples), FRAME), len(samples)]
        parts = [self._part(samples[begin:end]) for begin, end in pairwise([0, *ends])]
        return np.concatenate(parts)

    def _part(self, samples: FloatArray) -> FloatArray:
        """Samples of one frame, in which peaks are counted anew."""
        if self._at % FRAME == 0:
            self._last_peak, self._peak = self._peak, 0.0
        peaks = np.maximum.accumulate(np.abs(np.concatenate([[self._peak], samples])))[1:]
        loud = np.maximum(peaks, self._last_peak)
        steps = self._step * self._own / np.maximum(loud, self._own)
        fallen = np.cumprod(1.0 - steps)
        turned = np.exp(self._turn * (self._at + np.arange(len(samples))))
        means: Complexes = samples * turned.conj()
        for held in self._held:
            means = fallen * (held + np.cumsum(means * (steps / fallen), axis=1))
            held[:] = means[:, -1:]
        self._at, self._peak = self._at + len(samples), float(peaks[-1])
        return np.asarray(samples - 2.0 * (means * turned).real.sum(axis=0), np.float32)
