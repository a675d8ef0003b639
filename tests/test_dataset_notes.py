"""Reading and writing data sets in NSynth's layout, with NSynth's traps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.note_writer import NoteWriter, note_entry
from nsynth_lab.dataset.notes import NoteRecord, is_held_out, read_dataset, scan_dataset
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.note import FAMILIES, SOURCES

RATE = 16_000
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a data set of these entries, each with a short tone unless named in `without`."""

    def write(entries: Any, *, ending: str = ".wav", without: tuple[str, ...] = ()) -> Path:
        (tmp_path / "audio").mkdir(exist_ok=True)
        (tmp_path / "examples.json").write_text(json.dumps(entries))
        tone = Audio((np.sin(np.arange(RATE // 10) / 5) / 2).astype(np.float32)[None], RATE)
        for name in entries:
            if name not in without and "/" not in name:
                write_audio(tmp_path / "audio" / f"{name}{ending}", tone, force=True)
        return tmp_path

    return write


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_every_family_and_source_is_read_back_as_written(make: Make, ending: str) -> None:
    entries = {}
    for number, (family, source) in enumerate((f, s) for f in FAMILIES for s in SOURCES):
        entry = note_entry(
            family=family, instrument_source=source, number=number, pitch=60, velocity=100, sample_rate=RATE
        )
        entries[entry["note_str"]] = entry
    records = read_dataset(make(entries, ending=ending))
    assert {(r.family, r.source) for r in records} == {(f, s) for f in FAMILIES for s in SOURCES}
    assert {(r.pitch, r.velocity, r.sample_rate, r.hold_seconds) for r in records} == {(60, 100, RATE, None)}
    assert len({entry["note"] for entry in entries.values()}) == len(entries)
    assert all(r.path.suffix == ending and r.path.is_file() for r in records)


def test_note_is_an_id_and_never_the_pitch(make: Make) -> None:
    folder = make({"bass_synthetic_009-010-025": {"note": 60, "pitch": 10}})
    assert read_dataset(folder)[0].pitch == 10


def test_what_an_entry_lacks_is_read_from_the_right_of_its_name(make: Make) -> None:
    record = read_dataset(make({"synth_lead_synthetic_004-036-127": {}}))[0]
    assert (record.family, record.source, record.instrument_str) == (
        "synth_lead",
        "synthetic",
        "synth_lead_synthetic_004",
    )
    assert (record.pitch, record.velocity, record.sample_rate) == (36, 127, 0)
    assert record.instrument_name == "synth_lead_synthetic_004"


def test_pitches_outside_the_documented_range_stay_and_impossible_ones_go(make: Make) -> None:
    names = ["bass_synthetic_009-009-025", "mallet_acoustic_056-119-100", "mallet_acoustic_056-128-100"]
    records, problems = scan_dataset(make({name: {} for name in names}))
    assert [record.pitch for record in records] == [9, 119]
    assert [(problem.note_str, problem.kind) for problem in problems] == [(names[2], "label")]


def test_the_known_noise_notes_are_left_out(make: Make) -> None:
    names = [f"brass_acoustic_046-{pitch:03d}-100" for pitch in range(82, 111)]
    records, problems = scan_dataset(make({name: {} for name in names}))
    assert [record.pitch for record in records] == [82, 83, 109, 110]
    assert {problem.kind for problem in problems} == {"noise"}
    own = {names[10]: {"instrument_name": "my horn"}}
    assert len(read_dataset(make(own))) == 1, "a brass 046 that is not NSynth's"


def test_numbers_in_lists_and_indices_for_words_are_understood(make: Make) -> None:
    entry = {
        "pitch": [61],
        "velocity": [50],
        "instrument_family": 9,
        "instrument_source": 2,
        "qualities": [1] + [0] * 9,
    }
    record = read_dataset(make({"a": entry}))[0]
    assert (record.pitch, record.velocity, record.family, record.source) == (61, 50, "synth_lead", "synthetic")
    assert record.qualities == ("bright",)


def test_a_missing_file_is_named_and_the_rest_is_read(make: Make) -> None:
    folder = make({f"flute_acoustic_000-06{n}-100": {} for n in range(3)}, without=("flute_acoustic_000-061-100",))
    records, problems = scan_dataset(folder)
    assert [record.pitch for record in records] == [60, 62]
    assert [(problem.note_str, problem.kind) for problem in problems] == [("flute_acoustic_000-061-100", "missing")]


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "..", "c\\d"])
def test_a_name_that_leads_out_of_the_folder_is_refused(make: Make, tmp_path: Path, name: str) -> None:
    write_audio(tmp_path / "outside.wav", Audio(np.full((1, 800), 0.5, np.float32), RATE))
    folder = make({name: {"pitch": 60, "instrument_family_str": "bass", "instrument_source_str": "acoustic"}})
    with pytest.raises(DatasetError, match="leads out"):
        read_dataset(folder)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(make: Make, tmp_path: Path) -> None:
    name = "flute_acoustic_000-060-100"
    folder = make({name: {}}, without=(name,))
    outside = write_audio(tmp_path / "secret.wav", Audio(np.full((1, 800), 0.5, np.float32), RATE))
    (folder / "audio" / f"{name}.wav").symlink_to(outside)
    with pytest.raises(DatasetError, match="no usable note"):
        read_dataset(folder)


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "\x00\xff", "[" * 100_000])
def test_a_damaged_list_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "examples.json").write_text(text)
    with pytest.raises(DatasetError, match=r"examples\.json") as caught:
        read_dataset(tmp_path)
    assert "\n" not in str(caught.value)


def test_hostile_values_are_problems_not_crashes(make: Make) -> None:
    values: list[Any] = [None, {}, [], "x", 1e400, float("nan"), True, [[60]], "é" * 10_000, -5]
    entries = {
        f"n{index}": {"pitch": value, "velocity": value, "qualities": value} for index, value in enumerate(values)
    }
    entries |= {f"m{index}": value for index, value in enumerate(values)}
    records, problems = scan_dataset(make(entries))
    assert not records
    assert Counter(problem.kind for problem in problems) == {"label": 11, "damaged": 9}


def test_text_of_strangers_is_safe_to_print(make: Make) -> None:
    folder = make({"flute_acoustic_000-060-100": {"instrument_name": "\x1b[31mred\n\x07", "licence": "x" * 999}})
    record = read_dataset(folder)[0]
    assert record.instrument_name == "[31mred"
    assert len(record.licence) == 200


def test_a_held_out_pitch_is_held_out_at_every_velocity_for_ever() -> None:
    def record(number: int, pitch: int, velocity: int) -> NoteRecord:
        name = f"reed_acoustic_{number:03d}"
        return NoteRecord(Path(), "", "", name, name, "reed", "acoustic", pitch, velocity, RATE)

    notes = [record(number, pitch, 100) for number in range(100) for pitch in range(21, 109)]
    held_out = [note for note in notes if is_held_out(note)]
    assert 1 / 18 < len(held_out) / len(notes) < 1 / 14
    assert all(is_held_out(replace(note, velocity=25)) for note in held_out)
    assert [note.pitch for note in held_out[:4]] == FIRST_HELD_OUT


FIRST_HELD_OUT = [23, 48, 56, 76]  # of reed_acoustic_000: any other answer would train on what was measured with


def _flute(pitch: int) -> dict[str, Any]:
    entry = note_entry(
        family="flute", instrument_source="acoustic", number=1, pitch=pitch, velocity=100, sample_rate=RATE
    )
    return {entry["note_str"]: entry}


def test_a_writer_is_carried_on_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder, recipe = tmp_path / "set", {"kind": "test", "holds": (1, 2)}
    NoteWriter(folder, recipe).add("a", _flute(60))
    assert not (folder / "examples.json").exists()
    writer = NoteWriter(folder, recipe, resume=True)
    assert (writer.is_done("a"), writer.is_done("b")) == (True, False)
    writer.add("b", {**_flute(61), "flute_acoustic_001-062-100": {}})
    assert writer.finish() == 2
    assert sorted(path.name for path in folder.iterdir()) == ["audio", "examples.json", "recipe.json"]
    assert sorted(json.loads((folder / "examples.json").read_text())) == [*_flute(60), *_flute(61)]


def test_a_folder_in_the_way_is_refused_and_never_harmed(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    NoteWriter(folder, {"kind": "test"}).add("a", _flute(60))
    with pytest.raises(UsageError, match="--resume"):
        NoteWriter(folder, {"kind": "test"})
    with pytest.raises(UsageError, match="other options"):
        NoteWriter(folder, {"kind": "other"}, resume=True)
    NoteWriter(folder, {"kind": "test"}, resume=True).finish()
    with pytest.raises(UsageError, match="complete"):
        NoteWriter(folder, {"kind": "test"}, resume=True)
    NoteWriter(folder, {"kind": "other"}, force=True)
    assert not (folder / "examples.json").exists()
    (folder / "thesis.txt").write_text("years of work")
    for flags in ({}, {"force": True}, {"resume": True}):
        with pytest.raises(UsageError, match=r"thesis\.txt"):
            NoteWriter(folder, {"kind": "test"}, **flags)
    assert (folder / "thesis.txt").read_text() == "years of work"
    with pytest.raises(UsageError, match="is a file"):
        NoteWriter(folder / "thesis.txt", {})


def test_recordings_of_many_makers_are_read(shared_data: Path) -> None:
    records, problems = scan_dataset(shared_data / "notes")
    assert (len(records), len(problems)) == (998, 0)
    assert len({record.instrument_str for record in records}) == 77
    assert all(record.licence and record.attribution for record in records)


def test_nsynths_own_notes_are_read(shared_data: Path) -> None:
    records, problems = scan_dataset(shared_data / "nsynth")
    assert (len(records), len(problems)) == (60, 0)
    assert {record.sample_rate for record in records} == {16_000}
    assert any("fast_decay" in record.qualities for record in records)
