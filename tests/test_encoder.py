"""What the encoder sees: the levels of partials as they are, at any pitch and any level."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
import torch
from tiny_model import tiny_model
from torch import Tensor

from nsynth_lab.model.encoder import partial_levels
from nsynth_lab.model.sizes import HALF_PARTIALS
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

FRAMES = 30
COUNT = 8
ORGAN = {0.5: -6.0, 1.0: 0.0, 2.0: -20.0, 3.02: -12.0, 5.0: -40.0}
ABSENT_DB = -60.0


def organ(f0_hz: float, *, gain: float = 1.0, places: Mapping[float, float] = ORGAN) -> Tensor:
    """A steady tone [1, samples] of partials at `places` in units of f0, with their levels in dB."""
    at = torch.arange(FRAMES * HOP_SAMPLES, dtype=torch.float64) / SAMPLE_RATE
    waves = [10 ** (db / 20) * torch.sin(2 * math.pi * f0_hz * place * at + place) for place, db in places.items()]
    return gain * torch.stack(waves).sum(dim=0).float()[None]


def levels_db(samples: Tensor, f0_hz: float, *, loudness_db: float = 0.0) -> Tensor:
    """What is seen in a middle frame, [16 + 8], in dB below the frame's loudness."""
    partials = torch.zeros(1, FRAMES, 128)
    partials[..., 3] = 0.02
    level, f0 = torch.full((1, FRAMES), loudness_db), torch.full((1, FRAMES), f0_hz)
    seen = partial_levels(samples, level, f0, partials, count=COUNT)[0, FRAMES // 2]
    return seen * 25.0 - 30.0


@pytest.mark.parametrize("f0_hz", [110.0, 233.1, 440.0, 1244.5])
def test_partials_are_seen_at_their_levels_at_any_pitch(f0_hz: float) -> None:
    seen = levels_db(organ(f0_hz), f0_hz)
    halves, wholes = seen[:HALF_PARTIALS], seen[HALF_PARTIALS:]
    assert abs(float(halves[0]) - ORGAN[0.5]) < 2.0
    for order, wanted_db in ((1, 0.0), (2, -20.0), (3, -12.0), (5, -40.0)):
        assert abs(float(wholes[order - 1]) - wanted_db) < 2.0
    assert (halves[4:] < ABSENT_DB).all()
    assert (wholes[5:] < ABSENT_DB).all()


def test_level_is_seen_relative_to_loudness() -> None:
    loud = levels_db(organ(220.0), 220.0, loudness_db=-10.0)
    quiet = levels_db(organ(220.0, gain=0.01), 220.0, loudness_db=-50.0)
    heard = loud > -55.0
    torch.testing.assert_close(quiet[heard], loud[heard], rtol=0, atol=0.5)


def test_nothing_is_seen_above_half_the_sample_rate() -> None:
    assert (levels_db(organ(4_000.0, places={1.0: 0.0}), 4_000.0)[HALF_PARTIALS + 6 :] == -70.0).all()


def test_timbre_stays_within_its_limits() -> None:
    model = tiny_model()
    for gain in (0.0, 1e-6, 1.0, 100.0):
        shapes = torch.full((1, FRAMES), -20.0), torch.full((1, FRAMES), 220.0), torch.zeros(1, FRAMES, 128)
        timbre = model.encoder(organ(220.0, gain=gain), *shapes)
        assert timbre.shape == (1, FRAMES, 16)
        assert timbre.abs().max() <= 3.0
