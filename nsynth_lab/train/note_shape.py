"""What is done to every rendered note: its constant removed, its tail ended."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import FloatArray, db_to_gain

TAIL_DB = -80.0
DC_CUTOFF_HZ = 5.0
DC_SETTLED_SECONDS = 0.7


def cut_tail(samples: FloatArray, *, held_samples: int, fade_samples: int) -> FloatArray:
    """End a note where it has fallen 80 dB below its peak for good, but not before the key goes up.

    One that has not fallen so far by the end is faded out over its last `fade_samples`.
    """
    level = np.abs(samples)
    sounding = np.flatnonzero(level > level.max() * db_to_gain(TAIL_DB))
    end = max(int(sounding[-1]) + 1 if len(sounding) else 0, held_samples)
    kept = samples[:end].copy()
    if end > len(samples) - fade_samples:
        kept[-fade_samples:] *= np.linspace(1.0, 0.0, fade_samples, dtype=np.float32)
    return kept


def remove_dc(samples: FloatArray, *, sample_rate: int) -> FloatArray:
    """Causal one-pole high-pass at 5 Hz: many synthesizer samples sit on a constant, which would click at both ends.

    Computed through the spectrum, padded until the filter's response has died away.
    """
    length = len(samples) + int(DC_SETTLED_SECONDS * sample_rate)
    spectrum = np.fft.rfft(samples, length) * _highpass(length, sample_rate)
    return np.asarray(np.fft.irfft(spectrum, length)[: len(samples)], np.float32)


@lru_cache(maxsize=4)
def _highpass(length: int, sample_rate: int) -> NDArray[np.complex64]:
    pole = np.exp(-2 * np.pi * DC_CUTOFF_HZ / sample_rate)
    delay = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
    return np.asarray((1 + pole) / 2 * (1 - delay) / (1 - pole * delay), np.complex64)
