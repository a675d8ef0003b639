"""Filtered noise by overlap-add, from a table of white spectra.

A frame of noise is the inverse FFT of a white spectrum times the desired magnitudes: stationary noise with exactly that
spectrum. The white spectra and the window come from `dsp.noise_table`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from nsynth_lab.dsp.noise_table import FFT_SAMPLES, TABLE_FRAMES, bins_hz, overlap_window, white_spectra
from nsynth_lab.dsp.on_device import on_device
from nsynth_lab.units import HOP_SAMPLES


def white_table(device: torch.device | str = "cpu") -> Tensor:
    """`white_spectra` on a device, [1021, 513] complex64."""
    return on_device(white_spectra, device=device)


def bin_hz() -> Tensor:
    """Frequency of each bin of a noise frame, [513]."""
    return torch.from_numpy(bins_hz())


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
    window = on_device(overlap_window, device=magnitudes.device)
    waves: Tensor = _Waves.apply(table[index], magnitudes) * window  # type: ignore[no-untyped-call]
    rising, falling = waves[..., :HOP_SAMPLES], waves[..., HOP_SAMPLES:]
    before = torch.cat([tail[:, None], falling[:, :-1]], dim=1)
    return (rising + before).flatten(1), falling[:, -1]


def first_tail(magnitudes: Tensor, position: Tensor, table: Tensor) -> Tensor:
    """Tail [voices, 512] for noise that starts at full level, as if `magnitudes` [voices, 513] had sounded before."""
    waves: Tensor = torch.fft.irfft(table[(position - 1) % TABLE_FRAMES] * magnitudes, n=FFT_SAMPLES)
    return waves[:, HOP_SAMPLES:] * on_device(overlap_window, device=magnitudes.device)[HOP_SAMPLES:]


class _Waves(torch.autograd.Function):
    """Inverse FFT of white spectra [.., 513] times magnitudes [.., 513]; the first and the last bin are silent.

    The gradient takes one real FFT; automatic differentiation takes a complex one of full length.
    """

    @staticmethod
    def forward(ctx: Any, white: Tensor, magnitudes: Tensor) -> Tensor:
        ctx.save_for_backward(white)
        waves: Tensor = torch.fft.irfft(white * magnitudes, n=FFT_SAMPLES)
        return waves

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[None, Tensor]:
        (white,) = ctx.saved_tensors
        spectrum = torch.fft.rfft(slope)
        return None, (white.real * spectrum.real + white.imag * spectrum.imag) * (2.0 / FFT_SAMPLES)
