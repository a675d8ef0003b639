"""The classifier on made-up instruments that are easily told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_model import tiny_model

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.dataset.prepare import FULL_SCALE, PreparedNotes
from nsynth_lab.dsp.measure import measure
from nsynth_lab.errors import CheckpointError, DatasetError
from nsynth_lab.evaluate.classifier_training import train_classifier
from nsynth_lab.evaluate.classifier_variation import PREPARED_DB, augment
from nsynth_lab.evaluate.notes import EvaluationNote
from nsynth_lab.evaluate.sections.recognition import RecognitionSection
from nsynth_lab.evaluate.sections.section import DecodedNote, EvaluationSetup
from nsynth_lab.model.checkpoint import Checkpoint, save_weights
from nsynth_lab.model.classifier import (
    BANDS,
    FRAMES,
    Classifier,
    band_centres_hz,
    classifier_input,
    classify,
    load_classifier,
    save_classifier,
)
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, note_to_hz

PITCHES = (45, 52, 60, 67, 75)
SHAPES = {"brass": 1.0 / np.arange(1, 21), "flute": np.eye(20)[0]}
FRAMES_A_NOTE = 94
WORK = EvaluationSetup(Checkpoint.of(tiny_model(), model_id="tiny"), (), ())


def ignore(_steps: int) -> None:
    pass


def tone(pitch: float, family: str, *, seed: int = 0, seconds: float = 1.0) -> FloatArray:
    """A saw for brass, a sine for a flute; level and phases drawn."""
    rng = np.random.default_rng(seed)
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    orders = np.arange(1, 21)[:, None]
    waves = np.cos(2 * np.pi * (note_to_hz(pitch) * orders * at + rng.random((20, 1))))
    return np.asarray(rng.uniform(0.05, 0.4) * SHAPES[family] @ waves, np.float32)


def prepared(*, held_out: bool | None = None) -> PreparedNotes:
    """Four takes of each pitch of both instruments, the last of them held out (or all, or none)."""
    takes = [(family, pitch, take) for family in SHAPES for pitch in PITCHES for take in range(4)]
    sounds: list[NDArray[np.float32]] = []
    for number, (family, pitch, _) in enumerate(takes):
        sound = tone(pitch, family, seed=number)
        sounds.append(np.pad(sound, (0, FRAMES_A_NOTE * HOP_SAMPLES - len(sound))))
    frames = FRAMES_A_NOTE * len(takes)
    return PreparedNotes(
        audio=np.round(np.concatenate(sounds) * FULL_SCALE).astype(np.int16),
        starts=np.arange(len(takes) + 1) * FRAMES_A_NOTE,
        loudness_db=np.zeros(frames, np.float32),
        f0_cents=np.zeros(frames, np.float32),
        partials=np.zeros((len(takes), 128), np.float32),
        loudest_db=np.zeros(len(takes), np.float32),
        index=[
            {"family": family, "pitch": pitch, "held_out": take == 3 if held_out is None else held_out}
            for family, pitch, take in takes
        ],
    )


@pytest.fixture(scope="module")
def trained() -> tuple[Classifier, dict[str, float]]:
    return train_classifier(prepared(), epochs=120)


def test_it_learns_to_tell_instruments_and_pitches_apart(trained: tuple[Classifier, dict[str, float]]) -> None:
    classifier, held_out = trained
    assert held_out["family"] == 1.0
    assert held_out["pitch"] > 0.85
    assert [classify(tone(60, family), classifier)[0] for family in SHAPES] == list(SHAPES)


def test_what_a_twin_loses_is_told(tmp_path: Path, trained: tuple[Classifier, dict[str, float]]) -> None:
    """Reconstructions with another timbre lose the family and keep the pitch, as far as the classifier knows it."""
    path = tmp_path / "classifier.safetensors"
    save_classifier(path, trained[0], about={})
    same, other = (RecognitionSection(WORK, path) for _ in range(2))
    for seed, pitch in enumerate(PITCHES, 50):
        sound = tone(pitch, "brass", seed=seed)
        record = NoteRecord(path, "made", "made", "made", "made", "brass", "synthetic", pitch, 100, SAMPLE_RATE)
        for section, heard in ((same, 0.1 * sound), (other, tone(pitch, "flute", seed=seed))):
            section.add_values(record, section.recognised(sound, heard, record))
    told = same.finish(ignore)
    assert told["originals"] == told["reconstructions"]
    told = other.finish(ignore)
    assert told["originals"]["family_accuracy"]["by_family"] == {"brass": 1.0}
    assert told["reconstructions"]["family_accuracy"]["mean"] == 0.0
    assert told["reconstructions"]["pitch_accuracy"]["mean"] >= 0.8


def test_a_section_sees_each_note_and_its_twin(tmp_path: Path, trained: tuple[Classifier, dict[str, float]]) -> None:
    path = tmp_path / "classifier.safetensors"
    save_classifier(path, trained[0], about={})
    sound = np.pad(tone(60, "brass"), (0, FRAMES_A_NOTE * HOP_SAMPLES - SAMPLE_RATE))
    record = NoteRecord(path, "made", "made", "made", "made", "brass", "synthetic", 60, 100, SAMPLE_RATE)
    section, absent = RecognitionSection(WORK, path), RecognitionSection(WORK, tmp_path / "none")
    for one in (section, absent):
        one.add_note(DecodedNote(EvaluationNote(record, sound, measure(sound, note=60)), WORK.checkpoint), ignore)
    assert section.finish(ignore)["originals"]["family_accuracy"]["mean"] == 1.0
    assert list(absent.finish(ignore)) == ["left_out"]


def test_neither_gain_nor_silence_before_it_nor_what_lies_deep_is_heard() -> None:
    sound = tone(57, "brass", seconds=2.5)
    heard = classifier_input(sound)
    assert heard.shape == (FRAMES, BANDS)
    assert heard.max() == pytest.approx(1.0)
    assert heard.min() >= 0.0
    assert classifier_input(0.01 * sound) == pytest.approx(heard, abs=1e-4)
    late = np.concatenate([np.zeros(8192, np.float32), sound])
    assert np.abs(classifier_input(late) - heard)[4:-4].mean() < 0.01
    faint = 1e-6 * np.random.default_rng(0).standard_normal(len(sound)).astype(np.float32)
    assert np.abs(classifier_input(sound + faint) - heard).max() < 0.05
    assert classifier_input(np.zeros(1000, np.float32)).max() == 0.0


def off_hz(spectra: torch.Tensor, semitones: torch.Tensor) -> list[float]:
    """How far the loudest band of each is from where a C4 that was transposed by `semitones` has it."""
    centres_hz = band_centres_hz()
    return [
        abs(float(centres_hz[int(note[:12].mean(dim=0).argmax())]) - note_to_hz(60.0 + semitone))
        for note, semitone in zip(spectra, semitones.tolist(), strict=True)
    ]


def test_a_transposed_note_looks_like_the_note_there() -> None:
    heard = torch.from_numpy(np.stack([classifier_input(tone(60, "flute", seconds=2.5))] * 64))
    varied, semitones = augment(heard, seed=3)
    assert np.quantile(off_hz(varied, semitones), 0.95) < 15.0  # a mask may hide one
    assert len(set(semitones.tolist())) > 4
    assert varied.shape == heard.shape
    assert varied.amin() >= 0
    assert varied.amax() <= 1.0001


def test_notes_of_a_family_are_morphed_at_one_pitch() -> None:
    """Two sines two semitones apart: where they are morphed, one is heard, at the pitch of the first."""
    one, other = (
        torch.from_numpy(np.stack([classifier_input(tone(pitch, "flute", seconds=2.5), range_db=PREPARED_DB)] * 64))
        for pitch in (60, 62)
    )
    varied, semitones = augment(one, seed=5, partners=other, apart=torch.full((64,), -2.0))
    assert np.quantile(off_hz(varied, semitones), 0.95) < 15.0


def test_what_has_no_pitch_is_not_held_up() -> None:
    """A stroke that has gone after half a second: with a pitch its silence may be led, not its sound made longer."""
    stroke = torch.zeros(64, FRAMES, BANDS)
    stroke[:, :12, 40:90] = torch.linspace(1.0, 0.4, 12)[None, :, None]
    varied = augment(stroke, seed=7, pitched=torch.zeros(64, dtype=torch.bool)).spectra
    loud = varied[:, :, 20:110].amax(dim=2)
    falling = loud[:, 0] - loud[:, 10]
    assert falling.median() > 0.4
    assert varied.isfinite().all()


def test_it_is_kept_in_two_mebibytes_and_read_back(
    tmp_path: Path, trained: tuple[Classifier, dict[str, float]]
) -> None:
    path = tmp_path / "classifier.safetensors"
    save_classifier(path, trained[0], about={"held_out": trained[1]})
    assert path.stat().st_size < 2 * 2**20
    again, header = load_classifier(path)
    assert header["held_out"] == trained[1]
    heard = torch.from_numpy(np.stack([classifier_input(tone(pitch, "brass")) for pitch in PITCHES]))
    for before, after in zip(trained[0](heard), again(heard), strict=True):
        assert torch.allclose(before, after, atol=0.05)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        load_classifier(tmp_path / "none.safetensors")
    save_weights(tmp_path, tiny_model(), about={})
    with pytest.raises(CheckpointError, match="not a classifier"):
        load_classifier(tmp_path / "weights.safetensors")
    with pytest.raises(DatasetError, match="held out"):
        train_classifier(prepared(held_out=True))
