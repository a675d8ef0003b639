"""Failures of a run are named: on sounds whose answer is known, and on tiny runs that are made to fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train import OPTIONS, prepared, run, write_notes
from tiny_model import tiny_model

from nsynth_lab.dataset.label_check import check_labels
from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.dsp.measure import measure
from nsynth_lab.errors import TrainingError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.train import loop
from nsynth_lab.train.diagnosis import TimbreSpread, diagnose, timbre_spread
from nsynth_lab.train.loop import train
from nsynth_lab.train.loss_curve import LossCurve
from nsynth_lab.train.monitor import TrainingMonitor
from nsynth_lab.train.options import TrainingProgress, TrainOptions
from nsynth_lab.train.reconstruction import NoteHealth, Reconstruction, note_health
from nsynth_lab.train.run_state import FILE
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

HEALTHY = NoteHealth(-1.0, -35.0, 2.0)
SPREAD = TimbreSpread(within=5.0, between=12.0, instruments=6)


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> PreparedNotes:
    folder = tmp_path_factory.mktemp("notes")
    return prepared(write_notes(folder / "set"), folder / "cache")[0]


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "bf16_is_faster", lambda _: False)


def tone(note: int = 57) -> FloatArray:
    at = np.arange(48 * 1024) / SAMPLE_RATE
    orders = np.arange(1, 11)[:, None]
    waves = np.cos(2 * np.pi * note_to_hz(float(note)) * orders * at + orders**2) / orders
    return np.asarray(0.1 * waves.sum(axis=0), np.float32)


def kinds(
    heard: list[NoteHealth], spread: TimbreSpread | None = SPREAD, at: TrainingProgress | None = None
) -> list[str]:
    return [failure.kind for failure in diagnose(heard, spread, at)]


def test_the_health_of_a_note_is_what_was_done_to_it() -> None:
    recorded = tone()
    streams = measure(recorded, note=57)
    hiss = np.random.default_rng(0).standard_normal(len(recorded)).astype(np.float32)

    def health(decoded: FloatArray) -> NoteHealth:
        return note_health(Reconstruction(57, streams, recorded, decoded))

    assert health(recorded).level_db == pytest.approx(0.0, abs=0.5)
    assert health(recorded).added_noise_db == 0.0
    assert health(0.01 * recorded).level_db == pytest.approx(-40.0, abs=0.5)
    assert health(0.01 * recorded).added_noise_db == pytest.approx(0.0, abs=0.5)
    noisy = health(0.1 * recorded + 0.1 * hiss)
    assert noisy.noise_db > 0
    assert noisy.added_noise_db > 40


def test_a_healthy_run_has_no_failure() -> None:
    assert kinds([HEALTHY] * 6) == []
    assert kinds([HEALTHY] * 6, None) == []
    assert kinds([HEALTHY] * 4 + [NoteHealth(-60.0, -10.0, 30.0), NoteHealth(0.0, 0.0, 30.0)]) == []


def test_each_failure_has_its_name_and_is_one_line() -> None:
    silent, noisy = NoteHealth(-60.0, -5.0, 20.0), NoteHealth(1.0, -2.0, 30.0)
    still, mixed = TimbreSpread(0.0, 0.0, 1), TimbreSpread(8.0, 0.2, 6)
    late = TrainingProgress(step=500, steps=1000, loss_db=9.2, first_loss_db=9.5, rate=1.0, steps_per_second=1.0)
    assert kinds([silent] * 4 + [HEALTHY] * 2) == ["silence"]
    assert kinds([noisy] * 4 + [HEALTHY] * 2) == ["noise"]
    assert kinds([HEALTHY], still) == kinds([HEALTHY], mixed) == ["timbre"]
    assert kinds([HEALTHY], replace(mixed, instruments=2)) == []  # two violins may be alike
    assert kinds([HEALTHY], at=late) == ["learning"]
    assert kinds([HEALTHY], at=replace(late, loss_db=4.0)) == kinds([HEALTHY], at=replace(late, step=100)) == []
    for failure in diagnose([silent, noisy], still, late):
        assert "\n" not in failure.message
        assert "--" in failure.message  # says what to do


def test_the_spread_of_timbre_is_that_of_its_parts() -> None:
    rng = np.random.default_rng(0)
    place = np.repeat(rng.normal(0, 2.0, (400, 1)), 3, axis=0)
    timbre = (place + rng.normal(0, 1.0, (1200, 1))).astype(np.float32)
    names = [str(number // 3) for number in range(1200)]
    spread = timbre_spread(timbre, names)
    assert spread is not None
    assert spread.within == pytest.approx(1.0, rel=0.1)
    assert spread.between == pytest.approx(4.0, rel=0.15)
    assert spread.share == pytest.approx(0.8, abs=0.03)
    scattered = timbre_spread(timbre, [str(number % 400) for number in rng.permutation(1200)])
    assert scattered is not None
    assert scattered.share < 0.1
    assert timbre_spread(timbre[:3], ["a", "a", "a"]) is None
    assert timbre_spread(timbre[:2], ["a", "b"]) is None


def warnings_of(notes: PreparedNotes, folder: Path, model: Autoencoder, options: TrainOptions) -> str:
    """What is said at the end of a run, which is also what its log holds."""
    said: list[str] = []
    with TrainingMonitor(folder, notes, options, warn=said.append) as monitor:
        train(notes, folder, options, model, device="cpu", on_step=monitor.on_step, on_save=monitor.on_save)
    log = folder / "log" / "warnings.txt"
    assert (log.read_text() if log.exists() else "") == "".join(f"step {options.steps}: {line}\n" for line in said)
    return " | ".join(line.partition(":")[0] for line in said)


def silenced(model: Autoencoder) -> Autoencoder:
    model.decoder.controls.stack.last.bias[-8:] += 20.0  # 200 dB below the frame's loudness
    return model.requires_grad_(True)


def add_hiss(model: Autoencoder) -> Autoencoder:
    model.decoder.controls.stack.last.bias[-4:] -= 6.0  # 60 dB up
    return model.requires_grad_(True)


def deaf(model: Autoencoder) -> Autoencoder:
    for value in model.encoder.parameters():
        value.zero_()
    return model.requires_grad_(True)


@pytest.mark.parametrize(
    ("breaks", "says"),
    [(silenced, "silence"), (add_hiss, "noise"), (deaf, "one timbre")],
    ids=lambda one: str(one)[:12],
)
def test_a_run_that_is_made_to_fail(
    breaks: Callable[[Autoencoder], Autoencoder], says: str, notes: PreparedNotes, tmp_path: Path
) -> None:
    options = replace(OPTIONS, steps=2, rate=1e-6, decorrelate=0.0)
    assert warnings_of(notes, tmp_path / "run", breaks(tiny_model(seed=8)), options).startswith(says)


def test_a_healthy_run_gets_no_warning(notes: PreparedNotes, tmp_path: Path) -> None:
    model = tiny_model(seed=8)
    model.encoder.stack.last.weight *= 40.0  # random weights that hear as much difference as trained ones
    options = replace(OPTIONS, steps=20, rate=0.01)
    assert warnings_of(notes, tmp_path / "run", model.requires_grad_(True), options) == ""
    assert check_labels(notes).warnings == []


def shifted(folder: Path, semitones: int) -> PreparedNotes:
    """Notes whose labels lie so far above what sounds."""
    write_notes(folder / "set")
    path = folder / "set" / "examples.json"
    entries = json.loads(path.read_text())
    path.write_text(json.dumps({name: {**one, "pitch": one["pitch"] + semitones} for name, one in entries.items()}))
    return prepared(folder / "set", folder / "cache")[0]


def test_wrong_labels_are_heard_before_training(tmp_path: Path) -> None:
    found = check_labels(shifted(tmp_path, 5))
    assert found.sure >= 6
    assert len(found.wrong) == found.sure
    (line,) = found.warnings
    assert f"{found.sure} of {found.sure} notes" in line
    assert "set/mallet_acoustic_000-050-100: labelled G3, sounds D3" in line
    assert "--pitch measured" in line


def test_labels_an_octave_off_are_another_matter(tmp_path: Path) -> None:
    found = check_labels(shifted(tmp_path, 12))
    assert found.wrong == ()
    assert found.octaves == found.sure
    assert "--middle-c" in found.warnings[0]


def test_only_so_many_notes_are_listened_to(notes: PreparedNotes) -> None:
    assert check_labels(notes, at_most=2).sure <= 2


def test_the_course_of_the_loss() -> None:
    course = LossCurve()
    for _ in range(60):
        course = course.append(10.0)
    for loss in np.linspace(10.0, 4.0, 100):
        course = course.append(float(loss))
    assert course.steps == 160
    assert course.first_steps_db == pytest.approx(10.0)
    assert 4.0 < course.mean_db < 7.0
    assert course.lowest_db == course.mean_db

    def doubled(course: LossCurve) -> None:
        for _ in range(200):
            course = course.append(20.0)

    with pytest.raises(TrainingError, match=r"diverged: the loss has grown from [4-6]\.. to 1"):
        doubled(course)
    for number in (np.nan, np.inf):
        with pytest.raises(TrainingError, match=f"loss is {number}"):
            course.append(number)


def test_a_noisy_loss_is_no_failure() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        course = LossCurve()
        for loss in 6.0 * np.exp(0.25 * rng.standard_normal(300)):
            course = course.append(float(loss))


def test_a_loss_that_is_no_number_keeps_what_was_saved(notes: PreparedNotes, tmp_path: Path) -> None:
    broken = tiny_model(seed=8).requires_grad_(True)
    with torch.no_grad():
        broken.decoder.controls.stack.first.weight[0, 0] = torch.nan
    with pytest.raises(TrainingError, match=r"step 0: .*not a number.*nothing was saved.*--learning-rate below 0\.1"):
        run(notes, tmp_path / "first", model=broken)
    assert not (tmp_path / "first").exists()


def test_a_rate_that_is_too_high_stops_the_run_and_keeps_what_was_saved(notes: PreparedNotes, tmp_path: Path) -> None:
    run(notes, tmp_path, options=replace(OPTIONS, steps=50, rate=0.02))
    kept = (tmp_path / FILE).read_bytes()
    with pytest.raises(TrainingError, match=r"diverged.*resume from step 50, which is saved, with --resume") as caught:
        run(notes, tmp_path, options=replace(OPTIONS, steps=400, rate=1.0))
    assert "\n" not in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == kept
