"""What training minimises: answers that are known beforehand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from nsynth_lab.dsp.spectral_distance import LEVEL_WEIGHT, spectral_distance

SAMPLES = 24_576


def noise(seed: int = 0) -> Tensor:
    """All bands at all times, [1, samples]."""
    return 0.1 * torch.randn(1, SAMPLES, generator=torch.Generator().manual_seed(seed))


def distance_db(decoded: Tensor, target: Tensor) -> float:
    loudest_db = torch.full((len(target),), -30.0)
    return float(spectral_distance(decoded, target, loudest_db))


@pytest.mark.parametrize("gain_db", [1.0, -3.0, 6.0])
def test_a_gain_is_that_far_away_in_spectrum_and_in_level(gain_db: float) -> None:
    wanted = abs(gain_db) * (1.0 + LEVEL_WEIGHT)
    assert distance_db(noise() * 10 ** (gain_db / 20), noise()) == pytest.approx(wanted, rel=0.05)
    assert distance_db(noise(), noise()) == 0.0


def test_anything_far_below_the_note_costs_nothing() -> None:
    target = noise()
    target[:, SAMPLES // 2 :] = 0.0
    hiss = 1e-6 * torch.randn(1, SAMPLES, generator=torch.Generator().manual_seed(1))
    assert distance_db(target + hiss, target) < 0.05


def test_an_error_costs_more_while_the_sound_rises() -> None:
    begun = torch.arange(SAMPLES) >= SAMPLES // 2
    target = noise() * begun
    error = 10 ** (6.0 / 20)
    near, late = SAMPLES // 2 + 2_048, SAMPLES - 2_048
    at_onset, at_end = target.clone(), target.clone()
    at_onset[:, SAMPLES // 2 : near] *= error
    at_end[:, late:] *= error
    assert distance_db(at_onset, target) > 1.3 * distance_db(at_end, target)


def test_a_sinking_level_is_penalised() -> None:
    """Where the target beats, the dB in the middle lie below its power: level must pull against the spectra."""
    beat = 1.0 + 0.9 * torch.sin(2 * math.pi * 300.0 * torch.arange(SAMPLES) / 48_000)
    target = noise() * beat
    gain = torch.tensor(10 ** (-3.0 / 20), requires_grad=True)
    spectral_distance(noise(seed=1) * gain, target, torch.tensor([-30.0])).backward()  # type: ignore[no-untyped-call]
    assert gain.grad is not None
    assert gain.grad < 0
