"""The spectral distance from one recording, many times over: what only the recording decides is computed once.

`SpectralTarget.distance` is the distance of `dsp.spectral_distance` and its gradient, written out by hand: the gradient
of a real FFT is another real FFT, where automatic differentiation takes a complex one of full length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from nsynth_lab.dsp.mel import hann, mel_weights
from nsynth_lab.dsp.spectral_distance import (
    LEVEL_WEIGHT,
    QUIETEST_DB,
    RANGE_DB,
    RESOLUTIONS,
    Resolution,
    wanted_levels,
    weighting,
)

LEAST_POWER = 1e-14
DB_PER_NEPER = 8.685889638


@dataclass(frozen=True)
class _Wanted:
    """At one resolution: the levels of the recording in dB [frames, 1 + bands], the weight of each frame [frames]."""

    resolution: Resolution
    levels: Tensor
    counts: Tensor


class SpectralTarget:
    """A recording [samples] from which sounds are compared; `loudest_db` [1] is the level of its loudest mel band."""

    def __init__(self, recorded: Tensor, loudest_db: Tensor) -> None:
        floor_db = (loudest_db - RANGE_DB).clamp(min=QUIETEST_DB)
        self._floor_power = torch.exp(floor_db * (2.0 / DB_PER_NEPER))
        self._wanted: list[_Wanted] = []
        total = sum(weight for *_, weight in RESOLUTIONS)
        for resolution in RESOLUTIONS:
            levels, counts, sounding = wanted_levels(recorded[None], floor_db[:, None, None], resolution)
            scale = resolution[3] / ((sounding.sum() + 1.0) * total)
            self._wanted.append(_Wanted(resolution, levels[0], counts[0] * scale))

    def distance(self, decoded: Tensor) -> Tensor:
        """Distance in dB of `decoded` [samples] from the recording; differentiable once."""
        out: Tensor = _Distance.apply(decoded, self._wanted, self._floor_power)  # type: ignore[no-untyped-call]
        return out


class _Distance(torch.autograd.Function):
    """Distance of a sound [samples] from levels, with its gradient computed on the way."""

    @staticmethod
    def forward(ctx: Any, decoded: Tensor, parts: list[_Wanted], floor_power: Tensor) -> Tensor:
        needed = ctx.needs_input_grad[0]
        apart, gradient = torch.zeros((), device=decoded.device), torch.zeros_like(decoded)
        for wanted in parts:
            apart = apart + _at_one_resolution(decoded, wanted, floor_power, gradient if needed else None)
        ctx.save_for_backward(gradient)
        return apart

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * scale, None, None


def _at_one_resolution(decoded: Tensor, wanted: _Wanted, floor_power: Tensor, gradient: Tensor | None) -> Tensor:
    """The distance at one resolution; its gradient is added to `gradient` [samples]."""
    bands, size, hop, _ = wanted.resolution
    levels, counts = wanted.levels, wanted.counts
    device, window = decoded.device, hann(size, decoded.device)
    mel, a_weights = mel_weights(bands, size // 2 + 1, device), weighting(size, device)
    half, scale = size // 2, 2.0 / float(window.sum())
    framed = functional.pad(decoded, (half - hop, half)).unfold(0, size, hop)
    spectrum = torch.view_as_real(torch.fft.rfft(framed * window))  # [frames, bins, 2]
    squares = spectrum.square()
    magnitude = (squares[..., 0] + squares[..., 1]).add_(LEAST_POWER).sqrt_().mul_(scale)
    level_power = magnitude.square() @ a_weights
    whole = torch.cat([level_power[:, None], (magnitude @ mel).square_()], 1)
    limited = whole + floor_power
    apart = (0.5 * DB_PER_NEPER) * limited.log() - levels
    shares = torch.full((1 + bands,), 1.0 / bands, device=device)
    shares[0] = LEVEL_WEIGHT
    distance = (apart.abs() @ shares) @ counts
    if gradient is None:
        return distance
    slope = apart.sign_() * shares * counts[:, None] * DB_PER_NEPER / limited  # of power, halved
    to_bands = slope[:, 1:] * whole[:, 1:].sqrt_()
    # of magnitude, divided by magnitude
    per_magnitude = (to_bands @ mel.T).div_(magnitude).addcmul_(slope[:, :1], a_weights)
    to_spectrum = torch.view_as_complex(spectrum * (per_magnitude * (0.5 * scale * scale))[..., None])
    to_spectrum[:, 0] *= 2.0
    to_spectrum[:, -1] *= 2.0
    to_frames = torch.fft.irfft(to_spectrum, n=size, norm="forward") * window
    gradient += _overlapped(to_frames, hop)[half - hop : half - hop + len(gradient)]
    return distance


def _overlapped(frames: Tensor, hop: int) -> Tensor:
    """The sum [samples] of `frames` [frames, window] that follow each other at a distance of `hop` samples."""
    count, size = frames.shape
    steps = size // hop
    out = torch.zeros(count + steps - 1, hop, device=frames.device)
    for step in range(steps):
        out[step : step + count] += frames[:, step * hop : (step + 1) * hop]
    return functional.pad(out.flatten(), (0, size))
