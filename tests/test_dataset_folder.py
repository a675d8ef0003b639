"""A musician's recordings as a data set: names, ears, and every decision told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli.dataset import app
from nsynth_lab.dsp.recording import is_clipped, trim
from nsynth_lab.errors import DatasetError, NsynthLabError, UsageError
from nsynth_lab.note import note_name
from nsynth_lab.train.file_names import read_name, read_names
from nsynth_lab.train.findings import Finding
from nsynth_lab.train.folder import Import, import_folder
from nsynth_lab.train.notes import read_dataset
from nsynth_lab.train.takes import find_takes
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


def examine(folder: Path, **options: object) -> dict[str, Finding]:
    findings = import_folder(folder, None, Import(**options), jobs=1)  # type: ignore[arg-type]
    return {found.file: found for found in findings}


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
    takes = {take.file: (take.family, take.instrument_name) for take in find_takes(tmp_path / "orchestra")}
    assert takes == {
        "trumpet/C4.wav": ("brass", "trumpet"),
        "brass/my horn/C4.wav": ("brass", "my horn"),
        "strings/C4.wav": ("string", "orchestra"),
        "thing/C4.wav": ("", "thing"),
        "bass clarinet/C4.wav": ("reed", "bass clarinet"),
        "C4.wav": ("", "orchestra"),
    }
    numbers = {
        take.instrument_name: take.number for take in find_takes(tmp_path / "orchestra") if take.family == "brass"
    }
    assert numbers == {"my horn": 0, "trumpet": 1}


def test_layers_become_velocities(tmp_path: Path) -> None:
    for layer in (1, 2, 4):
        record(tmp_path / "piano" / f"C4 v{layer}.wav", pluck(60))
    assert [take.velocity for take in find_takes(tmp_path)] == [32, 64, 127]


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
        file: (f.outcome, f.reasons[0].partition(":")[0] if f.reasons else "") for file, f in examine(folder).items()
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
    heard = examine(folder)["heard.wav"]
    assert (heard.pitch, heard.pitch_from) == (62, "measured")
    assert heard.measured == pytest.approx(62.2, abs=0.05)
    assert examine(folder, accept_doubtful=True)["D4.wav"].outcome == "taken"
    assert examine(folder, pitch_from="name")["D4.wav"].outcome == "taken"
    assert examine(folder, pitch_from="measured")["D4.wav"].pitch == 65
    assert examine(folder, middle_c=3)["E4.wav"].outcome == "taken"


def test_recordings_become_a_data_set_trimmed_and_told(tmp_path: Path) -> None:
    source = tmp_path / "flutes" / "wooden flute"
    record(source / "A4 v90.wav", np.concatenate([silence(0.5), pluck(69.1), silence(0.5)]))
    record(source / "brass_acoustic_046-084-100.flac", pluck(84), RATE)
    record(source / "C5.wav", np.stack([pluck(72), pluck(72)]) * 3)
    import_folder(tmp_path / "flutes", tmp_path / "set", Import(licence="CC0-1.0", attribution="me"), jobs=1)
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
        import_folder(tmp_path / "flutes", tmp_path / "set", Import(), jobs=1)


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
        import_folder(tmp_path / "nowhere", None, Import())
    with pytest.raises(UsageError, match="no sound file"):
        import_folder(empty, None, Import())
    for options in (Import(family="kazoo"), Import(source="magic")):
        with pytest.raises(UsageError, match="unknown"):
            import_folder(source, None, options)
    with pytest.raises(UsageError, match="among the recordings"):
        import_folder(source, source / "out", Import())
    with pytest.raises(DatasetError, match="no family"):
        import_folder(source, tmp_path / "out", Import(), jobs=1)
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
