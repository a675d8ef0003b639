"""`blend`, `encode`, `decode` and `instruments` with the model that comes with the repository: what musicians get."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import soundfile
from safetensors import safe_open

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.evaluate.metrics.distances import mel_db, mel_error_db
from nsynth_lab.latents import read_latents
from nsynth_lab.model.bank import BANK
from nsynth_lab.model.headers import WEIGHTS
from nsynth_lab.note import INSTRUMENT_FAMILIES, Note, parse_note
from nsynth_lab.render import DEFAULT_CHECKPOINT, Session, measured_f0_hz
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz, ratio_to_cents

Command = Callable[..., dict[str, Any]]

F0_CENTS = 10.0
MEL_ERROR_DB = 4.5  # of one note; the mean over held-out notes stands in the model card


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that must succeed, and return what it says as JSON."""

    def command(*words: str) -> dict[str, Any]:
        assert run([*words, "--json", "--force"]) == 0, capsys.readouterr().err
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        return report

    return command


def heard(path: str) -> FloatArray:
    audio = read_audio(path)
    assert audio.sample_rate == SAMPLE_RATE
    return audio.mono()


def centroid_hz(samples: FloatArray) -> float:
    """Centre of gravity of the magnitude spectrum, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.average(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), weights=spectrum))


def held_level_db(samples: FloatArray) -> float:
    level = loudness_db(samples)
    return float(np.median(level[len(level) // 4 : 3 * len(level) // 4]))


def own_recording(path: str, *, hz: float = 262.5, sample_rate: int = 44_100) -> str:
    """A stereo recording of somewhat more than C4, with silence before it."""
    at = np.arange(sample_rate) / sample_rate
    sound = sum(np.sin(2 * np.pi * hz * order * at) / order**2 for order in range(1, 9))
    sound = 0.3 * sound * np.minimum(1.0, at / 0.02) * np.minimum(1.0, (1.0 - at) / 0.1)
    padded = np.concatenate([np.zeros(sample_rate // 4), sound])
    write_audio(path, Audio(np.stack([padded, 0.5 * padded]).astype(np.float32), sample_rate), force=True)
    return path


def test_two_names_make_one_note(command: Command) -> None:
    began = time.perf_counter()
    report = command("blend", "flute", "cello", "--duration", "2", "-o", "half.wav")
    took_seconds = time.perf_counter() - began
    samples = heard("half.wav")
    assert report["files"] == ["half.wav"]
    assert report["seconds"] == pytest.approx(len(samples) / SAMPLE_RATE, abs=1e-3)
    assert report["peak"] == pytest.approx(np.abs(samples).max(), abs=1e-4)
    assert 0.02 < report["peak"] < 1.0
    assert report["times_real_time"] + 0.05 > report["seconds"] / took_seconds, "reading the model is left out"
    assert (report["note"], report["velocity"], report["asked_f0_hz"]) == ("A4", 100, 440.0)
    assert report["f0_hz"] == pytest.approx(measured_f0_hz(Audio(samples[None]), Note(69)), rel=1e-4)


def test_without_json_it_says_what_it_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["blend", "flute", "cello", "--duration", "0.5", "-o", "half.wav"]) == 0
    told = capsys.readouterr()
    said, path = told.out.splitlines()
    assert path == "half.wav"
    for part in ("model ", "A4", "0.50 s", "x real time", "peak", "cents", "440.00 Hz asked"):
        assert part in said
    assert told.err.startswith("decoding: ")


@pytest.mark.parametrize("note", ["D4", "A4", "E5", "C6", "F#6"])
def test_a_flute_plays_the_note_that_is_asked_for(command: Command, note: str) -> None:
    report = command("blend", "flute", "flute", "--note", note, "--duration", "1.5", "-o", "flute.wav")
    assert report["asked_f0_hz"] == pytest.approx(note_to_hz(float(parse_note(note))), abs=0.01)
    assert abs(ratio_to_cents(report["f0_hz"] / report["asked_f0_hz"])) < F0_CENTS


@pytest.mark.parametrize("position", ["0", "0.5", "1"])
def test_a_blend_has_one_pitch_and_it_is_right(command: Command, position: str) -> None:
    report = command("blend", "flute", "trumpet", "--position", position, "--note", "C5", "-o", "one.wav")
    assert abs(ratio_to_cents(report["f0_hz"] / report["asked_f0_hz"])) < F0_CENTS


@pytest.mark.parametrize(("first", "second"), [("flute", "cello"), ("trumpet", "choir aahs"), ("oboe", "church organ")])
def test_half_way_lies_between_its_ends(command: Command, first: str, second: str) -> None:
    levels, colours = [], []
    for position in ("0", "0.5", "1"):
        command("blend", first, second, "--position", position, "--note", "F4", "-o", "at.wav")
        samples = heard("at.wav")
        levels.append(held_level_db(samples))
        colours.append(centroid_hz(samples))
    assert min(levels[0], levels[2]) - 1.0 < levels[1] < max(levels[0], levels[2]) + 1.0
    assert 0.95 * min(colours[0], colours[2]) < colours[1] < 1.05 * max(colours[0], colours[2])


@pytest.mark.parametrize("seconds", [0.2, 3.0, 30.0])
@pytest.mark.parametrize("other", ["cello", "choir aahs"])
def test_any_length_is_exact_and_sounds_throughout(command: Command, seconds: float, other: str) -> None:
    command("blend", "flute", other, "--duration", str(seconds), "-o", "long.wav")
    samples = heard("long.wav")
    assert len(samples) == seconds * SAMPLE_RATE
    level = loudness_db(samples)
    release = 3 if seconds < 1 else 4  # of a fifth of a second, the last two fifths are release
    middle = level[len(level) // 5 : release * len(level) // 5]
    assert middle.min() > level.max() - 30.0


def test_a_long_note_is_not_a_loop(command: Command) -> None:
    command("blend", "flute", "cello", "--duration", "20", "-o", "long.wav")
    level = loudness_db(heard("long.wav"))[200:1600]
    level = level - level.mean()
    lags = [float(level[:-lag] @ level[lag:]) / float(level @ level) for lag in range(150, 700)]
    assert max(lags) < 0.9


def test_the_same_command_makes_the_same_file(command: Command) -> None:
    words = ("blend", "flute", "cello", "--duration", "1", "--position", "0.3")
    for name, seed in (("a.wav", "7"), ("b.wav", "7"), ("c.wav", "8")):
        command(*words, "--seed", seed, "-o", name)
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes()
    assert not np.array_equal(heard("a.wav"), heard("c.wav"))


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "aiff"])
def test_a_file_carries_its_recipe(command: Command, ending: str) -> None:
    words = ("--position", "0.3", "--note", "C5", "--velocity", "90", "--duration", "0.5", "--timbre", "0.9")
    report = command("blend", "flute", "cello", *words, "--seed", "5", "-o", f"out.{ending}")
    with soundfile.SoundFile(f"out.{ending}") as file:
        recipe = json.loads(file.comment)
    assert recipe["command"] == "blend"
    assert recipe["sources"] == ["flute", "cello"]
    assert recipe["note"] == {"number": 72, "velocity": 90}
    assert (recipe["position"], recipe["timbre"], recipe["seconds"]) == ([0.3], 0.9, 0.5)
    assert (recipe["model"], recipe["seed"]) == (report["model"], 5)
    assert recipe["nsynth_lab"]


def test_mp3_is_written(command: Command) -> None:
    command("blend", "flute", "cello", "--duration", "1", "-o", "out.mp3")
    assert read_audio("out.mp3").seconds == pytest.approx(1.0, abs=0.1)


def test_a_series_is_a_file_and_its_steps(command: Command) -> None:
    report = command("blend", "flute", "cello", "--steps", "3", "--duration", "0.8", "-o", "series.wav")
    assert report["files"] == ["series.wav", "series-1.wav", "series-2.wav", "series-3.wav"]
    singles = [heard(path) for path in report["files"][1:]]
    gap = np.zeros(SAMPLE_RATE // 4, np.float32)
    joined = np.concatenate([singles[0], gap, singles[1], gap, singles[2]])
    np.testing.assert_array_equal(heard("series.wav"), joined)
    assert report["seconds"] == pytest.approx(len(joined) / SAMPLE_RATE, abs=1e-3)
    for single, position in zip(singles, ("0", "0.5", "1"), strict=True):
        command("blend", "flute", "cello", "--position", position, "--duration", "0.8", "-o", "one.wav")
        np.testing.assert_array_equal(heard("one.wav"), single)


def test_ten_steps_sort_by_name(command: Command) -> None:
    report = command("blend", "flute", "cello", "--steps", "10", "--duration", "0.1", "-o", "s.flac")
    assert report["files"][1:] == sorted(report["files"][1:])
    assert len(report["files"]) == 11
    assert all(Path(path).is_file() for path in report["files"])


def test_a_morph_begins_as_one_and_ends_as_the_other(command: Command) -> None:
    for name, place in {
        "first": ("--position", "0"),
        "last": ("--position", "1"),
        "morph": ("--curve", "0:0,0.8:0,1.2:1"),
        "still": ("--curve", "0:0"),
    }.items():
        command("blend", "flute", "cello", *place, "--duration", "2", "-o", f"{name}.wav")
    first, last, morph, still = (mel_db(heard(f"{name}.wav")) for name in ("first", "last", "morph", "still"))

    def apart(one: FloatArray, other: FloatArray, frames: slice) -> float:
        return float(np.abs(one[frames].clip(-60.0) - other[frames].clip(-60.0)).mean())

    np.testing.assert_array_equal(still, first)
    early, late = slice(20, 65), slice(125, 160)
    assert apart(morph, first, early) < 0.5 * apart(morph, last, early)
    assert apart(morph, last, late) < 0.5 * apart(morph, first, late)


def test_four_corners(command: Command) -> None:
    names = ("flute", "cello", "oboe", "choir aahs")
    short = ("--duration", "0.7", "-o")
    for corner, name in zip(("0,0", "1,0", "0,1", "1,1"), names, strict=True):
        command("blend", *names, "--position", corner, *short, "corner.wav")
        command("blend", name, name, *short, "alone.wav")
        level = held_level_db(heard("corner.wav"))
        assert level == pytest.approx(held_level_db(heard("alone.wav")), abs=0.05)
    command("blend", *names, "--position", "0.3,0", *short, "edge.wav")
    command("blend", *names[:2], "--position", "0.3", *short, "pair.wav")
    np.testing.assert_allclose(heard("edge.wav"), heard("pair.wav"), atol=2e-3)
    command("blend", *names, *short, "middle.wav")
    with soundfile.SoundFile("middle.wav") as file:
        assert json.loads(file.comment)["position"] == [0.5, 0.5]


@pytest.mark.parametrize("stream", ["timbre", "loudness", "partials"])
def test_a_stream_has_a_position_of_its_own(command: Command, stream: str) -> None:
    place = ("blend", "glockenspiel", "cello", "--note", "C6", "--duration", "1")
    command(*place, "--position", "1", "-o", "plain.wav")
    command(*place, "--position", "1", f"--{stream}", "1", "-o", "same.wav")
    command(*place, "--position", "1", f"--{stream}", "0", "-o", "moved.wav")
    np.testing.assert_array_equal(heard("same.wav"), heard("plain.wav"))
    assert np.abs(heard("moved.wav") - heard("plain.wav")).max() > 0.01


def test_loudness_alone_gives_the_others_course(command: Command) -> None:
    place = ("blend", "glockenspiel", "cello", "--note", "C6", "--duration", "2")
    command(*place, "--position", "0", "-o", "struck.wav")
    command(*place, "--position", "1", "--loudness", "0", "-o", "bowed.wav")
    struck, bowed = (loudness_db(heard(name)) for name in ("struck.wav", "bowed.wav"))
    sounding = struck > struck.max() - 40.0
    assert float(np.median(np.abs(struck - bowed)[sounding])) < 3.0


def test_a_picture_is_drawn(command: Command) -> None:
    report = command(
        "blend", "flute", "cello", "--steps", "2", "--duration", "0.5", "-o", "out.wav", "--plot", "out.png"
    )
    assert report["plot"] == "out.png"
    picture = matplotlib.image.imread("out.png")
    assert picture.shape[0] > 300
    assert picture.shape[1] > 400
    assert float(picture[..., :3].std()) > 0.05


def test_a_name_with_a_recording_of_ones_own(command: Command) -> None:
    own_recording("mine.wav")
    for position in ("0", "0.5"):
        report = command("blend", "mine.wav", "flute", "--position", position, "--note", "E4", "-o", "out.wav")
        assert abs(ratio_to_cents(report["f0_hz"] / report["asked_f0_hz"])) < 25.0  # 262.5 Hz is 6 cents above C4
        assert heard("out.wav").max() > 0.02


def test_a_latents_file_is_the_recording_it_was_made_of(command: Command) -> None:
    own_recording("mine.wav")
    assert command("encode", "mine.wav", "-o", "mine.latents")["note"] == "C4"
    for source in ("mine.wav", "mine.latents"):
        command("blend", source, "flute", "--position", "0.2", "--note", "D4", "-o", f"{source}.out.wav")
    np.testing.assert_array_equal(heard("mine.wav.out.wav"), heard("mine.latents.out.wav"))


def test_latents_carry_their_recipe(command: Command) -> None:
    own_recording("mine.wav")
    report = command("encode", "mine.wav", "--source-note", "C4", "--source-velocity", "80", "-o", "mine.latents")
    assert (report["note"], report["note_was"]) == ("C4", "given")
    latents = read_latents("mine.latents")
    assert report["frames"] == latents.frames
    assert latents.provenance["recording"] == "mine.wav"
    assert latents.provenance["velocity"] == latents.velocity == 80
    assert latents.provenance["model"] == latents.model_id == report["model"]


def test_decoding_at_another_note_and_length(command: Command) -> None:
    own_recording("mine.wav")
    command("encode", "mine.wav", "-o", "mine.latents")
    own = read_latents("mine.latents")
    report = command("decode", "mine.latents", "-o", "own.wav")
    assert (report["note"], report["model"]) == ("C4", own.model_id)
    samples = heard("own.wav")
    assert len(samples) == own.samples
    assert report["seconds"] == pytest.approx(own.seconds, abs=1e-3)
    assert report["peak"] == pytest.approx(read_audio("own.wav").peak, abs=1e-4)  # the recording is stereo
    for note, seconds in (("G4", 0.5), ("C5", 6.0), ("C3", 2.0)):
        report = command("decode", "mine.latents", "--note", note, "--duration", str(seconds), "-o", "moved.wav")
        assert report["note"] == note
        samples = heard("moved.wav")
        assert len(samples) == seconds * SAMPLE_RATE
        f0_hz = measured_f0_hz(Audio(samples[None]), Note(parse_note(note)))
        assert f0_hz is not None
        wanted_hz = note_to_hz(float(parse_note(note))) * 262.5 / note_to_hz(60.0)
        assert abs(ratio_to_cents(f0_hz / wanted_hz)) < F0_CENTS
    command("decode", "mine.latents", "-o", "again.wav")
    assert Path("again.wav").read_bytes() == Path("own.wav").read_bytes()


def test_encoded_and_decoded_a_note_stays_near_its_source(command: Command, shared_data: Path) -> None:
    examples = json.loads((shared_data / "notes" / "examples.json").read_text("utf-8"))
    wanted = ("flute", "keyboard", "string")
    chosen = [next(name for name in sorted(examples) if name.startswith(family) and name[-7:-4] >= "060")
              for family in wanted]  # fmt: skip
    for name in chosen:
        pitch = str(examples[name]["pitch"])
        source = shared_data / "notes" / "audio" / f"{name}.flac"
        command("encode", str(source), "--source-note", pitch, "-o", "note.latents")
        command("decode", "note.latents", "-o", "note.wav")
        recorded = read_audio(source)
        original = resample(recorded.mono()[None], recorded.sample_rate)[0]
        decoded = heard("note.wav")
        length = min(len(original), len(decoded))
        assert mel_error_db(decoded[:length], original[:length]) < MEL_ERROR_DB, name


def test_the_bank_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["instruments", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    names = [row["name"] for row in rows]
    assert len(names) == len(set(names)) >= 80
    assert {row["family"] for row in rows} == set(INSTRUMENT_FAMILIES)
    assert {"flute", "cello", "trumpet", "glockenspiel", "choir aahs", "church organ"} <= set(names)
    assert all(parse_note(row["lowest"]) <= parse_note(row["highest"]) for row in rows)
    assert all(row["licence"] for row in rows)
    assert run(["instruments", "--family", "reed"]) == 0
    table = capsys.readouterr().out
    assert "oboe" in table
    assert "flute" not in table


def test_the_bank_can_be_searched(capsys: pytest.CaptureFixture[str]) -> None:
    """By words of the name, the family or the licence, whatever their case; all of several must be there."""

    def found(*words: str) -> list[dict[str, str]]:
        assert run(["instruments", "--json", *(part for word in words for part in ("--search", word))]) == 0
        rows: list[dict[str, str]] = json.loads(capsys.readouterr().out)
        return rows

    everything = found()
    assert {row["name"] for row in found("Choir-AAHS")} == {"choir aahs"}
    assert found("brass") == [row for row in everything if "brass" in f"{row['name']} {row['family']}"]
    assert found("MIT") == [row for row in everything if "mit" in f"{row['name']} {row['licence']}".lower()]
    assert found("string", "bow") == [row for row in found("string") if row in found("bow")]
    assert run(["instruments", "--search", "no such thing"]) == 0
    assert "no instrument is like that" in capsys.readouterr().err


def test_a_bank_of_ones_own(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    Path("model").mkdir()
    shutil.copy(DEFAULT_CHECKPOINT / WEIGHTS, "model")
    Path("notes", "audio").mkdir(parents=True)
    for pitch, velocity in ((60, 50), (60, 100), (62, 100), (67, 100)):
        own_recording(f"notes/audio/vocal_acoustic_000-{pitch:03d}-{velocity:03d}.wav", hz=note_to_hz(float(pitch)))
    names = [path.stem for path in Path("notes", "audio").iterdir()]
    Path("notes", "examples.json").write_text(json.dumps({name: {"instrument_name": "My Voice"} for name in names}))
    assert run(["bank", "notes", "--spacing", "7", "--layers", "2", "--checkpoint", "model"]) == 0
    assert "1 instruments, 3 zones" in capsys.readouterr().out
    with safe_open(f"model/{BANK}", framework="np") as file:
        recipe = json.loads(file.metadata()["nsynth_lab"])["recipe"]
    assert (recipe["data"], recipe["spacing"], recipe["layers"]) == (["notes"], 7, 2)
    report = command("blend", "my voice", "voice", "--note", "E4", "--checkpoint", "model", "-o", "out.wav")
    assert abs(ratio_to_cents(report["f0_hz"] / report["asked_f0_hz"])) < F0_CENTS


def test_a_name_need_not_be_whole() -> None:
    bank = Session().bank
    assert bank.find("orchestral").instrument.name == "orchestral harp"
    assert bank.find("Choir-Aahs").instrument.name == "choir aahs"
    assert bank.find("church-organ").instrument.name == "church organ"
