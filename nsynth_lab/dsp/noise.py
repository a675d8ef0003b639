"""Coloured noise from tabled white spectra, overlap-added.

A frame of noise is the inverse FFT of a white spectrum times the wanted magnitudes: stationary noise of exactly
that spectrum. Square-root Hann windows keep the power of two independent frames constant across their overlap.
The white spectra come from one table drawn from a fixed seed, so that noise is the same on every machine, in
every block size, and needs no generator in the audio thread.
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
    """Noise [voices, frames * 512] and the half frame that overlaps what comes next [voices, 512].

    Args:
        magnitudes: [voices, frames, 513] gain of each bin in the frame centred on the end of each block.
        position: [voices] int64 index of the first frame in the table.
        tail: [voices, 512] what the last call returned; `first_tail` before the first.
        table: `white_table()` on the right device.
    """
    frames = magnitudes.shape[1]
    index = (position[:, None] + torch.arange(frames, device=position.device)) % TABLE_FRAMES
    waves = torch.fft.irfft(table[index] * magnitudes, n=FFT_SAMPLES) * noise_window(magnitudes.device)
    rising, falling = waves[..., :HOP_SAMPLES], waves[..., HOP_SAMPLES:]
    before = torch.cat([tail[:, None], falling[:, :-1]], dim=1)
    return (rising + before).flatten(1), falling[:, -1]


def first_tail(magnitudes: Tensor, position: Tensor, table: Tensor) -> Tensor:
    """Half a frame [voices, 512] for noise that begins at full level: as if `magnitudes` [voices, 513] had sounded."""
    waves: Tensor = torch.fft.irfft(table[(position - 1) % TABLE_FRAMES] * magnitudes, n=FFT_SAMPLES)
    return waves[:, HOP_SAMPLES:] * noise_window(magnitudes.device)[HOP_SAMPLES:]


@functools.cache
def noise_window(device: torch.device) -> Tensor:
    """Square root of a Hann window, [1024]."""
    return torch.sin(math.pi * torch.arange(FFT_SAMPLES, device=device) / FFT_SAMPLES)
