"""Shaped noise: what can be had of a drum without any model. White noise with the recording's spectrum, every 5 ms.

Magnitudes of a short-time spectrum (1024 samples every 256), smoothed over a twelfth of an octave or five bins, colour
white noise of the same frames.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import FloatArray

WINDOW_SAMPLES, HOP = 1024, 256
LEAST_BINS, SHARE = 2, 2 ** (1 / 24) - 1  # half a width


def shaped_noise(samples: FloatArray, *, seed: int = 0) -> FloatArray:
    """Noise that has the smoothed spectrum of `samples` [samples], as long."""
    window = np.sin(np.pi * (np.arange(WINDOW_SAMPLES) + 0.5) / WINDOW_SAMPLES)
    padded = np.pad(np.asarray(samples, np.float64), (WINDOW_SAMPLES, 2 * WINDOW_SAMPLES))
    white = np.random.default_rng(seed).standard_normal(len(padded))
    starts = range(0, len(padded) - WINDOW_SAMPLES, HOP)
    out = np.zeros(len(padded))
    for start in starts:
        part = slice(start, start + WINDOW_SAMPLES)
        power = _smoothed(np.abs(np.fft.rfft(padded[part] * window)) ** 2)
        coloured = np.fft.rfft(white[part] * window) * np.sqrt(power / WINDOW_SAMPLES * 2.0)
        out[part] += np.fft.irfft(coloured, WINDOW_SAMPLES) * window
    scale = HOP / (WINDOW_SAMPLES / 2.0)  # of overlapping squared windows
    return np.asarray(out[WINDOW_SAMPLES : WINDOW_SAMPLES + len(samples)] * scale, np.float32)


def _smoothed(power: np.ndarray) -> np.ndarray:
    bins = np.arange(len(power))
    half = np.maximum(LEAST_BINS, np.ceil(SHARE * bins)).astype(int)
    total = np.concatenate([[0.0], np.cumsum(power)])
    low, high = np.maximum(bins - half, 0), np.minimum(bins + half + 1, len(power))
    return np.asarray((total[high] - total[low]) / (high - low))
