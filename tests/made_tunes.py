"""Sounds with a known pitch at every sample, for what follows a tune."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import SAMPLE_RATE, FloatArray


def tone(hz: NDArray[np.float64], *, partials: int = 8, level: float = 0.2) -> FloatArray:
    """Partials 1 / k of a fundamental [samples] in Hz."""
    phase = 2.0 * np.pi * np.cumsum(hz) / SAMPLE_RATE
    return np.asarray(level * sum(np.sin(k * phase) / k for k in range(1, partials + 1)), np.float32)


def hiss(lowest_hz: float, highest_hz: float, seconds: float, *, level: float = 0.05, seed: int = 0) -> FloatArray:
    """Noise in a band, as in an s; `level` is its effective amplitude."""
    count = round(seconds * SAMPLE_RATE)
    hz = np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE)
    middle, half = 0.5 * (lowest_hz + highest_hz), 0.5 * (highest_hz - lowest_hz)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count)) * np.exp(
        -0.5 * ((hz - middle) / half) ** 2
    )
    wave = np.fft.irfft(spectrum, count)
    return np.asarray(level * wave / np.sqrt(np.mean(wave**2)), np.float32)


def steady(hz: float, seconds: float) -> NDArray[np.float64]:
    """One pitch."""
    return np.full(round(seconds * SAMPLE_RATE), hz)


def faded(sound: FloatArray, *, seconds: float = 0.01) -> FloatArray:
    """With both ends faded, so that nothing clicks."""
    ramp = np.linspace(0.0, 1.0, round(seconds * SAMPLE_RATE), dtype=np.float32)
    out = sound.copy()
    out[: len(ramp)] *= ramp
    out[-len(ramp) :] *= ramp[::-1]
    return out


def silence(seconds: float) -> FloatArray:
    """Nothing."""
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)
