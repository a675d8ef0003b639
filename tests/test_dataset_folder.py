"""A musician's recordings as a data set: names, ears, and every decision told."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli.dataset import app
from nsynth_lab.dataset.file_names import read_name, read_names
from nsynth_lab.dataset.from_folder import ImportOptions, import_folder
from nsynth_lab.dataset.notes import read_dataset
from nsynth_lab.dataset.recordings import find_recordings
from nsynth_lab.dataset.screening import ScreeningResult
from nsynth_lab.dsp.recording import is_clipped, trim
from nsynth_lab.errors import DatasetError, NsynthLabError, UsageError
from nsynth_lab.note import note_name
from nsynth_lab.units import FloatArray, note_to_hz

RATE = 44_100


def pluck(note: float, *, seconds: float = 1.0, level: float = 0.5) -> FloatArray:
    """A harmonic tone that decays by 40 dB a second."""
    at = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * note_to_hz(note) * at) / k**1.5 for k in range(1, 8))
    return np.asarray(level / 1.9 * wave * 10 ** (-2 * at), np.float32)


def record(path: Path, samples: FloatArray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(path, Audio(np.atleast_2d(samples), rate))


def silence(seconds: float) -> FloatArray:
    return np.zeros(int(seconds * RATE), np.float32)


def screen(folder: Path, **options: object) -> dict[str, ScreeningResult]:
    results = import_folder(folder, None, ImportOptions(**options), jobs=1)  # type: ignore[arg-type]
    return {found.file: found for found in results}


@pytest.mark.parametrize(
    ("stem", "pitch", "velocity"),
    [
        ("C4", 60, None),
        ("c#4", 61, None),
        ("Cs4", 61, None),
        ("Db4", 61, None),
        ("B3", 59, None),
        ("Bb3", 58, None),
        ("E♭5", 75, None),
        ("Fsharp2", 42, None),
        ("Trumpet_novib_ff_Db5", 73, 112),
        ("flute-A#4-mf", 70, 80),
        ("Flute_C-4", 60, None),
        ("horn C-1", 0, None),
        ("61", 61, None),
        ("piano 061 v100", 61, 100),
        ("Pack_Oboe_C3_060_v2_rr1", 60, None),
        ("bass_electronic_018-022-100", 22, 100),
        ("synth_lead_synthetic_004-036-127", 36, 127),
        ("bass_electronic_018-999-100", None, None),
        ("take 3", None, None),
        ("", None, None),
        ("loop 120bpm", None, None),
        ("pluck velocity-64 G2", 43, 64),
        ("H4", 71, None),
        ("A4 440Hz", 69, None),
    ],
)
def test_file_names(stem: str, pitch: int | None, velocity: int | None) -> None:
    named = read_name(stem)
    assert (named.pitch, named.velocity) == (pitch, velocity)


def test_every_note_name_is_read_in_each_counting_of_octaves() -> None:
    for note in range(12, 120):
        assert read_name(f"x_{note_name(note)}").pitch == note
        if note < 108:
            assert read_name(f"x_{note_name(note)}", middle_c=3).pitch == note + 12
    both = [f"{note_name(note)} {note:03d}" for note in range(12, 120)]
    for middle_c in (None, 3):
        assert [named.pitch for named, _ in read_names(both, middle_c=middle_c)] == list(range(12, 120))


def test_folders_tell_instrument_and_family(tmp_path: Path) -> None:
    for file in ("trumpet/C4", "brass/my horn/C4", "strings/C4", "thing/C4", "bass clarinet/C4", "C4"):
        record(tmp_path / "orchestra" / f"{file}.wav", pluck(60))
    recordings = {
        recording.file: (recording.family, recording.instrument_name)
        for recording in find_recordings(tmp_path / "orchestra")
    }
    assert recordings == {
        "trumpet/C4.wav": ("brass", "trumpet"),
        "brass/my horn/C4.wav": ("brass", "my horn"),
        "strings/C4.wav": ("string", "orchestra"),
        "thing/C4.wav": ("", "thing"),
        "bass clarinet/C4.wav": ("reed", "bass clarinet"),
        "C4.wav": ("", "orchestra"),
    }
    numbers = {
        recording.instrument_name: recording.number
        for recording in find_recordings(tmp_path / "orchestra")
        if recording.family == "brass"
    }
    assert numbers == {"my horn": 0, "trumpet": 1}


def test_layers_become_velocities(tmp_path: Path) -> None:
    for layer in (1, 2, 4):
        record(tmp_path / "piano" / f"C4 v{layer}.wav", pluck(60))
    assert [recording.velocity for recording in find_recordings(tmp_path)] == [32, 64, 127]


def test_each_kind_of_trouble_is_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    hiss = np.asarray(0.1 * noise.standard_normal(RATE), np.float32)
    quiet_hiss = np.asarray(0.008 * noise.standard_normal(2 * RATE), np.float32)
    folder = tmp_path / "piano"
    record(folder / "C4.wav", pluck(60))
    record(folder / "C4_again.wav", pluck(60))
    record(folder / "D4.wav", pluck(65))
    record(folder / "E4.wav", pluck(76))
    record(folder / "F4.wav", hiss)
    record(folder / "G4.wav", silence(1.0))
    record(folder / "A4.wav", pluck(69)[:2000])
    record(folder / "B4.wav", np.clip(20 * pluck(71), -1, 1))
    record(folder / "C5.wav", np.concatenate([silence(1.0), pluck(72)]) + quiet_hiss)
    record(folder / "what.wav", hiss)
    record(folder / "heard.wav", pluck(62.2))
    (folder / "D5.wav").write_bytes(b"not a sound")
    (folder / "notes.txt").write_text("not a sound file either")
    found = {
        file: (f.outcome, f.reasons[0].partition(":")[0] if f.reasons else "") for file, f in screen(folder).items()
    }
    assert found == {
        "C4.wav": ("taken", ""),
        "C4_again.wav": ("left out", "again"),
        "D4.wav": ("doubtful", "name and sound disagree"),
        "E4.wav": ("doubtful", "octave"),
        "F4.wav": ("doubtful", "no clear pitch"),
        "G4.wav": ("left out", "silent"),
        "A4.wav": ("left out", "too short"),
        "B4.wav": ("doubtful", "clipped"),
        "C5.wav": ("doubtful", "noisy"),
        "what.wav": ("left out", "no pitch"),
        "heard.wav": ("taken", ""),
        "D5.wav": ("left out", "unreadable"),
    }
    heard = screen(folder)["heard.wav"]
    assert (heard.pitch, heard.pitch_from) == (62, "measured")
    assert heard.measured == pytest.approx(62.2, abs=0.05)
    assert screen(folder, accept_doubtful=True)["D4.wav"].outcome == "taken"
    assert screen(folder, pitch_from="name")["D4.wav"].outcome == "taken"
    assert screen(folder, pitch_from="measured")["D4.wav"].pitch == 65
    assert screen(folder, middle_c=3)["E4.wav"].outcome == "taken"


def test_recordings_become_a_data_set_trimmed_and_told(tmp_path: Path) -> None:
    source = tmp_path / "flutes" / "wooden flute"
    record(source / "A4 v90.wav", np.concatenate([silence(0.5), pluck(69.1), silence(0.5)]))
    record(source / "brass_acoustic_046-084-100.flac", pluck(84), RATE)
    record(source / "C5.wav", np.stack([pluck(72), pluck(72)]) * 3)
    import_folder(tmp_path / "flutes", tmp_path / "set", ImportOptions(licence="CC0-1.0", attribution="me"), jobs=1)
    records = {record.note_str: record for record in read_dataset(tmp_path / "set")}
    assert sorted(records) == [
        "brass_acoustic_046-084-100",
        "flute_acoustic_000-069-090",
        "flute_acoustic_000-072-100",
    ]
    note = records["flute_acoustic_000-069-090"]
    assert (note.instrument_name, note.licence, note.attribution) == ("wooden flute", "CC0-1.0", "me")
    audio = read_audio(note.path)
    assert (audio.sample_rate, len(audio.samples)) == (RATE, 1)
    assert audio.seconds == pytest.approx(1.0, abs=0.04)
    assert int(np.argmax(np.abs(audio.samples[0]) > 0.1)) < 0.03 * RATE
    report = json.loads((tmp_path / "set" / "report.json").read_text())
    assert len(report) == 3
    assert {"file", "outcome", "pitch", "measured", "trust", "reasons"} <= report[0].keys()
    with pytest.raises(UsageError, match="--resume"):
        import_folder(tmp_path / "flutes", tmp_path / "set", ImportOptions(), jobs=1)


def test_trimming_keeps_tails_and_drops_what_precedes_the_note() -> None:
    decay = pluck(60, seconds=1.4)  # falls by 56 dB
    kept = trim(np.concatenate([silence(0.3), decay]), RATE, max_seconds=8.0)
    assert kept.start_seconds == pytest.approx(0.3, abs=0.021)
    assert kept.end_seconds == pytest.approx(1.7, abs=0.021)
    long = trim(decay, RATE, max_seconds=0.5)
    assert len(long.samples) == RATE // 2
    assert long.samples[-1] == 0


def test_a_soft_attack_is_not_noise() -> None:
    swell = pluck(60, seconds=2.0) * 10 ** (2 * np.arange(2 * RATE) / RATE)  # level throughout
    soft = np.concatenate([swell[: RATE // 2] * 0.03, swell[RATE // 2 :]])
    assert trim(np.asarray(soft, np.float32), RATE, max_seconds=8.0).start_seconds < 0.02


def test_clipping_is_flat_tops_at_full_scale() -> None:
    assert not is_clipped(pluck(60, level=1.9))
    assert is_clipped(np.clip(6 * pluck(60), -1, 1))
    assert not is_clipped(np.clip(6 * pluck(60), -0.4, 0.4)), "a square wave is no accident"
    assert not is_clipped(np.zeros(0, np.float32))


def test_what_cannot_be_is_refused_before_the_work(tmp_path: Path) -> None:
    source = tmp_path / "takes"
    record(source / "C4.wav", pluck(60))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="no such folder"):
        import_folder(tmp_path / "nowhere", None, ImportOptions())
    with pytest.raises(UsageError, match="no sound file"):
        import_folder(empty, None, ImportOptions())
    for options in (ImportOptions(family="kazoo"), ImportOptions(source="magic")):
        with pytest.raises(UsageError, match="unknown"):
            import_folder(source, None, options)
    with pytest.raises(UsageError, match="among the recordings"):
        import_folder(source, source / "out", ImportOptions())
    with pytest.raises(DatasetError, match="no family"):
        import_folder(source, tmp_path / "out", ImportOptions(), jobs=1)
    assert not (tmp_path / "out").exists()


def test_the_command_lists_what_it_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "organ" / "C4.wav", pluck(60))
    record(tmp_path / "organ" / "D4.wav", pluck(66))
    with pytest.raises(NsynthLabError, match="--dry-run"):
        app(["folder", str(tmp_path)], standalone_mode=False)
    app(["folder", str(tmp_path), "--dry-run", "--jobs", "1"], standalone_mode=False)
    said = capsys.readouterr()
    assert "2 files: 1 taken, 1 doubtful, 0 left out" in said.out
    assert "named D4 (62)" in said.out
    assert "2/2 files" in said.err
    app(["folder", str(tmp_path), "-o", str(tmp_path) + ".set", "--json", "-j", "1"], standalone_mode=False)
    assert [found["outcome"] for found in json.loads(capsys.readouterr().out)] == ["taken", "doubtful"]


def test_the_layers_of_a_well_known_piano_are_layers(tmp_path: Path) -> None:
    """Sixteen of them, v1 the softest, not all of them there."""
    for layer in (1, 8, 9, 10, 14, 16):
        record(tmp_path / "piano" / f"A3v{layer}.wav", pluck(57, level=layer / 16))
    found = screen(tmp_path)
    assert {file: one.velocity for file, one in found.items()} == {
        f"piano/A3v{layer}.wav": round(127 * layer / 16) for layer in (1, 8, 9, 10, 14, 16)
    }
    assert {one.outcome for one in found.values()} == {"taken"}
    assert "v1 to v16 number layers" in found["piano/A3v1.wav"].read_as


def test_a_number_in_a_name_does_not_move_the_octave(tmp_path: Path) -> None:
    """A model, a velocity, a length: each of the note's own pitch class."""
    truth = {"Juno-60_C3": 48, "Juno-60_A3": 57, "Pad-G3-127": 55, "Pad-E3-100": 52, "cello_Cs3_025_forte_arco": 49}
    for stem, pitch in truth.items():
        record(tmp_path / f"{stem}.wav", pluck(pitch))
    for options in ({}, {"pitch_from": "name"}):
        found = screen(tmp_path, family="string", **options)
        assert {file: (one.outcome, one.pitch) for file, one in found.items()} == {
            f"{stem}.wav": ("taken", pitch) for stem, pitch in truth.items()
        }


def test_the_sound_of_a_folder_settles_its_octave_and_one_file_does_not(tmp_path: Path) -> None:
    for pitch in (50, 55, 60, 64):
        record(tmp_path / "yamaha" / f"{note_name(pitch - 12)}.wav", pluck(pitch))
        record(tmp_path / "roland" / f"{note_name(pitch)}.wav", pluck(pitch))
    record(tmp_path / "roland" / "C5.wav", pluck(84))
    record(tmp_path / "single" / "C3.wav", pluck(60))
    found = screen(tmp_path, family="keyboard")
    assert {one.pitch for file, one in found.items() if file.startswith("yamaha")} == {50, 55, 60, 64}
    assert "middle C is C3, by their sound (4 of 4" in found["yamaha/C3.wav"].read_as
    assert found["roland/C4.wav"].pitch == 60
    assert [file for file, one in found.items() if one.outcome == "doubtful"] == ["roland/C5.wav", "single/C3.wav"]
    assert found["single/C3.wav"].reasons == (
        "octave: named C3, sounds 1 octave higher; is middle C not C4 here (--middle-c)?",
    )
    explanation = screen(tmp_path, family="keyboard", middle_c=4)
    assert explanation["yamaha/C3.wav"].outcome == "doubtful", "whoever says so is believed, and doubted"


def test_numbers_behind_notes_are_layers_if_they_get_louder(tmp_path: Path) -> None:
    for pitch in (48, 52, 55):
        for number in (1, 2, 3, 4):
            record(tmp_path / "layers" / f"{note_name(pitch)}_{number}.wav", pluck(pitch, level=number / 8))
            record(tmp_path / "takes" / f"{note_name(pitch)}_{number}.wav", pluck(pitch))
    found = screen(tmp_path, family="keyboard")
    assert [found[f"layers/C3_{number}.wav"].velocity for number in (1, 2, 3, 4)] == [32, 64, 95, 127]
    assert [found[f"takes/C3_{number}.wav"].velocity for number in (1, 2, 3, 4)] == [100] * 4
    assert found["takes/C3_2.wav"].reasons[0].startswith("again")


def test_what_is_not_a_single_note_is_doubted(tmp_path: Path) -> None:
    record(tmp_path / "Flute.pp.C4B4.wav", pluck(60))
    record(tmp_path / "C4_release.wav", pluck(60))
    record(tmp_path / "D4.wav", np.concatenate([pluck(62), pluck(65), pluck(69)]))
    record(tmp_path / "E4.wav", pluck(64, seconds=3.0))
    found = screen(tmp_path, family="flute", max_seconds=1.0)
    assert found["Flute.pp.C4B4.wav"].reasons == ("several notes: its name says C4 to B4; cut it into single notes",)
    assert found["C4_release.wav"].reasons[0].startswith("release")
    assert screen(tmp_path, family="flute")["D4.wav"].reasons[0].startswith("several notes: D4, F4, A4")
    assert (found["E4.wav"].outcome, found["E4.wav"].remarks) == (
        "taken",
        ("long: 1.5 s of sound, of which the first 1 s are used",),
    )


def test_an_offset_and_cancelling_sides_are_mended_and_told(tmp_path: Path) -> None:
    clean = np.concatenate([silence(0.3), pluck(57), silence(0.5)])
    record(tmp_path / "A3.wav", clean)
    record(tmp_path / "A3 v90.wav", clean + np.float32(0.05))
    record(tmp_path / "A3 v80.wav", np.stack([clean, -clean]))
    found = screen(tmp_path, family="string")
    assert {one.outcome for one in found.values()} == {"taken"}
    assert len({one.seconds for one in found.values()}) == 1
    assert found["A3 v90.wav"].remarks == ("constant offset: 5.0 % of full scale, taken off",)
    assert found["A3 v80.wav"].remarks == ("its channels cancel each other: the polarity of one of them is reversed",)
    import_folder(tmp_path, tmp_path.parent / "mended", ImportOptions("string"), jobs=1)
    first, *others = (read_audio(record.path).samples for record in read_dataset(tmp_path.parent / "mended"))
    for other in others:
        assert np.abs(other - first).max() < 1e-4


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="file names are UTF-8 there")
def test_names_that_are_not_utf_8_are_escaped_and_the_rest_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "flute"
    record(source / "Flute_F#4.wav", pluck(66))
    odd = os.fsencode(source) + b"/Fl\xf6te"
    os.mkdir(odd)
    os.rename(os.fsencode(source) + b"/Flute_F#4.wav", odd + b"/Fl\xf6te_F#4.wav")
    record(source / "Flute_C4.wav", pluck(60))
    words = ["folder", str(source), "-o", str(tmp_path / "set"), "--attribution", "J\udcf6rg", "-j", "1"]
    app(words, standalone_mode=False)
    assert "Fl\\xf6te/Fl\\xf6te_F#4.wav" in capsys.readouterr().out
    report = json.loads((tmp_path / "set" / "report.json").read_text("utf-8"))
    assert [one["file"] for one in report] == ["Flute_C4.wav", "Fl\\xf6te/Fl\\xf6te_F#4.wav"]
    assert report[0]["outcome"] == "taken"
    assert report[1]["outcome"] == "taken"
    entries = json.loads((tmp_path / "set" / "examples.json").read_text("utf-8"))
    assert {entry["attribution"] for entry in entries.values()} == {"J\\xf6rg"}


def test_how_names_were_read_stands_in_the_data_set_and_below_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for pitch in (60, 62):
        record(tmp_path / "organ" / f"Organ_{pitch}_{note_name(pitch - 12)}_v90.wav", pluck(pitch))
    app(["folder", str(tmp_path / "organ"), "-o", str(tmp_path / "set"), "-j", "1"], standalone_mode=False)
    said = capsys.readouterr().out
    assert (
        "names such as organ_*_NOTE_VELOCITY (2): middle C is C3, by the numbers beside the notes; numbers after a v"
        in said
    )
    (scheme,) = json.loads((tmp_path / "set" / "names.json").read_text("utf-8"))
    assert (scheme["pattern"], scheme["files"], scheme["middle_c"]) == ("organ_*_NOTE_VELOCITY", 2, 3)
