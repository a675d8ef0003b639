"""Fundamental frequency of a note whose nominal pitch is known, accurate to a few cents.

The instantaneous frequency of each low partial is measured by reassignment (Auger and Flandrin 1995): a windowed
Fourier sum at the partial's expected frequency and the same sum with the window's derivative; their quotient is the
distance to the true frequency. Divided by k + partials[k], each partial gives an estimate of f0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.framing import frames_of
from nsynth_lab.latents import CENTS_LIMIT
from nsynth_lab.units import SAMPLE_RATE, FloatArray

PERIODS = 3
SHORTEST_SAMPLES = 900
TRACKED_PARTIALS = 8
RELIABLE_DB = 50.0

Float64 = NDArray[np.float64]


def instantaneous_hz(
    samples: FloatArray, *, f0_hz: float, places: Float64, spacing: float = 1.0
) -> tuple[Float64, Float64]:
    """Frequency in Hz and power, each [frames, partials], of the partials expected at `places` * `f0_hz`.

    `spacing` is the distance between partials in units of f0: 0.5 if a rank sounds an octave below.
    """
    length = _window_samples(f0_hz * spacing)
    time = np.arange(length) - length // 2
    turn = 2.0 * np.pi / length
    window, slope = 0.5 + 0.5 * np.cos(turn * time), -0.5 * turn * np.sin(turn * time)
    angle = 2.0 * np.pi * f0_hz / SAMPLE_RATE * places * time[:, None]
    wave = np.concatenate([np.cos(angle), -np.sin(angle)], axis=1)
    basis = np.concatenate([window[:, None] * wave, slope[:, None] * wave], axis=1).astype(np.float32)
    sums = (frames_of(samples, length) @ basis).astype(np.float64).reshape(-1, 2, 2, len(places))
    (real, imag), (slope_real, slope_imag) = sums.transpose(1, 2, 0, 3)
    power = np.maximum(real**2 + imag**2, 1e-20)
    radians = -(slope_imag * real - slope_real * imag) / power
    return f0_hz * places + radians * SAMPLE_RATE / (2.0 * np.pi), power


def _window_samples(spacing_hz: float) -> int:
    """Whole periods, at least three: each partial is then at a zero of its neighbours' Hann spectra."""
    period = SAMPLE_RATE / spacing_hz
    return round(max(PERIODS, math.ceil(SHORTEST_SAMPLES / period)) * period)


def track_cents(hz: Float64, power: Float64, *, f0_hz: float, places: Float64) -> FloatArray:
    """Deviation [frames] in cents from `f0_hz`: the power-weighted mean of the partials' estimates.

    Frames too quiet to be reliable are interpolated between reliable ones.
    """
    cents = 1200.0 * np.log2(np.maximum(hz, 1.0) / (places * f0_hz))
    weight = power * (np.abs(cents) < CENTS_LIMIT)
    total = weight.sum(axis=1)
    trusted = np.flatnonzero(total > max(power.sum(axis=1).max() * 10 ** (-RELIABLE_DB / 10), 1e-12))
    if not len(trusted):
        return np.zeros(len(hz), np.float32)
    track = (cents * weight).sum(axis=1)[trusted] / total[trusted]
    every = np.interp(np.arange(len(hz)), trusted, _median3(track))
    return np.asarray(every, np.float32)


def tracked_orders(f0_hz: float) -> Float64:
    """Numbers of the partials to track: the lowest eight, as far as they are below 12 kHz."""
    count = int(np.clip(12_000.0 / f0_hz, 1, TRACKED_PARTIALS))
    return np.arange(1, count + 1, dtype=np.float64)


def _median3(track: Float64) -> Float64:
    padded = np.pad(track, 1, mode="edge")
    return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0))
