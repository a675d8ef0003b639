"""The compiled bank of partials of one voice as a step of automatic differentiation, on the processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from nsynth_lab.units import Doubles, FloatArray


def compiled_bank(
    amplitudes: Tensor,
    previous: Tensor,
    f0_hz: Tensor,
    before_hz: Tensor,
    ratios: Tensor,
    turns: Tensor,
    *,
    loudest: Tensor,
) -> tuple[Tensor, Tensor]:
    """(sum of cosines [1, frames * 512], the phases after it [1, oscillators] in turns); differentiable once.

    Args:
        amplitudes: [1, frames, partials] at the end of each frame, interpolated linearly.
        previous: [1, partials] amplitudes before the first frame.
        f0_hz: [1, frames]; `before_hz` [1] before the first.
        before_hz: see there.
        ratios: [1, frames, oscillators] of frequencies to f0; only the first have amplitudes.
        turns: [1, oscillators] float64 phases before the first frame.
        loudest: [1, frames] the gain by which each frame will be multiplied, at most: what stays inaudible is left out.
    """
    before = torch.cat([previous[:, None], amplitudes[:, :-1]], dim=1)
    missing = (0, ratios.shape[-1] - amplitudes.shape[-1])
    phases = turns[0].numpy().copy()
    given = (f0_hz[0].numpy(), np.ascontiguousarray(ratios[0].numpy()), loudest[0].detach().numpy())
    ends = functional.pad(before, missing), functional.pad(amplitudes, missing)
    out: Tensor = _Bank.apply(*ends, before_hz.numpy(), phases, *given)  # type: ignore[no-untyped-call]
    return out, torch.from_numpy(phases)[None]


class _Bank(torch.autograd.Function):
    """Amplitudes before and after each frame [1, frames, oscillators], and what does not change -> samples."""

    @staticmethod
    def forward(
        ctx: Any,
        before: Tensor,
        after: Tensor,
        before_hz: FloatArray,
        phases: Doubles,
        f0_hz: FloatArray,
        ratios: FloatArray,
        loudest: FloatArray,
    ) -> Tensor:
        from nsynth_lab.compiled.oscillators import OscillatorState, step_oscillators

        first = OscillatorState(phases[None].copy(), before_hz.copy(), before[0, :1].numpy().copy())
        ctx.given = first, f0_hz, ratios, after[0].numpy(), loudest
        state = OscillatorState(phases[None], before_hz.copy(), before[0, :1].numpy().copy())
        sound = step_oscillators(state, np.zeros(1, np.int64), f0_hz, ratios, after[0].numpy(), loudest)
        return torch.from_numpy(sound).reshape(1, -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        from nsynth_lab.compiled.bank_slope import slope_of_amplitudes

        first, f0_hz, ratios, amplitudes, loudest = ctx.given
        sound = np.ascontiguousarray(slope.reshape(len(f0_hz), -1).numpy())
        ends = torch.from_numpy(slope_of_amplitudes(sound, first, f0_hz, ratios, amplitudes, loudest))[None]
        return ends[:, :, 0], ends[:, :, 1], None, None, None, None, None
