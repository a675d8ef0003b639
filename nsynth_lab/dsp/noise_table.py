"""The table of white noise that all voices read, in NumPy: `dsp.noise` and the voice batches colour it.

It has a fixed seed, so that the noise is the same on every machine and for every block size, and the audio thread needs
no random generator.
"""

from __future__ import annotations

import functools
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, Ints

FFT_SAMPLES = 2 * HOP_SAMPLES
BINS = FFT_SAMPLES // 2 + 1
TABLE_FRAMES = 1021
SEED = 2017
NOISE_STEP = 397  # distance in the table between voices with consecutive seeds, in frames
GROUP = 16  # numbers that are drawn together
CHUNK = 2048 * GROUP  # numbers that the processor's cache holds
TWENTY_FOUR_BITS = (1 << 24) - 1

Places = TypeVar("Places", Ints, int)


@functools.cache
def white_spectra() -> NDArray[np.complex64]:
    """White spectra [1021, 513] whose inverse FFT has variance 1. 1021 frames are 10.9 s."""
    pairs = normal_numbers(TABLE_FRAMES * BINS * 2, seed=SEED)
    pairs *= np.sqrt(FFT_SAMPLES / 2)
    spectra = pairs.view(np.complex64).reshape(TABLE_FRAMES, BINS)
    spectra[:, [0, -1]] = 0
    return spectra


def normal_numbers(count: int, *, seed: int) -> FloatArray:
    """`count` normally distributed numbers, at least 16: those of `torch.randn` on a CPU, within 1e-6.

    The Mersenne Twister gives uniform numbers, and Box and Muller (1958) make two normal ones of two of them. torch
    pairs the first eight of sixteen with the other eight, and draws the last sixteen anew where they are not full.

    >>> normal_numbers(16, seed=2017)[:3].round(3)
    array([-0.166,  0.415, -0.209], dtype=float32)
    """
    generator, out = np.random.RandomState(seed), np.empty(count, np.float32)
    for first in range(0, count, CHUNK):
        part = out[first : first + CHUNK]
        uniform, whole = _uniform(generator, len(part)), len(part) // GROUP * GROUP
        part[:whole] = _normal(uniform[:whole])
    if count % GROUP:
        out[-GROUP:] = _normal(_uniform(generator, GROUP))
    return out


def _uniform(generator: np.random.RandomState, count: int) -> FloatArray:
    """Multiples of 2 ** -24 from 0 to below 1."""
    return (generator.randint(0, 1 << 32, count, np.uint32) & TWENTY_FOUR_BITS).astype(np.float32) * np.float32(2**-24)


def _normal(uniform: FloatArray) -> FloatArray:
    first, second = np.moveaxis(uniform.reshape(-1, 2, GROUP // 2), 1, 0)
    radius, angle = np.sqrt(-2.0 * np.log(1.0 - first)), np.float32(2.0 * np.pi) * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()


def noise_places(seeds: Places) -> Places:
    """Starting positions in the noise table, in frames, for these seeds [voices] or one seed."""
    places: Places = seeds * NOISE_STEP % TABLE_FRAMES
    return places


@functools.cache
def overlap_window() -> FloatArray:
    """Square root of a Hann window, [1024]: it keeps the power constant where two independent frames overlap."""
    return np.sin(np.pi * np.arange(FFT_SAMPLES) / FFT_SAMPLES).astype(np.float32)


def bins_hz() -> FloatArray:
    """Frequency of each bin of a noise frame, [513]."""
    return np.linspace(0.0, SAMPLE_RATE / 2, BINS, dtype=np.float32)
