"""Distance of attacks: answers that are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.evaluate.metrics.attack_decay import envelope_db
from nsynth_lab.units import SAMPLE_RATE

F0_HZ = 220.0
SECONDS = torch.arange(SAMPLE_RATE) / SAMPLE_RATE


def tone(rise_ms: float, *, begins_ms: float = 20.0) -> Tensor:
    """A sine that rises in a straight line for so long and stays, [1, samples]."""
    level = ((1000.0 * SECONDS - begins_ms) / max(rise_ms, 0.02)).clamp(0.0, 1.0)
    return (0.5 * level * torch.sin(2 * torch.pi * F0_HZ * SECONDS))[None]


def distance_db(decoded: Tensor, target: Tensor) -> float:
    return float(attack_distance(decoded, target, torch.tensor([F0_HZ])))


def test_none_from_itself_and_none_between_silences() -> None:
    assert distance_db(tone(10.0), tone(10.0)) == 0.0
    assert distance_db(torch.zeros(1, SAMPLE_RATE), torch.zeros(1, SAMPLE_RATE)) == 0.0


@pytest.mark.parametrize("gain_db", [2.0, -3.0])
def test_a_gain_is_about_that_far_away(gain_db: float) -> None:
    steady = tone(0.0, begins_ms=0.0)
    assert distance_db(steady * 10 ** (gain_db / 20), steady) == pytest.approx(abs(gain_db), rel=0.05)


def test_it_grows_with_every_millisecond_that_an_attack_is_too_long() -> None:
    apart = [distance_db(tone(5.0 + late), tone(5.0)) for late in (0.0, 2.0, 5.0, 10.0, 20.0)]
    assert apart == sorted(apart)
    assert apart[2] > 0.5


def test_what_comes_after_the_attack_does_not_count() -> None:
    target, other = tone(5.0), tone(5.0)
    other[:, SAMPLE_RATE // 5 :] *= 0.25
    assert distance_db(other, target) < 1e-3


def test_the_envelope_is_the_one_that_attacks_are_measured_by() -> None:
    """A note that is 30 dB and more down at first, against silence: what lies between is that envelope's own height."""
    target = tone(30.0)
    envelope = envelope_db(target[0].numpy(), f0_hz=F0_HZ)[:500]
    top = envelope.max()
    counted = envelope[: int((envelope >= top - 1.0).argmax()) + 31]
    height = 10 * np.log10(1.0 + 10 ** ((counted - top + 30.0) / 10))
    assert distance_db(torch.zeros_like(target), target) == pytest.approx(height.mean(), rel=0.01)


def test_it_draws_a_level_towards_the_one_wanted() -> None:
    gain = torch.tensor(0.5, requires_grad=True)
    attack_distance(tone(5.0) * gain, tone(5.0), torch.tensor([F0_HZ])).sum().backward()  # type: ignore[no-untyped-call]
    assert gain.grad is not None
    assert gain.grad < 0
