"""Detects a decaying sound that becomes louder again: levels of the whole and of the fundamental, and their rises."""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray

WINDOW_SAMPLES = 2048
HALF_OCTAVE = 2.0**0.5
QUIETEST = 1e-14


def levels_db(samples: FloatArray, *, f0_hz: float) -> tuple[Doubles, Doubles]:
    """(power in dB of a sound [samples] at 48 kHz, power of the octave around its fundamental), each [frames].

    Hann windows of 2048 samples, centred on the middle of each frame of 512.
    """
    padded = np.pad(np.asarray(samples, np.float64), WINDOW_SAMPLES // 2)
    window = np.hanning(WINDOW_SAMPLES)
    starts = np.arange(len(samples) // HOP_SAMPLES) * HOP_SAMPLES + HOP_SAMPLES // 2
    blocks = padded[starts[:, None] + np.arange(WINDOW_SAMPLES)] * window
    power = np.square(np.abs(np.fft.rfft(blocks))) * 2.0 / (WINDOW_SAMPLES * np.square(window).sum())
    hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1.0 / SAMPLE_RATE)
    own = (hz > f0_hz / HALF_OCTAVE - hz[1]) & (hz < f0_hz * HALF_OCTAVE + hz[1])
    whole, fundamental = (10.0 * np.log10(part.sum(axis=1) + QUIETEST) for part in (power, power[:, own]))
    return whole, fundamental


def rise_db(level_db: Doubles, *, floor_db: float) -> float:
    """How far a level [frames] rises again above its lowest value so far; rises that stay below the floor do not count.

    >>> rise_db(np.array([-20.0, -40.0, -29.0, -60.0, -52.0]), floor_db=-50.0)
    11.0
    """
    if not len(level_db):
        return 0.0
    rise = level_db - np.minimum.accumulate(level_db)
    return float(np.max(rise * (level_db >= floor_db)))
