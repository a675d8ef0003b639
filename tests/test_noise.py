"""Filtered noise: the spectrum asked for, constant power, the same at any block size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from streaming import assert_streams
from torch import Tensor

from nsynth_lab.dsp.noise import bin_hz, coloured, first_tail, white_table
from nsynth_lab.dsp.noise_table import BINS, TABLE_FRAMES
from nsynth_lab.units import HOP_SAMPLES

LONG_FRAMES = 900
Memory = tuple[Tensor, Tensor]  # position in the table, tail


def play(inputs: Sequence[Tensor], memory: Memory) -> tuple[Tensor, Memory]:
    position, tail = memory
    noise, tail = coloured(inputs[0], position, tail, white_table())
    return noise, ((position + inputs[0].shape[1]) % TABLE_FRAMES, tail)


def start(voices: int = 1, position: int = 0) -> Memory:
    return position + 397 * torch.arange(voices), torch.zeros(voices, HOP_SAMPLES)


def long_noise(magnitudes: Tensor) -> Tensor:
    """Steady noise of `magnitudes` [513], its first block left out, where it fades in."""
    return play([magnitudes.expand(1, LONG_FRAMES, BINS)], start())[0][0, HOP_SAMPLES:]


def band_levels_db(noise: Tensor, edges_hz: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Level of each band, relative to white noise of variance 1."""
    windows = noise.double().unfold(0, 4096, 2048) * torch.hann_window(4096, dtype=torch.float64)
    power = torch.fft.rfft(windows).abs().square().mean(dim=0) / (4096 * 0.375)
    hz = torch.linspace(0, 24_000, 2049)
    parts = [power[(hz >= low) & (hz < high)].mean() for low, high in pairwise(edges_hz)]
    return 10.0 * np.log10(np.array(parts, np.float64))


@pytest.mark.parametrize("slope_db", [0.0, -3.0, -6.0, 6.0])
def test_the_spectrum_is_the_one_asked_for(slope_db: float) -> None:
    """A slope in dB per octave, in third-octave bands."""
    magnitudes = (bin_hz().clamp(min=50.0) / 1000.0) ** (slope_db / (20 * math.log10(2)))
    edges = [500.0 * 2 ** (step / 3) for step in range(16)]
    middles = np.sqrt(np.array(edges[:-1]) * np.array(edges[1:]))
    wanted = slope_db * np.log2(middles / 1000.0)
    np.testing.assert_allclose(band_levels_db(long_noise(magnitudes), edges), wanted, rtol=0, atol=1.0)


def test_a_band_of_noise_stays_in_its_band() -> None:
    inside = (bin_hz() >= 2000) & (bin_hz() < 4000)
    levels = band_levels_db(long_noise(inside.float()), [200.0, 1500.0, 2200.0, 3800.0, 4700.0, 12_000.0])
    assert levels[2] == pytest.approx(0.0, abs=0.5)
    assert levels[0] < -40.0
    assert levels[4] < -40.0


def test_power_is_constant_over_the_overlap() -> None:
    noise = long_noise(torch.ones(BINS)).double().reshape(-1, HOP_SAMPLES)
    power = noise.square().mean(dim=0).reshape(16, -1).mean(dim=1)  # sixteenths of a block, over all blocks
    assert noise.square().mean() == pytest.approx(1.0, abs=0.02)
    torch.testing.assert_close(power, torch.ones(16, dtype=torch.float64), rtol=0, atol=0.04)  # 0.2 dB


def test_the_same_noise_every_time() -> None:
    magnitudes = torch.ones(1, 5, BINS)
    first, _ = play([magnitudes], start(position=3))
    again, _ = play([magnitudes], start(position=3))
    other, _ = play([magnitudes], start(position=4))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=0.1)
    torch.testing.assert_close(first[:, HOP_SAMPLES * 2 :], other[:, HOP_SAMPLES:-HOP_SAMPLES], rtol=0, atol=1e-6)


def test_each_voice_has_its_own_noise() -> None:
    noise, _ = play([torch.ones(2, 200, BINS)], start(2))
    assert abs(float(torch.corrcoef(noise)[0, 1])) < 0.02


def test_streamed_equals_whole_beyond_the_end_of_the_table() -> None:
    magnitudes = torch.rand(2, 37, BINS, generator=torch.Generator().manual_seed(1))
    assert_streams(play, [magnitudes], lambda: start(2, position=TABLE_FRAMES - 20))


def test_it_can_begin_at_full_power() -> None:
    """The mean over as many voices as the table has places."""
    position, flat = torch.arange(TABLE_FRAMES), torch.ones(TABLE_FRAMES, 1, BINS)
    noise, _ = coloured(flat, position, first_tail(flat[:, 0], position, white_table()), white_table())
    power = noise.square().mean(dim=0).view(-1, 64).mean(dim=1)
    assert (10.0 * torch.log10(power)).abs().max() < 0.3
