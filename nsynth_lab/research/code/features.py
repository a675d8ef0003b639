"""Features of the last moments of a tune beside its pitch and its level, for the code: hop by hop, causal.

    eight bands between multiples of the fundamental, in dB of their sum     whatever the pitch and the level
    what lies between the first eight partials, in dB                        noise: breath, bow, rasp
    the level above its mean over 50 ms, and over 300 ms                     attack and decay

From the first nine their running mean over four seconds of tones is taken off: what an instrument always sounds like.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.follower import HOP, HOP_SECONDS
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

EDGES = np.array([0.5, 1.5, 2.5, 3.5, 5.5, 8.5, 13.5, 22.5, 40.0])  # multiples of the fundamental
HIGHEST_HZ, BAND_BEGINS_BELOW_HZ = 14_000.0, 9_800.0  # higher bands are not heard: zero
PARTIALS = np.arange(1, 9)
NEAR, HALF = 0.2, 0.5  # of the fundamental, to either side of a partial
QUIETEST_DB, NOISE_FLOOR_DB = -60.0, -45.0
WINDOWS = ((240.0, 2048), (120.0, 4096), (0.0, 8192))  # from so many Hz on so many samples
LEVEL_SAMPLES = 1024
FAST, SLOW = HOP_SECONDS / 0.053, HOP_SECONDS / 0.3
LONG_HOPS, SURE_HOPS = 4.0 / HOP_SECONDS, 20
HEARD_DB, FORGETTING_DB = 30.0, 0.013
SPECTRAL = len(EDGES)  # the bands, and noise
COUNT = SPECTRAL + 2


class Features:
    """`hear(hop, f0_hz)` gives [11] for each hop of 256 samples at 48 kHz; NaN where there is no tone."""

    def __init__(self) -> None:
        self._past = np.zeros(WINDOWS[-1][1], np.float32)
        self._mean, self._counts = np.zeros(SPECTRAL), np.zeros(SPECTRAL)
        self._fast_db = self._slow_db = self._loud_db = -100.0

    def hear(self, hop: FloatArray, f0_hz: float) -> Doubles:
        """The features at the end of a hop, [256] samples; `f0_hz` is NaN where there is no tone."""
        self._past = np.concatenate([self._past[HOP:], hop])
        power = float(np.mean(np.square(self._past[-LEVEL_SAMPLES:], dtype=np.float64)))
        level_db = 10.0 * math.log10(max(power, 1e-10))
        self._loud_db = max(self._loud_db - FORGETTING_DB, level_db)
        if np.isnan(f0_hz):
            self._fast_db = self._slow_db = level_db
            return np.full(COUNT, np.nan)
        self._fast_db += FAST * (level_db - self._fast_db)
        self._slow_db += SLOW * (level_db - self._slow_db)
        own = self._relative(spectral(self._past, f0_hz), heard=level_db > self._loud_db - HEARD_DB)
        return np.concatenate([own, [level_db - self._fast_db, level_db - self._slow_db]])

    def _relative(self, values: Doubles, *, heard: bool) -> Doubles:
        """`values` above their running mean, zero for bands that are not heard."""
        known = ~np.isnan(values)
        values = np.where(known, values, 0.0)
        if heard:
            self._counts[known] += 1
            share = np.maximum(1.0 / np.maximum(self._counts, 1), 1.0 / LONG_HOPS)
            self._mean += np.where(known, share * (values - self._mean), 0.0)
        return np.asarray(np.where(known, values - self._mean, 0.0) * np.minimum(self._counts / SURE_HOPS, 1.0))


def spectral(past: FloatArray, f0_hz: float) -> Doubles:
    """The bands and the noise [9] of the end of `past` [at least 8192 samples]; NaN for bands too high to be heard."""
    samples = next(samples for lowest_hz, samples in WINDOWS if f0_hz >= lowest_hz)
    power = np.square(np.abs(np.fft.rfft(past[-samples:] * np.hanning(samples))))
    summed = np.concatenate([[0.0], np.cumsum(power)])
    bins = np.arange(len(summed))

    def below(hz: NDArray[np.floating[Any]]) -> Doubles:
        return np.asarray(np.interp(hz * samples / SAMPLE_RATE + 0.5, bins, summed), np.float64)

    bands = np.diff(below(np.minimum(EDGES * f0_hz, HIGHEST_HZ)))
    levels_db = np.maximum(10.0 * np.log10(bands / (bands.sum() + 1e-12) + 1e-9), QUIETEST_DB)
    levels_db[EDGES[:-1] * f0_hz > BAND_BEGINS_BELOW_HZ] = np.nan
    near, around = (float(np.sum(below(high) - below(low))) for low, high in _reaches(f0_hz))
    noise_db = 10.0 * np.log10(max(1.0 - near / max(around, 1e-20), 1e-5))
    return np.append(levels_db, max(float(noise_db), NOISE_FLOOR_DB))


def _reaches(f0_hz: float) -> list[tuple[Doubles, Doubles]]:
    """From where to where it is near each partial, and half way to the next."""
    return [(np.asarray((PARTIALS - reach) * f0_hz), np.asarray((PARTIALS + reach) * f0_hz)) for reach in (NEAR, HALF)]


def features_of(samples: FloatArray, f0_hz: Doubles) -> Doubles:
    """The features of a whole sound [hops, 11], whose fundamental is known at each hop [hops]."""
    features = Features()
    hops = samples[: len(f0_hz) * HOP].reshape(-1, HOP)
    return np.stack([features.hear(hop, float(hz)) for hop, hz in zip(hops, f0_hz, strict=False)])
