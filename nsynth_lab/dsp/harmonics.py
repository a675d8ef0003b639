"""A spectrum split into partials and the noise between them.

One STFT with a 4-term Blackman-Harris window of at least 16 periods (2048 to 16,384 samples, every second frame).
A partial is the power in the nine bins around its frequency, its whole main lobe; the rest, scaled up to the full
bandwidth, is noise. Frequencies come from the note's measured f0 and partials, so that stretched and bell-like spectra
are split correctly. A vibrato wide enough to smear high partials counts as noise, in both of two sounds compared.

Sources: Serra and Smith 1990, Spectral Modeling Synthesis (partials and residual); Harris 1978, On the use of windows.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.framing import frames_of
from nsynth_lab.dsp.measure import Measured
from nsynth_lab.units import SAMPLE_RATE, FloatArray, cents_to_ratio, note_to_hz

PERIODS = 16
SHORTEST_SAMPLES, LONGEST_SAMPLES = 2_048, 16_384
REACH_BINS = 4
TOP_HZ = 20_000.0
COUNTED_PARTIALS = 20
RANGE_DB = 60.0
STEADY_DB = 30.0
NOISE_RANGE_DB = (-70.0, 20.0)

Float64 = NDArray[np.float64]


class Lines(NamedTuple):
    """Power of partial 1, 2, .. [frames, partials], and of the noise between them [frames], every second frame."""

    partials: Float64
    noise: Float64


def lines_of(samples: FloatArray, streams: Measured, *, note: int) -> Lines:
    """Partials and noise of `samples` [samples]; `streams` tell their frequencies. A full-scale sine has power 0.5."""
    f0_hz = note_to_hz(float(note)) * cents_to_ratio(streams.f0_cents[1::2].astype(np.float64))
    count = int(np.clip(TOP_HZ / f0_hz.max(initial=1.0) - 0.5, 1, len(streams.partials) - 1))
    places = np.arange(1, count + 1) + streams.partials[1 : count + 1]
    length = spectrum_samples(float(f0_hz.mean()))
    power = window_power(samples, length)
    centres = np.rint(f0_hz[:, None] * places * length / SAMPLE_RATE).astype(int)
    last = power.shape[1] - 1
    bins = (centres[:, :, None] + np.arange(-REACH_BINS, REACH_BINS + 1)).clip(0, last)
    rows = np.arange(len(power))[:, None, None]
    partials = power[rows, bins].sum(axis=2)
    between = np.ones(power.shape, bool)
    between[rows, bins] = False
    top = np.minimum(centres[:, -1] + centres[:, 0] // 2, last)
    within = (np.arange(last + 1) >= centres[:, :1] // 2) & (np.arange(last + 1) <= top[:, None])
    between &= within
    share = between.sum(axis=1) / within.sum(axis=1)
    noise = (power * between).sum(axis=1) / np.maximum(share, 1e-3)
    return Lines(partials, noise)


def partial_error_db(came: Lines, wanted: Lines) -> float:
    """Mean distance in dB of the first 20 partials, where those of `wanted` are within 60 dB of the strongest."""
    levels = [_db(lines.partials[:, :COUNTED_PARTIALS]) for lines in (came, wanted)]
    count = min(level.shape[1] for level in levels)
    other, real = (level[:, :count] for level in levels)
    floor = real.max() - RANGE_DB
    heard = real > floor
    return float(np.abs(np.maximum(other, floor) - real)[heard].mean())


def noise_to_harmonic_db(lines: Lines, heard: NDArray[np.bool_]) -> float:
    """Median over the frames `heard` of the noise-to-partials power ratio, in dB from -70 to 20."""
    ratio = _db(lines.noise) - _db(lines.partials.sum(axis=1))
    return float(np.median(ratio[heard].clip(*NOISE_RANGE_DB)))


def steady(lines: Lines) -> NDArray[np.bool_]:
    """Frames within 30 dB of the loudest."""
    level = _db(lines.partials.sum(axis=1) + lines.noise)
    return np.asarray(level > level.max() - STEADY_DB)


def odd_to_even_db(lines: Lines) -> float | None:
    """Power of partials 3, 5, .. 19 relative to 2, 4, .. 20, in dB; None if there are fewer than four."""
    mean = lines.partials.mean(axis=0)
    if len(mean) < 4:
        return None
    odd, even = mean[2:COUNTED_PARTIALS:2].sum(), mean[1:COUNTED_PARTIALS:2].sum()
    return float(np.clip(_db(odd) - _db(even), -RANGE_DB, RANGE_DB))


def spectrum_samples(f0_hz: float) -> int:
    """Length of a window that holds 16 periods, within 2048 to 16,384 samples."""
    length = SHORTEST_SAMPLES
    while length < PERIODS * SAMPLE_RATE / f0_hz and length < LONGEST_SAMPLES:
        length *= 2
    return length


def window_power(samples: FloatArray, length: int) -> Float64:
    """Power in each bin [frames, bins], every second frame; the bins of a sine add up to half its squared amplitude."""
    window, scale = blackman_harris(length)
    spectrum = np.fft.rfft(frames_of(samples, length)[1::2] * window, axis=1)
    return np.asarray((np.square(spectrum.real) + np.square(spectrum.imag)) * scale, np.float64)


@functools.cache
def blackman_harris(length: int) -> tuple[FloatArray, float]:
    """The window [length], and the factor from squared magnitudes to power."""
    phase = 2.0 * np.pi * np.arange(length) / length
    terms = ((0.35875, 0), (-0.48829, 1), (0.14128, 2), (-0.01168, 3))
    window = np.asarray(sum(weight * np.cos(order * phase) for weight, order in terms), np.float32)
    return window, 2.0 / (length * float(np.square(window.astype(np.float64)).sum()))


def _db(power: Float64) -> Float64:
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-20)))
