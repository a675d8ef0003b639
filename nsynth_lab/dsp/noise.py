"""Filtered noise by overlap-add, from a table of white spectra.

A frame of noise is the inverse FFT of a white spectrum times the desired magnitudes: stationary noise with exactly that
spectrum. Square-root Hann windows keep the power constant where two independent frames overlap. The white spectra come
from one table with a fixed seed, so that the noise is the same on every machine and for every block size, and the audio
thread needs no random generator.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

FFT_SAMPLES = 2 * HOP_SAMPLES
BINS = FFT_SAMPLES // 2 + 1
TABLE_FRAMES = 1021
SEED = 2017


@functools.cache
def white_table(device: torch.device | str = "cpu") -> Tensor:
    """White spectra [1021, 513] complex64 whose inverse FFT has variance 1. 1021 frames are 10.9 s."""
    generator = torch.Generator().manual_seed(SEED)
    pairs = torch.randn(TABLE_FRAMES, BINS, 2, generator=generator) * math.sqrt(FFT_SAMPLES / 2)
    spectra = torch.view_as_complex(pairs)
    spectra[:, 0] = 0
    spectra[:, -1] = 0
    return spectra.to(device)


def bin_hz() -> Tensor:
    """Frequency of each bin of a noise frame, [513]."""
    return torch.linspace(0.0, SAMPLE_RATE / 2, BINS)


def coloured(magnitudes: Tensor, position: Tensor, tail: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """Noise [voices, frames * 512], and the half frame [voices, 512] that overlaps the next call's noise.

    Args:
        magnitudes: [voices, frames, 513] gain of each bin in the frame centred on the end of each block.
        position: [voices] int64 index of the first frame in the table.
        tail: [voices, 512] second result of the previous call; for the first call, `first_tail`.
        table: `white_table()` on the right device.
    """
    frames = magnitudes.shape[1]
    index = (position[:, None] + torch.arange(frames, device=position.device)) % TABLE_FRAMES
    waves = torch.fft.irfft(table[index] * magnitudes, n=FFT_SAMPLES) * noise_window(magnitudes.device)
    rising, falling = waves[..., :HOP_SAMPLES], waves[..., HOP_SAMPLES:]
    before = torch.cat([tail[:, None], falling[:, :-1]], dim=1)
    return (rising + before).flatten(1), falling[:, -1]


def first_tail(magnitudes: Tensor, position: Tensor, table: Tensor) -> Tensor:
    """Tail [voices, 512] for noise that starts at full level, as if `magnitudes` [voices, 513] had sounded before."""
    waves: Tensor = torch.fft.irfft(table[(position - 1) % TABLE_FRAMES] * magnitudes, n=FFT_SAMPLES)
    return waves[:, HOP_SAMPLES:] * noise_window(magnitudes.device)[HOP_SAMPLES:]


@functools.cache
def noise_window(device: torch.device) -> Tensor:
    """Square root of a Hann window, [1024]."""
    return torch.sin(math.pi * torch.arange(FFT_SAMPLES, device=device) / FFT_SAMPLES)
