"""Counting and listening to a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli.dataset import app
from nsynth_lab.dataset.check import PROBLEM_KINDS, check_dataset
from nsynth_lab.dataset.coverage import plot_coverage
from nsynth_lab.dataset.note_writer import note_entry
from nsynth_lab.dataset.notes import read_dataset
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.units import FloatArray, note_to_hz

RATE = 24_000


def tone(note: float, *, seconds: float = 0.4, level: float = 0.5) -> FloatArray:
    at = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * note_to_hz(note) * at) / k**2 for k in range(1, 6))
    return np.asarray(level / 1.5 * wave, np.float32)


def build(folder: Path, sounds: dict[int, FloatArray | None], **fields: Any) -> Path:
    """A data set of one instrument: pitch -> samples, or None for a missing file."""
    (folder / "audio").mkdir(parents=True)
    entries = {}
    for pitch, samples in sounds.items():
        entry = note_entry(
            family="reed",
            instrument_source="acoustic",
            number=7,
            pitch=pitch,
            velocity=100,
            sample_rate=RATE,
            **{"instrument_name": "oboe", **fields},
        )
        entries[entry["note_str"]] = entry
        if samples is not None:
            write_audio(folder / "audio" / f"{entry['note_str']}.wav", Audio(samples[None], RATE))
    (folder / "examples.json").write_text(json.dumps(entries))
    return folder


@pytest.fixture
def flawed(tmp_path: Path) -> Path:
    sounds = {
        60: tone(60),
        61: None,
        62: np.zeros(RATE // 2, np.float32),
        63: np.clip(5 * tone(63), -1, 1),
        64: tone(67),
        65: tone(77),
        66: tone(66, seconds=0.04),
        67: tone(67.3),
    }
    folder = build(tmp_path / "flawed", sounds)
    (folder / "audio" / "reed_acoustic_007-060-100.wav").rename(folder / "audio" / "x.wav")
    write_audio(folder / "audio" / "reed_acoustic_007-060-100.wav", Audio(tone(60)[None, ::2], RATE // 2))
    (folder / "audio" / "reed_acoustic_007-067-100.wav").write_bytes(b"RIFF junk")
    return folder


def test_each_flaw_is_found(flawed: Path) -> None:
    report = check_dataset(flawed, jobs=1)
    assert [(problem.kind, problem.note_str[-7:-4]) for problem in report.problems] == [
        ("missing", "061"),
        ("unlisted", ""),
        ("damaged", "067"),
        ("rate", "060"),
        ("silent", "062"),
        ("short", "066"),
        ("clipped", "063"),
        ("octave", "065"),
        ("mislabelled", "064"),
    ]
    assert {problem.kind for problem in report.problems} <= PROBLEM_KINDS.keys()
    assert (report.notes, report.listened) == (7, 7)
    assert report.families["reed"] == (1, 7)
    assert sum(notes for _, notes in report.families.values()) == 7
    (oboe,) = report.instruments
    assert (oboe.instrument_name, oboe.lowest, oboe.highest, oboe.velocities) == ("oboe", 60, 67, (100,))


def test_listening_is_optional_and_can_be_a_sample(flawed: Path) -> None:
    assert check_dataset(flawed, listen=False).listened == 0
    assert {problem.kind for problem in check_dataset(flawed, listen=False).problems} == {"missing", "unlisted"}
    assert 1 <= check_dataset(flawed, at_most=3, jobs=1).listened <= 3


def test_two_processes_find_what_one_finds(flawed: Path) -> None:
    assert check_dataset(flawed, jobs=2).problems == check_dataset(flawed, jobs=1).problems


def test_good_recordings_have_little_wrong(shared_data: Path) -> None:
    report = check_dataset(shared_data / "notes", at_most=100, jobs=1)
    assert (report.notes, len(report.instruments)) == (998, 77)
    assert report.held_out == pytest.approx(998 / 16, rel=0.2)
    assert len([problem for problem in report.problems if problem.kind != "octave"]) <= 2


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_picture_is_drawn_whatever_instruments_are_called(tmp_path: Path, ending: str, magic: bytes) -> None:
    records = read_dataset(build(tmp_path / "set", {60: tone(60)}, instrument_name="$x_{ 尺八 [red]"))
    path = plot_coverage(records, tmp_path / f"coverage.{ending}")
    assert path.read_bytes().startswith(magic)
    with pytest.raises(UsageError, match="--force"):
        plot_coverage(records, path)
    with pytest.raises(UsageError, match="ending"):
        plot_coverage(records, tmp_path / "coverage.xyz")
    with pytest.raises(DatasetError):
        plot_coverage([], tmp_path / f"other.{ending}")


def test_the_command_prints_a_report_and_json(flawed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app(["check", str(flawed), "--plot", str(flawed.parent / "c.png"), "-j", "1"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "1 mislabelled: sounds at another pitch than its label" in said
    assert "7 notes (" in said
    assert (flawed.parent / "c.png").stat().st_size > 5000
    app(["check", str(flawed), "--json", "--no-audio"], standalone_mode=False)
    report = json.loads(capsys.readouterr().out)
    assert report["families"]["reed"] == [1, 7]
    assert report["problems"][0]["kind"] == "missing"
    with pytest.raises(DatasetError, match="not a note data set"):
        app(["check", str(flawed.parent)], standalone_mode=False)
