"""How much of a sound lies above the range of hearing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

HEARING_HZ = 20_000.0
QUIETEST_DB = -140.0


def share_above_db(samples: FloatArray, *, hz: float = HEARING_HZ, sample_rate: int = SAMPLE_RATE) -> float:
    """Power of `samples` [..., samples] above `hz` relative to all of it, in dB; at least -140.

    One Hann window spans the whole sound, so that an abrupt start or end does not count as high frequencies.

    >>> at = np.arange(48_000) / 48_000
    >>> tone, whistle = np.sin(2 * np.pi * 1_000 * at), 0.1 * np.sin(2 * np.pi * 21_000 * at)
    >>> round(share_above_db((tone + whistle).astype(np.float32)), 1)
    -20.0
    """
    length = samples.shape[-1]
    power = np.square(np.abs(np.fft.rfft(samples * _hann(length)))).reshape(-1, length // 2 + 1).sum(axis=0)
    above = float(power[int(np.ceil(hz * length / sample_rate)) :].sum())
    return 10.0 * float(np.log10(max(above / max(float(power.sum()), 1e-30), 10 ** (QUIETEST_DB / 10))))


@lru_cache(maxsize=1)  # for many sounds of one length
def _hann(length: int) -> Doubles:
    return np.hanning(length)
