"""Removes a recording's DC offset and drift; its channels as two sides, and as mono even if they cancel each other."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import Doubles, FloatArray

BLOCK_SECONDS = 0.05  # one period of 20 Hz
LEAST_OFFSET = 3e-4  # -70 dB relative to the peak: with less, a recording is left unchanged, bit by bit
AGREE = 0.3  # how much the offset may differ from the mean of all samples, as a share of the latter
REPORTED_OFFSET = 0.003  # of full scale
CERTAIN = 4.0  # an offset must be this many times its own standard error
WANDERING, LEAST_WANDERING = 0.02, 0.006  # drift: share of the peak, of full scale; more than half a step of 8 bits
CANCELLED_POWER = 0.1  # of the channels' power is left in their mean; uncorrelated channels leave one half
DRIFT_HZ = 6.0
DRIFT_PAD_SECONDS = 1.0
DC_CUTOFF_HZ = 5.0
DC_SETTLED_SECONDS = 0.7


def one_channel(samples: FloatArray, sample_rate: int) -> tuple[FloatArray, tuple[str, ...]]:
    """(`samples` [channels, samples] without offset, as mono [samples]; remarks for the user on what was done)."""
    centred = without_offset(samples, sample_rate)
    remarks: list[str] = []
    if centred is not samples:
        offset = float(np.abs((samples - centred).mean(axis=1, dtype=np.float64)).max())
        if offset >= REPORTED_OFFSET:
            remarks.append(f"constant offset: {100 * offset:.1f} % of full scale, taken off")
    if channels_cancel(centred):
        remarks.append("its channels cancel each other: the polarity of one of them is reversed")
    return to_mono(centred), tuple(remarks)


def to_mono(samples: FloatArray) -> FloatArray:
    """The mean [samples] of the channels of `samples` [channels, samples].

    If they cancel each other, as in a stereo recording with one side's polarity reversed, the loudest channel instead;
    of equally loud ones the first.
    """
    if channels_cancel(samples):
        power = np.square(samples, dtype=np.float64).mean(axis=1)
        return np.array(samples[int(np.argmax(power > 0.99 * power.max()))])
    return np.asarray(samples.mean(axis=0), np.float32)


def to_sides(samples: FloatArray) -> FloatArray:
    """`samples` [channels, samples] as one channel or two: two that are the same are one, as are more than two."""
    if len(samples) == 2:
        return samples[:1] if np.array_equal(samples[0], samples[1]) else samples
    return samples if len(samples) == 1 else to_mono(samples)[None]


def middle(sides: FloatArray) -> FloatArray:
    """The mono sound [samples] of `sides` [1 or 2, samples]: their mean; half their difference if they cancel."""
    turned = np.stack([sides[0], -sides[1]]) if len(sides) == 2 and channels_cancel(sides) else sides
    return np.asarray(turned.mean(axis=0), np.float32)


def channels_cancel(samples: FloatArray) -> bool:
    """Whether the channels of `samples` [channels, samples] cancel each other, so that their mean is not the sound."""
    if len(samples) < 2 or not samples.shape[1]:
        return False
    power = np.square(samples, dtype=np.float64).mean()
    return bool(np.square(samples.mean(axis=0), dtype=np.float64).mean() < CANCELLED_POWER * power)


def without_offset(samples: FloatArray, sample_rate: int) -> FloatArray:
    """`samples` [channels, samples] minus each channel's DC offset or, if that drifts, everything below 6 Hz.

    Returns the same array if there is no offset. The offset is the mean over blocks of 50 ms weighted by their inverse
    variance, the best estimate from means of different certainty: silence decides, if there is any.
    """
    block = max(1, round(BLOCK_SECONDS * sample_rate))
    if samples.shape[1] < 2 * block:
        return samples
    peak = float(np.abs(samples).max())
    whole = samples[:, : samples.shape[1] // block * block].reshape(len(samples), -1, block)
    means = whole.mean(axis=2, dtype=np.float64)
    constant, error = _constant(whole, means)
    mean = means.mean(axis=1)
    sure = np.abs(constant) >= np.maximum(LEAST_OFFSET * peak, CERTAIN * error)
    sure &= np.abs(constant - mean) <= AGREE * np.abs(mean)
    centred = np.asarray(samples - (sure * constant)[:, None], np.float32) if sure.any() else samples
    if np.abs(_slow(means - (sure * constant)[:, None])).max(initial=0.0) > max(WANDERING * peak, LEAST_WANDERING):
        return np.stack([_without_drift(channel, sample_rate) for channel in centred])
    return centred


def _constant(whole: FloatArray, means: Doubles) -> tuple[Doubles, Doubles]:
    """(offset [channels], standard error) of blocks [channels, blocks, samples] with `means` [channels, blocks]."""
    variance = np.square(whole - means[..., None].astype(np.float32), dtype=np.float64).mean(axis=2)
    weight = 1.0 / (variance + 1e-12 + 1e-9 * variance.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    constant = (means * weight).sum(axis=1)
    return constant, np.sqrt(np.square(weight * (means - constant[:, None])).sum(axis=1))


def _slow(means: Doubles) -> Doubles:
    """Moving average over half a second, [channels, blocks - 9], of block means [channels, blocks]."""
    total = np.cumsum(np.pad(means, ((0, 0), (1, 0))), axis=1)
    return np.asarray((total[:, 10:] - total[:, :-10]) / 10)


def _without_drift(samples: FloatArray, sample_rate: int) -> FloatArray:
    """`samples` [samples] without everything below 6 Hz, with zero phase; both ends are padded by reflection."""
    pad = min(round(DRIFT_PAD_SECONDS * sample_rate), len(samples) - 1)
    before, after = 2 * samples[0] - samples[pad:0:-1], 2 * samples[-1] - samples[-2 : -pad - 2 : -1]
    padded = np.concatenate([before, samples, after])
    spectrum = np.fft.rfft(padded)
    rising = (np.fft.rfftfreq(len(padded), 1.0 / sample_rate) - DRIFT_HZ) / DRIFT_HZ
    spectrum *= 0.5 - 0.5 * np.cos(np.pi * rising.clip(0.0, 1.0))
    return np.asarray(np.fft.irfft(spectrum, len(padded))[pad : pad + len(samples)], np.float32)


def remove_dc(samples: FloatArray, *, sample_rate: int) -> FloatArray:
    """Causal one-pole high-pass at 5 Hz. Many synthesizer samples have a DC offset, which would click at both ends.

    Applied in the frequency domain, with padding longer than the filter's response.
    """
    length = len(samples) + int(DC_SETTLED_SECONDS * sample_rate)
    spectrum = np.fft.rfft(samples, length) * _highpass(length, sample_rate)
    return np.asarray(np.fft.irfft(spectrum, length)[: len(samples)], np.float32)


@lru_cache(maxsize=4)
def _highpass(length: int, sample_rate: int) -> NDArray[np.complex64]:
    pole = np.exp(-2 * np.pi * DC_CUTOFF_HZ / sample_rate)
    delay = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
    return np.asarray((1 + pole) / 2 * (1 - delay) / (1 - pole * delay), np.complex64)
