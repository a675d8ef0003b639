"""Any instrument into the user's bank, with a tiny model: what is taken, what is left out, and that it can go on.

SoundFonts need FluidSynth and a font, SFZ needs pysfizz, plugins a VST3 instrument (`scripts/build-kars`).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_model import tiny_checkpoint

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.capture import CapturePlan, KeyVelocity, NoteOutcome, SourceInfo
from nsynth_lab.capture.capture import capture
from nsynth_lab.capture.captured_notes import CapturedNote, WorkFolder, check_pitches
from nsynth_lab.capture.folder import FolderSource
from nsynth_lab.capture.sfz import SfzSource
from nsynth_lab.capture.soundfont import SoundFontSource
from nsynth_lab.cli import run
from nsynth_lab.errors import AudioError, CheckpointError, UsageError
from nsynth_lab.model import user_bank
from nsynth_lab.model.bank import Bank, read_bank_file, write_bank_file
from nsynth_lab.model.checkpoint import load_checkpoint
from nsynth_lab.model.user_bank import bank_folder, find_user_instrument, user_instrument_files, with_user_instruments
from nsynth_lab.note import Note
from nsynth_lab.render import Session
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz
from nsynth_lab.wording import quality_of_error

FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
KARS = Path(__file__).resolve().parent.parent / "build" / "vst3" / "Kars.vst3"
PLAN = CapturePlan(
    "my organ", family="organ", lowest=48, highest=72, step=12, velocities=(60, 100), hold_seconds=0.8, seconds=1.0
)


def organ(note: float, velocity: int, *, seconds: float = 1.0, hold_seconds: float = 0.8) -> FloatArray:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    ends = np.minimum(1.0, at / 0.02) * np.clip((hold_seconds + 0.1 - at) / 0.1, 0.0, 1.0)
    waves = sum(np.sin(2 * np.pi * note_to_hz(note) * order * at) / order for order in range(1, 7))
    return np.asarray(velocity / 127 * 0.3 * ends * waves, np.float32)


class Organ:
    """A source that counts what it plays; silent at velocity 1, deaf above `breaks_at`."""

    def __init__(self, *, sounds_higher: float = 0.0, breaks_at: int = 999) -> None:
        self.info = SourceInfo("made", {"what": "organ"}, licence="CC0-1.0", attribution="nobody")
        self.played: list[KeyVelocity] = []
        self._higher, self._breaks_at = sounds_higher, breaks_at

    def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:
        return wanted

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:
        self.played.append(key)
        if len(self.played) > self._breaks_at:
            raise KeyboardInterrupt
        if key.velocity == 1:
            return np.zeros((1, round(seconds * SAMPLE_RATE)), np.float32)
        return organ(key.note + self._higher, key.velocity, seconds=seconds, hold_seconds=hold_seconds)[None]

    def actual_hold(self, hold_seconds: float) -> float | None:
        return hold_seconds

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def taken(source: Organ, model: Path, plan: CapturePlan = PLAN, *, resume: bool = False, force: bool = False) -> Any:
    begin = lambda _notes, _what: lambda: None  # noqa: E731
    return capture(source, plan, load_checkpoint(model), resume=resume, force=force, begin=begin)


def test_a_captured_instrument_is_blended_by_its_name(model: Path) -> None:
    done = taken(Organ(), model)
    assert [(one.note, one.velocity) for one in done.notes] == [
        ("C3", 60), ("C3", 100), ("C4", 60), ("C4", 100), ("C5", 60), ("C5", 100),
    ]  # fmt: skip
    assert all(one.error_db is not None and one.error_db > 0 for one in done.notes)
    session = Session(model)
    assert {"flute", "my organ"} <= set(session.bank.entries)
    assert "my organ" not in Session(model, user_instruments=False).bank.entries
    row = next(row for row in session.instruments() if row["name"] == "my organ")
    assert (row["lowest"], row["highest"], row["velocities"], row["licence"]) == ("C3", "C5", [60, 100], "CC0-1.0")
    assert session.bank.latents("my organ", Note(61, 100)).release_frame == pytest.approx(0.8 * 93.75, abs=3)
    assert run(["blend", "my organ", "flute", "-o", "b.wav", "--duration", "0.3", "--checkpoint", str(model)]) == 0


def test_notes_that_were_encoded_before_are_not_encoded_again(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture that is made anew, or goes on after it was interrupted while encoding, takes up what it had."""
    before = taken(Organ(), model)
    zones = find_user_instrument("my organ").bank.zones
    module = importlib.import_module("nsynth_lab.capture.capture")  # the package has a function of that name
    monkeypatch.setattr(module, "encode_note", None)
    after = taken(Organ(), model, force=True)
    assert after.notes == before.notes
    for zone, same in zip(zones, find_user_instrument("my organ").bank.zones, strict=True):
        assert zone.velocity == same.velocity
        np.testing.assert_array_equal(zone.timbre, same.timbre)


def test_what_is_silent_or_sounds_another_note_is_left_out_and_says_why(model: Path) -> None:
    done = taken(
        Organ(), model, CapturePlan("x", family="organ", lowest=60, highest=60, velocities=(1, 90), hold_seconds=0.5)
    )
    assert done.notes[0].left_out == "silent: peak -120 dBFS"
    assert done.notes[1].error_db is not None
    with pytest.raises(AudioError, match="none of 1 notes could be used: silent"):
        taken(
            Organ(), model, CapturePlan("y", family="organ", lowest=60, highest=60, velocities=(1,), hold_seconds=0.5)
        )


def test_a_capture_of_which_nothing_came_is_not_called_interrupted(model: Path) -> None:
    silent = CapturePlan("y", family="organ", lowest=60, highest=60, velocities=(1,), hold_seconds=0.5)
    for _ in range(2):
        with pytest.raises(AudioError, match="none of 1 notes could be used: silent"):
            taken(Organ(), model, silent)


@pytest.mark.parametrize(
    ("low", "high", "said"), [(70, 60, "the lowest note, A#4, is above the highest, C4"), (90, 99, "from F#6 to D#7")]
)
def test_a_range_without_notes_is_one_line(model: Path, low: int, high: int, said: str) -> None:
    class Few(Organ):
        def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:
            return [KeyVelocity(60, 100)] if wanted else []

    for _ in range(2):
        with pytest.raises(UsageError, match=said):
            taken(Few(), model, CapturePlan("z", family="organ", lowest=low, highest=high))


def test_an_instrument_that_sounds_octaves_away_is_taken_at_what_it_sounds() -> None:
    def takes(*higher: float) -> list[CapturedNote]:
        return [
            CapturedNote(KeyVelocity(60 + step, 100), organ(60 + step + by, 100)[None])
            for step, by in enumerate(higher)
        ]

    assert [take.key.note for take in check_pitches(takes(-12, -12, -12))] == [48, 49, 50]
    one_is_wrong = check_pitches(takes(0, 0, 5, 0, 0.3))
    assert [take.left_out for take in one_is_wrong] == ["", "", "sounds like G4, not D4", "", ""]


def test_an_interrupted_capture_goes_on_where_it_was(model: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        taken(Organ(breaks_at=4), model)
    assert not user_instrument_files()
    with pytest.raises(UsageError, match="--resume"):
        taken(Organ(), model)
    with pytest.raises(UsageError, match="of another source"):
        taken(Organ(), model, CapturePlan("my organ", family="organ", lowest=48, highest=72, step=6), resume=True)
    again = Organ()
    resumed = taken(again, model, resume=True)
    assert len(again.played) == 2
    once = taken(Organ(), model, force=True)
    assert resumed.notes == once.notes
    assert not list((Path("home") / "cache" / "captures").iterdir())


def test_a_name_in_use_is_not_replaced_without_being_asked(model: Path) -> None:
    taken(Organ(), model)
    with pytest.raises(UsageError, match="in your bank already"):
        taken(Organ(), model)
    taken(Organ(), model, force=True)
    words = ["capture", "x.sf2", "--checkpoint", str(model), "--family", "flute", "--name"]
    assert run([*words, "my organ"]) == 2
    Path("x").mkdir()
    write_audio(Path("x/060.wav"), Audio(organ(60, 90)[None]))
    assert run([words[0], "x", *words[2:], "flute"]) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "a\x1b[31m"}, {"name": "../.."}, {"family": "kazoo"}, {"step": 0}, {"velocities": ()},
     {"velocities": (0,)}, {"hold_seconds": 5.0}, {"seconds": 1e9}],
    ids=str,
)  # fmt: skip
def test_plans_that_cannot_be_met_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CapturePlan(**{"name": "x", **wrong})


def test_what_was_exported_is_imported_the_same(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken(Organ(), model)
    assert run(["bank", "export", "my organ", "-o", "organ.safetensors"]) == 0
    assert run(["bank", "import", "organ.safetensors"]) == 2, "it is there already"
    assert run(["bank", "remove", "my organ"]) == 0
    assert run(["bank", "show", "my organ"]) == 2
    assert run(["bank", "import", "organ.safetensors"]) == 0
    capsys.readouterr()
    assert run(["bank", "show", "my organ", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["capture"]["notes"]) == 6
    assert shown["licence"] == "CC0-1.0"
    assert run(["bank", "show", "my organ"]) == 0
    quality = quality_of_error(shown["mean_error_db"])
    assert f"mean_error_db: {shown['mean_error_db']} ({quality})" in capsys.readouterr().out
    assert run(["bank", "list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["my organ"]


def test_an_imported_instrument_does_not_hide_one_of_the_checkpoint_unasked(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(user_bank, "DEFAULT_CHECKPOINT", model)
    taken(Organ(), model)
    mine = find_user_instrument("my organ")
    theirs = replace(mine.entry, instrument=replace(mine.entry.instrument, name="Flute"))
    write_bank_file(Path("theirs.safetensors"), Bank([theirs], mine.bank.zones, model_id=mine.bank.model_id), about={})
    assert run(["bank", "import", "theirs.safetensors"]) == 2
    assert "the default checkpoint also has an instrument 'Flute'; --force" in " ".join(capsys.readouterr().err.split())
    assert [path.stem for path in user_instrument_files()] == ["my-organ"]
    assert run(["bank", "import", "theirs.safetensors", "--force"]) == 0
    assert run(["bank", "remove", "flute"]) == 0


def test_what_is_no_exported_instrument_is_refused(model: Path) -> None:
    taken(Organ(), model)
    whole = find_user_instrument("my organ").path.read_bytes()
    for number, data in enumerate((b"", b"junk" * 99, whole[: len(whole) // 2], whole[:200] + bytes(100))):
        Path(f"{number}.safetensors").write_bytes(data)
        assert run(["bank", "import", f"{number}.safetensors", "--force"]) == 1
    bank, _ = read_bank_file(find_user_instrument("my organ").path)
    entry = bank.entries["my organ"]
    for name in ("a\x1b[2J", "b" * 1000):
        evil = Bank(
            [type(entry)(type(entry.instrument)(name, "organ"), entry.zones)], bank.zones, model_id=bank.model_id
        )
        write_bank_file(Path("evil.safetensors"), evil, about={})
        assert run(["bank", "import", "evil.safetensors", "--force"]) == 1


def test_instruments_of_another_model_and_damaged_files_do_not_stand_in_the_way(model: Path) -> None:
    taken(Organ(), model)
    bank, _ = read_bank_file(find_user_instrument("my organ").path)
    assert set(with_user_instruments(Bank([], [], model_id="another")).entries) == set()
    assert set(with_user_instruments(Bank([], [], model_id=bank.model_id)).entries) == {"my organ"}
    (bank_folder() / "bad.safetensors").write_bytes(b"junk")
    assert set(with_user_instruments(Bank([], [], model_id=bank.model_id)).entries) == {"my organ"}
    with pytest.raises(CheckpointError):
        find_user_instrument("bad")
    assert run(["bank", "list"]) == 0


def test_bank_with_data_sets_still_builds_a_checkpoints_bank(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["bank", "notes"], ["bank", "--force", "notes"], ["bank", "build", "notes"]):
        assert run([*words, "--checkpoint", "nowhere"]) != 0
        assert "notes" in capsys.readouterr().err


def test_a_folder_of_notes_is_captured(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("zither")
    folder.mkdir()
    for note in (60, 64, 67):
        write_audio(folder / f"z_{note:03d}_v90.wav", Audio(organ(note, 90)[None]))
    write_audio(folder / "z_072_v90.wav", Audio(organ(70, 90)[None]))
    (folder / "z_074_v90.wav").write_bytes(b"junk")
    words = ["capture", "zither", "--name", "zither", "--family", "string", "--checkpoint", str(model), "--json"]
    assert run(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(one["note"], one["velocity"]) for one in report["notes"]] == [("C4", 90), ("E4", 90), ("G4", 90)]
    assert set(report["files_left_out"]) == {"z_072_v90.wav", "z_074_v90.wav"}
    assert "disagree" in report["files_left_out"]["z_072_v90.wav"]
    assert run([*words, "--force", "--low", "D4", "--high", "E4"]) == 0
    assert [one["note"] for one in json.loads(capsys.readouterr().out)["notes"]] == ["E4"]


@pytest.mark.skipif(importlib.util.find_spec("pysfizz") is None, reason="pysfizz is not installed")
def test_an_sfz_is_captured_over_the_keys_it_has(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_audio("tone.wav", Audio(organ(60, 127, seconds=1.2)[None]))
    Path("a.sfz").write_text("<region> sample=tone.wav lokey=54 hikey=66 pitch_keycenter=60 ampeg_release=0.1\n")
    words = ["capture", "a.sfz", "--family", "organ", "--checkpoint", str(model), "--json", "--hold", "0.5"]
    assert run([*words, "--name", "sfz organ", "--duration", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["note"] for one in report["notes"]] == ["F#3", "F#3", "C4", "C4", "F#4", "F#4"]
    assert all(one["error_db"] is not None for one in report["notes"])
    for text in ("", "<region> sample=missing.wav key=60\n", "\0\1\2junk", "<region>" * 100):
        Path("bad.sfz").write_text(text)
        assert run(["capture", "bad.sfz", "--name", "b", "--family", "organ", "--checkpoint", str(model)]) == 2


class WideOrgan(Organ):
    """To the right of the middle, with upper partials apart from each other."""

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:
        mono = super().play(key, hold_seconds=hold_seconds, seconds=seconds)[0]
        apart = np.asarray(0.25 * np.roll(mono, 40), np.float32)
        return np.stack([mono / 2 - apart, mono / 2 + mono + apart])


def test_what_is_played_in_stereo_stays_stereo_with_the_same_mono_sound(model: Path) -> None:
    plan = replace(PLAN, velocities=(100,), highest=48)
    taken(Organ(), model, plan)
    mono = find_user_instrument("my organ").bank.zones[0]
    taken(WideOrgan(), model, replace(plan, name="wide organ"))
    wide = find_user_instrument("wide organ").bank.zones[0]
    assert mono.width is None
    assert wide.width is not None
    assert np.median(wide.width[:, 1]) < -3.0
    np.testing.assert_allclose(wide.timbre, mono.timbre, atol=0.1)
    words = ["blend", "my organ", "wide organ", "-o", "b.wav", "--duration", "0.3", "--checkpoint", str(model)]
    assert run(words) == 0
    assert len(read_audio("b.wav").samples) == 2


@pytest.mark.skipif(not FONT.is_file(), reason="FluidR3_GM.sf2 is not installed (Debian: fluid-soundfont-gm)")
@pytest.mark.parametrize(("program", "sides"), [(0, 2), (19, 1)])  # a piano in stereo, an organ that is not
def test_a_soundfonts_sides_are_those_of_its_samples(program: int, sides: int) -> None:
    source = SoundFontSource(FONT, bank=0, program=program)
    assert len(source.play(KeyVelocity(60, 100), hold_seconds=0.2, seconds=0.3)) == sides
    source.close()


@pytest.mark.skipif(importlib.util.find_spec("pysfizz") is None, reason="pysfizz is not installed")
def test_sfz_and_folders_keep_both_sides() -> None:
    Path("both").mkdir()
    sides = np.stack([organ(60, 100), 0.5 * organ(60, 60)])
    write_audio("both/both_060_v100.wav", Audio(sides))
    write_audio("both/both_072_v100.wav", Audio(np.stack([organ(72, 100)] * 2)))
    folder = FolderSource(Path("both"), family="organ")
    first, second = (folder.play(key, hold_seconds=0.5, seconds=1.0) for key in folder.keys([]))
    np.testing.assert_allclose(first, sides, atol=1e-6)  # files have 24 bits
    np.testing.assert_allclose(second, organ(72, 100)[None], atol=1e-6)
    Path("a.sfz").write_text("<region> sample=both/both_060_v100.wav key=60\n")
    played = SfzSource(Path("a.sfz")).play(KeyVelocity(60, 100), hold_seconds=0.3, seconds=0.4)
    left, right = np.square(played).mean(axis=1)
    assert 10 * np.log10(left / right) == pytest.approx(20 * np.log10(200 / 60), abs=0.5)


@pytest.mark.skipif(not FONT.is_file(), reason="FluidR3_GM.sf2 is not installed (Debian: fluid-soundfont-gm)")
def test_a_soundfonts_program_is_captured_with_its_licence(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["capture", str(FONT), "--program", "73", "--step", "24", "--checkpoint", str(model), "--json"]
    assert run([*words, "--name", "sf flute", "--hold", "0.5", "--duration", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert all(one["error_db"] is not None for one in report["notes"])
    owned = find_user_instrument("sf flute")
    assert owned.entry.instrument.family == "flute"
    assert "MIT" in owned.entry.licence
    assert run(["capture", str(FONT), "--bank", "99", "--name", "x", "--checkpoint", str(model)]) == 2


@pytest.mark.skipif(not KARS.exists(), reason="no VST3 instrument was built (scripts/build-kars)")
def test_a_plugin_instrument_is_captured(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["capture", str(KARS), "--low", "C3", "--high", "C4", "--step", "6", "--velocities", "100"]
    more = [
        "--name",
        "kars",
        "--family",
        "string",
        "--checkpoint",
        str(model),
        "--json",
        "--hold",
        "0.5",
        "--duration",
        "1",
    ]
    assert run([*words, *more, "--set", "sustain=true"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["note"] for one in report["notes"]] == ["C3", "F#3", "C4"]
    assert all(one["error_db"] is not None for one in report["notes"])
    assert find_user_instrument("kars").capture["recipe"]["settings"] == {"sustain": True}
    assert run([*words, *more, "--force", "--set", "sustian=true"]) == 1
    assert "did you mean sustain?" in capsys.readouterr().err


def test_sources_that_are_none_are_refused(model: Path) -> None:
    Path("empty").mkdir()
    Path("a.sf2").write_bytes(b"RIFFjunk")
    for word, code in (("nowhere", 1), ("nowhere.vst3", 1), ("nowhere.sfz", 2), ("empty", 2), ("a.sf2", 1)):
        assert run(["capture", word, "--name", "x", "--family", "flute", "--checkpoint", str(model)]) == code, word
    assert not user_instrument_files()


def test_a_work_folder_keeps_notes_and_reasons() -> None:
    source = Organ()
    work = WorkFolder("x", {"a": 1}, resume=False, force=False)
    for _ in range(2):
        assert work.note(source, KeyVelocity(60, 100), hold_seconds=0.5, seconds=1.0).sides is not None
        assert work.note(source, KeyVelocity(60, 1), hold_seconds=0.5, seconds=1.0).left_out.startswith("silent")
    assert len(source.played) == 2
    assert NoteOutcome("C4", 1).error_db is None


def test_names_in_a_folder_are_read_as_in_a_data_set(tmp_path: Path, told: list[str]) -> None:
    """Layers, Yamaha's octaves, an offset: one reading for both, and told."""

    (tmp_path / "grand").mkdir()
    for name, note in (("A2", 57), ("C3", 60), ("E3", 64)):
        for layer in (1, 10, 16):
            sound = organ(note, 8 * layer) + np.float32(0.1 * (layer == 16))
            write_audio(tmp_path / "grand" / f"{name}v{layer}.wav", Audio(sound[None]))
    source = FolderSource(tmp_path / "grand", family="keyboard")
    lines = "\n".join(told)
    assert source.left_out == {}
    assert source.keys([]) == [
        KeyVelocity(note, round(127 * layer / 16)) for note in (57, 60, 64) for layer in (1, 10, 16)
    ]
    assert "middle C is C3, by their sound" in lines
    assert "v1 to v16 number layers" in lines
    assert "warning: A2v16.wav: constant offset: 10.0 % of full scale, taken off" in lines
    loud, soft = (source.play(KeyVelocity(60, velocity), hold_seconds=1, seconds=4) for velocity in (127, 8))
    assert abs(float(loud.mean())) < 1e-4
    assert np.abs(loud).max() > 4 * np.abs(soft).max()


def test_a_single_recording_is_an_instrument(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file, one zone: at the pitch that is heard, or at the note that somebody gives, heard or not."""
    write_audio("my organ pipe.wav", Audio(organ(60, 90, seconds=1.2)[None]))
    words = ["capture", "my organ pipe.wav", "--family", "organ", "--checkpoint", str(model), "--json"]
    assert run(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["name"] == "my organ pipe"
    assert [(one["note"], one["velocity"]) for one in report["notes"]] == [("C4", 100)]
    assert find_user_instrument("my organ pipe").bank.zones[0].seconds > 0.8, "all that sounds of it"
    assert run([*words, "--name", "as d", "--source-note", "D4", "--source-velocity", "64"]) == 0
    heard = capsys.readouterr()
    assert [(one["note"], one["velocity"]) for one in json.loads(heard.out)["notes"]] == [("D4", 64)]
    assert "sounds like C4, not D4" in heard.err
    assert run([*words, "--name", "short", "--duration", "0.5"]) == 0
    assert find_user_instrument("short").bank.zones[0].seconds < 0.6
    assert run(["blend", "short", "as d", "--checkpoint", str(model), "--duration", "0.3", "-o", "x.wav"]) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hiss.wav"], "--source-note"),
        (["gone.wav"], "no such file"),
        (["hiss.wav", "--source-note", "H9"], "H9"),
        (["hiss.wav", "--source-note", "C4", "--source-velocity", "0"], "velocity"),
        (["folder", "--source-note", "C4"], "single recording"),
        (["hiss.wav", "--program", "3"], "SoundFonts"),
    ],
    ids=str,
)
def test_a_recording_that_cannot_be_captured(
    words: list[str], says: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 24_000).astype(np.float32)
    write_audio("hiss.wav", Audio(noise[None]))
    Path("folder").mkdir()
    assert run(["capture", *words, "--name", "x", "--family", "organ", "--checkpoint", str(model)]) in (1, 2)
    heard = capsys.readouterr()
    assert says in heard.err
    assert heard.err.count("\n") == 1
