"""A run begins from a checkpoint, whose sizes are kept, and goes on from what was saved, whatever was asked first."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train import OPTIONS, Watch, assert_same, prepared, run, stop_at, write_notes
from tiny_model import TINY, tiny_model

from nsynth_lab import cli
from nsynth_lab.cli.train import FINE, FRESH
from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.errors import CheckpointError, UsageError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import load_checkpoint, save_weights
from nsynth_lab.train import distillation as distil
from nsynth_lab.train import loop
from nsynth_lab.train.batches import Batches
from nsynth_lab.train.initial_model import initial_model

CARD = {"trained_on": {"gm": 3}, "licences": {"CC-BY-4.0": 3}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    save_weights(folder, tiny_model(seed=8), about=CARD)
    return folder


def save_other(folder: Path) -> Path:
    save_weights(folder, tiny_model(seed=9), about={})
    return folder


@pytest.fixture
def notes(tmp_path: Path) -> PreparedNotes:
    return prepared(write_notes(tmp_path / "set"), tmp_path / "cache")[0]


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "bf16_is_faster", lambda _: False)


def test_a_run_begins_with_the_weights_and_sizes_of_its_base(base: Path, tmp_path: Path) -> None:
    start = initial_model(tmp_path, "excitation", base, seed=0)
    checkpoint = load_checkpoint(base)
    assert start.model.config == TINY
    assert (start.step, start.base, start.header) == (0, checkpoint.model_id, checkpoint.header)
    assert_same(start.model, checkpoint.model)
    assert all(value.requires_grad for value in start.model.parameters())


def test_afresh_there_is_no_base(tmp_path: Path) -> None:
    start = initial_model(tmp_path, "excitation", None, seed=0)
    assert (start.step, start.base, start.header) == (0, "", {})
    with pytest.raises(UsageError, match="--base"):
        initial_model(tmp_path, "distil", None, seed=0)
    with pytest.raises(UsageError, match=r"expected one of excitation, distil$"):
        initial_model(tmp_path, "all", None, seed=0)
    with pytest.raises(CheckpointError, match="no such file"):
        initial_model(tmp_path, "excitation", tmp_path / "nowhere", seed=0)


@pytest.mark.parametrize("stage", ["bands", "adversarial"])
def test_a_stage_that_gained_nothing_is_refused_and_its_module_named(stage: str, base: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected one of excitation, distil$") as caught:
        initial_model(tmp_path, stage, base, seed=0)
    module = str(caught.value).split("see ")[1].split(")")[0]
    assert importlib.util.find_spec(module) is not None


def test_a_smaller_decoder_learns_from_its_base_and_resumes_exactly(
    base: Path, notes: PreparedNotes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes closer to its teacher; the encoder, and so what latents mean, stays as it was."""
    for name, size in (("CHANNELS", 24), ("LAYERS", 2), ("CYCLE", 2)):
        monkeypatch.setattr(distil, name, size)
    told: list[float] = []

    def go_on(folder: str, *, watch: Watch = lambda _: None) -> Autoencoder:
        start = initial_model(tmp_path / folder, "distil", base, seed=4)
        assert start.model.config == replace(TINY, controls_channels=24, controls_layers=2, controls_cycle=2)
        options = replace(OPTIONS, steps=40, rate=3e-3, base=start.base)
        return run(notes, tmp_path / folder, options=options, model=start.model, watch=watch, teacher=start.teacher)

    whole = go_on("whole", watch=lambda at: told.append(at.loss_db))
    assert told[-1] < 0.7 * told[0]
    with pytest.raises(KeyboardInterrupt):
        go_on("parts", watch=stop_at(9))
    assert_same(go_on("parts"), whole)
    assert_same(whole.encoder, load_checkpoint(base).model.encoder)
    with pytest.raises(UsageError, match="was distilled from model"):
        initial_model(tmp_path / "parts", "distil", save_other(tmp_path / "other"), seed=4)
    with pytest.raises(UsageError, match="--base"):
        initial_model(tmp_path / "afresh", "distil", None, seed=4)


def test_the_command_fine_tunes_and_remembers_that_it_did(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notes(tmp_path / "set", pitches=(52,))
    words = ["train", str(tmp_path / "set"), "-o", str(tmp_path / "run"), "--batch", "1", "--jobs", "1"]
    assert cli.run([*words, "--base", str(base), "--steps", "1"]) == 0
    said = capsys.readouterr().err
    assert "none would be held out for evaluation" in said
    assert "evaluate --all" in said
    header = load_checkpoint(tmp_path / "run").header
    assert header["base"] == {"model_id": load_checkpoint(base).model_id, "base": None, **CARD}
    assert (header["options"]["rate"], header["options"]["decorrelate"]) == (FINE.rate, FINE.decorrelate)
    assert cli.run([*words, "--steps", "2", "--resume"]) == 0
    options = load_checkpoint(tmp_path / "run").header["options"]
    assert (options["rate"], options["base"]) == (FINE.rate, load_checkpoint(base).model_id)
    assert FINE.rate < FRESH.rate
    assert FINE.steps < FRESH.steps


def test_a_few_notes_that_would_all_be_held_out_are_trained_on(notes: PreparedNotes) -> None:
    index = [{**entry, "held_out": True} for entry in notes.index]
    batch = Batches(replace(notes, index=index), size=2, frames=48, swap_share=0.5, seed=0).at(0)
    assert np.isfinite(batch.target.samples.numpy()).all()


def test_rows_of_a_batch_are_those_of_the_whole(notes: PreparedNotes) -> None:
    batches = Batches(notes, size=4, frames=48, swap_share=0.5, augment_share=0.5, seed=0)
    whole = batches.at(3)
    for rows in (slice(0, 2), slice(2, 4)):
        part = batches.at(3, rows)
        assert torch.equal(part.source.samples, whole.source.samples[rows])
        assert torch.equal(part.target.f0_hz, whole.target.f0_hz[rows])


def test_the_header_of_a_run_that_began_elsewhere_is_not_guessed(
    base: Path, notes: PreparedNotes, tmp_path: Path
) -> None:
    run(notes, tmp_path / "run", steps=1)
    start = initial_model(tmp_path / "run", "excitation", base, seed=0)
    assert (start.step, start.base, start.header) == (1, "", {})
    assert json.dumps(start.model.config.to_dict()) == json.dumps(TINY.to_dict())
