"""Ablation: what is left out is really left out, and a table once made is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from test_train import prepared, write_notes
from tiny_model import TINY, decode, streams, tiny_config

from nsynth_lab.evaluate import ablation
from nsynth_lab.evaluate.ablation import EXPERIMENTS, FILE, Experiment, RestrictedDecoder, ablate
from nsynth_lab.evaluate.notes import read_pool
from nsynth_lab.model.decoder import Decoder
from nsynth_lab.train.options import TrainingProgress, TrainOptions


def test_a_deaf_decoder_does_not_hear_what_it_is_not_told() -> None:
    torch.manual_seed(0)
    whole = Decoder(TINY)
    timbre, loudness_db, f0_hz, partials = streams([57, 64], 12)
    nearest_hz = torch.tensor([[220.0], [329.6275569]]).expand_as(f0_hz)
    for hears, told in (
        ((True, True), (f0_hz, partials)),
        ((False, True), (f0_hz, torch.zeros_like(partials))),
        ((True, False), (nearest_hz, partials)),
    ):
        deaf = RestrictedDecoder(TINY, partials=hears[0], f0=hears[1])
        deaf.load_state_dict(whole.state_dict())
        came, _ = decode(deaf, (timbre, loudness_db, f0_hz, partials), deaf.start(2))
        wanted, _ = decode(whole, (timbre, loudness_db, *told), whole.start(2))
        torch.testing.assert_close(came, wanted, rtol=0, atol=1e-3)


def test_a_table_once_made_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_notes(tmp_path / "set")
    notes = prepared(folder, tmp_path / "cache")[0]
    pool = read_pool([folder])
    monkeypatch.setattr(ablation, "EXPERIMENTS", (EXPERIMENTS[0], EXPERIMENTS[5], EXPERIMENTS[-1]))
    monkeypatch.setattr(ablation, "ModelConfig", tiny_config)
    steps: list[str] = []

    def on_step(experiment: Experiment, _: TrainingProgress) -> None:
        steps.append(experiment.name)

    def table() -> list[dict[str, Any]]:
        options = TrainOptions(steps=1, batch=1, frames=16)
        return ablate(notes, pool[:1], pool, tmp_path / "out", options, on_step=on_step)

    figures = table()
    assert steps == [experiment["name"] for experiment in figures]
    assert len(figures) == 3
    assert all(value > 0 for experiment in figures for value in experiment.values() if not isinstance(value, str))
    before = (tmp_path / "out" / FILE).read_bytes()
    assert table() == figures
    assert len(steps) == 3
    assert (tmp_path / "out" / FILE).read_bytes() == before
