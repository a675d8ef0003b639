"""The learnt prior of research: it learns where the data are, and goes on where it was interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.imagine.heard_bank import FILE, bank_digest, read_heard
from nsynth_lab.model.bank import load_bank
from nsynth_lab.note import FAMILIES
from nsynth_lab.research.imagination import flow
from nsynth_lab.research.imagination.flow import CONDITION, POINT, sample, train
from nsynth_lab.research.imagination.zones import ZonePoints, zone_points
from nsynth_lab.resources import default_checkpoint


def two_places() -> ZonePoints:
    """Points about 3 where the first condition is 1, and about -3 where it is 0."""
    rng = np.random.default_rng(0)
    side = np.repeat([0.0, 1.0], 40)
    conditions = np.zeros((80, CONDITION), np.float32)
    conditions[:, 0] = side
    points = (6.0 * side - 3.0)[:, None] + 0.2 * rng.standard_normal((80, POINT))
    return ZonePoints(points.astype(np.float32), conditions)


def test_the_flow_goes_where_the_condition_says(tmp_path: Path) -> None:
    data = two_places()
    net = train(data, tmp_path, steps=200, tell=lambda _: None)
    noise = np.random.default_rng(1).standard_normal((2, POINT)).astype(np.float32)
    low, high = sample(net, noise, data.conditions[[0, -1]])
    assert low.mean() == pytest.approx(-3.0, abs=1.0)
    assert high.mean() == pytest.approx(3.0, abs=1.0)


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "SAVE_EVERY", 3)
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = train(two_places(), tmp_path / "whole", steps=6, tell=lambda _: None)

    def stop(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(two_places(), tmp_path / "parts", steps=6, tell=stop)
    parts = train(two_places(), tmp_path / "parts", steps=6, tell=lambda _: None)
    for name, value in whole.state_dict().items():
        assert np.allclose(value.numpy(), parts.state_dict()[name].numpy(), atol=1e-6), name


def test_it_learns_from_what_has_a_pitch() -> None:
    bank = load_bank(default_checkpoint())
    heard = read_heard(default_checkpoint() / FILE, bank_digest(bank))
    data = zone_points(bank, heard)
    assert len(bank.pitched) < len(bank.entries), "there are drums and noises too"
    assert data.points.shape == (sum(len(bank.entries[name].zones) for name in bank.pitched), POINT)
    assert data.conditions.shape == (len(data.points), CONDITION)
    assert np.all(data.conditions[:, : len(FAMILIES)].sum(axis=1) == 1.0)
