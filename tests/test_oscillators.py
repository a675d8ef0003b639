"""The bank of partials: equal to its slow twin, in phase from block to block, silent above 20 kHz."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from streaming import assert_streams
from tiny_model import TINY, tiny_model
from torch import Tensor

from nsynth_lab.dsp.numpy_bank import SPANS
from nsynth_lab.dsp.oscillators import bank, phases, slow_bank, span_hz
from nsynth_lab.model.controls import oscillators_below_top, partial_ratios
from nsynth_lab.model.scales import AUDIBLE_HZ
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

Memory = tuple[Tensor, Tensor, Tensor]  # turns, amplitudes, f0 at the end of the last block


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def play(inputs: Sequence[Tensor], memory: Memory) -> tuple[Tensor, Memory]:
    """Harmonics of f0 [voices, frames] with amplitudes [voices, frames, partials]."""
    f0_hz, amplitudes = inputs
    turns, before, previous_hz = memory
    partial_hz = span_hz(f0_hz, previous_hz)[..., None] * torch.arange(1, amplitudes.shape[-1] + 1)
    starts, turns = phases(partial_hz, turns)
    return bank(amplitudes, before, partial_hz, starts), (turns, amplitudes[:, -1], f0_hz[:, -1])


def first_memory(f0_hz: Tensor, partials: int) -> Memory:
    voices = len(f0_hz)
    return torch.zeros(voices, partials, dtype=torch.float64), torch.zeros(voices, partials), f0_hz[:, 0]


@pytest.mark.parametrize(("voices", "frames", "partials"), [(1, 1, 1), (2, 5, 7), (3, 4, 60)])
def test_the_bank_equals_its_slow_twin(voices: int, frames: int, partials: int) -> None:
    amplitudes = drawn(1, voices, frames, partials) / partials
    previous = drawn(2, voices, partials) / partials
    partial_hz = 20.0 + 21_000.0 * drawn(3, voices, SPANS * frames, partials)
    start_turns = drawn(4, voices, SPANS * frames, partials).double()
    fast = bank(amplitudes, previous, partial_hz, start_turns)
    slow = slow_bank(amplitudes, previous, partial_hz, start_turns)
    assert fast.shape == (voices, frames * HOP_SAMPLES)
    torch.testing.assert_close(fast, slow, rtol=0, atol=2e-4 / math.sqrt(partials))


def test_phases_are_continuous_from_block_to_block() -> None:
    """A glide of two octaves: no jump between neighbouring samples is greater than the slope of the sine allows."""
    f0_hz = 110.0 * 2.0 ** torch.linspace(0, 2, 40)[None]
    amplitudes = torch.ones(1, 40, 1)
    memory = (torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1), f0_hz[:, 0])
    audio, _ = play([f0_hz, amplitudes], memory)
    assert audio.diff().abs().max() < 2 * math.pi * 440.0 / SAMPLE_RATE * 1.01
    turns_of_audio = torch.acos(audio[0].clamp(-1, 1)).diff().abs() / (2 * math.pi)
    assert turns_of_audio.max() < 440.0 / SAMPLE_RATE * 1.05


def test_the_pitch_is_the_same_an_hour_later() -> None:
    f0_hz = torch.full((1, 10), 440.0)
    memory = first_memory(f0_hz, 1)
    _, (turns, amplitudes, hz) = play([f0_hz, torch.ones(1, 10, 1)], memory)
    frames = round(3600 * SAMPLE_RATE / HOP_SAMPLES)
    late = (frames * HOP_SAMPLES * 440.0 / SAMPLE_RATE) % 1.0
    audio, _ = play([f0_hz, torch.ones(1, 10, 1)], (turns + late, amplitudes, hz))
    at = (torch.arange(10 * HOP_SAMPLES, dtype=torch.float64) + 10 * HOP_SAMPLES) * 440.0 / SAMPLE_RATE
    torch.testing.assert_close(audio[0].double(), torch.cos(2 * math.pi * (at + late)), rtol=0, atol=1e-4)


def test_streamed_equals_whole() -> None:
    f0_hz = 200.0 + 100.0 * drawn(5, 2, 37)
    amplitudes = drawn(6, 2, 37, 9) / 9
    assert_streams(play, [f0_hz, amplitudes], lambda: first_memory(f0_hz, 9))


def test_amplitudes_move_in_a_straight_line() -> None:
    audio = bank(torch.ones(1, 1, 1), torch.zeros(1, 1), torch.zeros(1, SPANS, 1), torch.zeros(1, SPANS, 1))
    np.testing.assert_allclose(audio[0].numpy(), np.arange(HOP_SAMPLES) / HOP_SAMPLES, atol=1e-6)


@pytest.mark.parametrize("f0_hz", [60.0, 440.0, 4186.0, 12_000.0])
def test_above_20_khz_nothing_sounds(f0_hz: float) -> None:
    """A partial there is 140 dB down, whatever its amplitude."""
    net = tiny_model().decoder.controls
    offsets = 0.4 * (2 * drawn(7, 1, 3, 128) - 1)
    with torch.no_grad():
        net.stack.last.bias.fill_(30.0)
        level = torch.zeros(1, 3)
        hz = torch.full((1, 3), f0_hz)
        controls, _ = net(drawn(8, 1, 3, 16), level, hz, offsets, net.start(1))
    places_hz = f0_hz * partial_ratios(offsets, controls.partials.shape[-1])
    above = places_hz >= AUDIBLE_HZ
    assert above.any() or f0_hz * (TINY.oscillators - 16) < AUDIBLE_HZ
    assert (controls.partials[above] <= 1.01e-7).all()
    assert controls.partials[~above].max() > 0.01
    # and the oscillators that are left out altogether would have lain above
    left_out = partial_ratios(offsets[:, :1], TINY.oscillators)[0, 0, controls.partials.shape[-1] :]
    assert controls.partials.shape[-1] == min(TINY.oscillators, int(oscillators_below_top(hz[0, :1])))
    assert (f0_hz * (left_out + 0.5) >= AUDIBLE_HZ).all()
