"""A phase-continuous bank of partials, computed as matrix products.

Within a span of 256 samples each partial has a constant frequency, so its complex exponential factors:
exp(i w (16 a + b)) = exp(i w 16 a) * exp(i w b). A span is then the product of a [16 x partials] and a
[partials x 16] matrix: 32 sines per partial instead of 256. Phases are float64 from span to span and float32 within
one. `slow_bank` is the readable version, `dsp.numpy_bank` the same for one voice without torch; tests compare them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nsynth_lab.dsp.numpy_bank import COLUMNS, ROWS, SPAN_SAMPLES, SPANS
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

Carriers = tuple[Tensor, Tensor]


def span_hz(f0_hz: Tensor, previous_hz: Tensor) -> Tensor:
    """Frequency at the middle of each span, [voices, frames * 2], interpolated linearly between frames.

    `f0_hz` [voices, frames] is the frequency at the end of each block, `previous_hz` [voices] before the first.
    """
    before = torch.cat([previous_hz[:, None], f0_hz[:, :-1]], dim=1)
    middles = (torch.arange(SPANS, device=f0_hz.device, dtype=f0_hz.dtype) + 0.5) / SPANS
    return torch.lerp(before[..., None], f0_hz[..., None], middles).flatten(1)


def phases(partial_hz: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """Phases in turns (0 to 1) at the start of each span [voices, spans, partials], and after the last one.

    `partial_hz` [voices, spans, partials]; `start` [voices, partials] float64.
    """
    turns = partial_hz.double() * (SPAN_SAMPLES / SAMPLE_RATE)
    ends = start[:, None] + turns.cumsum(dim=1)
    return torch.cat([start[:, None], ends[:, :-1]], dim=1) % 1.0, ends[:, -1] % 1.0


def bank(amplitudes: Tensor, previous: Tensor, partial_hz: Tensor, start_turns: Tensor) -> Tensor:
    """Sum of cosines [voices, frames * 512].

    Args:
        amplitudes: [voices, frames, partials] at the end of each block, interpolated linearly.
        previous: [voices, partials] amplitudes before the first block.
        partial_hz: [voices, spans, partials] frequency of each partial in each span, two spans a frame.
        start_turns: [voices, spans, partials] phase in turns at the start of each span.
    """
    voices, frames, partials = amplitudes.shape
    coarse_pair, fine_pair = carriers(partial_hz, start_turns)
    before = torch.cat([previous[:, None], amplitudes[:, :-1]], dim=1)
    ends = torch.stack([before, amplitudes], dim=2)
    ends = torch.cat([ends, ends], dim=-1)[:, :, None, :, None]
    rows = coarse_pair.view(voices, frames, SPANS, 1, ROWS, 2 * partials) * ends
    columns = fine_pair.view(voices, frames, SPANS, COLUMNS, 2 * partials)
    waves = rows.flatten(3, 4) @ columns.transpose(-1, -2)
    waves = waves.view(voices, frames, SPANS, 2, SPAN_SAMPLES).transpose(2, 3).reshape(voices, frames, 2, HOP_SAMPLES)
    ramp = torch.arange(HOP_SAMPLES, device=waves.device, dtype=torch.float32) / HOP_SAMPLES
    return torch.lerp(waves[:, :, 0], waves[:, :, 1], ramp).flatten(1)


@torch.no_grad()
def carriers(partial_hz: Tensor, start_turns: Tensor) -> Carriers:
    """The two factors of each partial's exponential, each [voices, spans, 16, 2 * partials]; arguments as in `bank`."""
    step = partial_hz.float()[:, :, None] / SAMPLE_RATE
    leap = COLUMNS * step
    leap = leap - leap.floor()  # many whole turns would cost float32 precision
    index = torch.arange(ROWS, device=step.device, dtype=torch.float32)[:, None]
    coarse = (2.0 * math.pi) * (start_turns.float()[:, :, None] + leap * index)
    fine = (2.0 * math.pi) * (step * index)
    return torch.cat([coarse.cos(), -coarse.sin()], dim=-1), torch.cat([fine.cos(), fine.sin()], dim=-1)


def slow_bank(amplitudes: Tensor, previous: Tensor, partial_hz: Tensor, start_turns: Tensor) -> Tensor:
    """The same sum, sample by sample in float64: the reference for `bank`."""
    before = torch.cat([previous[:, None], amplitudes[:, :-1]], dim=1).double()
    ramp = torch.arange(HOP_SAMPLES, dtype=torch.float64) / HOP_SAMPLES
    amplitude = torch.lerp(before[:, :, None], amplitudes.double()[:, :, None], ramp[:, None]).flatten(1, 2)
    time = torch.arange(SPAN_SAMPLES, dtype=torch.float64) / SAMPLE_RATE
    turns = start_turns[:, :, None] + partial_hz.double()[:, :, None] * time[:, None]
    return (amplitude * torch.cos(2.0 * math.pi * turns.flatten(1, 2))).sum(dim=-1).float()
