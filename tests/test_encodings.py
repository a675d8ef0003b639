"""A recording is encoded once: within a command, between commands, and whatever has become of what was kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_notes import bell, flute

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.model import codec
from nsynth_lab.model import encodings as kept
from nsynth_lab.model.encodings import EncodedRecording, EncodingCache, encoding_key
from nsynth_lab.note import Note
from nsynth_lab.render import Session, recordings
from nsynth_lab.units import SAMPLE_RATE

STREAMS = ("timbre", "loudness_db", "f0_cents", "partials")
MODEL = ("--checkpoint", "model")


@pytest.fixture(autouse=True)
def _folder(beside_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(beside_model / "home"))
    record("horn.wav")


def record(path: str, *, hz: float = 220.0) -> str:
    at = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * hz * order * at) / order for order in range(1, 6)) * np.minimum(1.0, at / 0.02)
    write_audio(path, Audio((0.3 * tone * np.minimum(1.0, (at[-1] - at) / 0.05))[None].astype(np.float32)), force=True)
    return path


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The samples of every sound that is really encoded."""
    heard: list[int] = []
    real = codec.encode_cut

    def counting(clip: codec.Cut, *arguments: object, **options: object) -> Latents:
        heard.append(clip.sides.shape[1])
        return real(clip, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(codec, "encode_cut", counting)
    return heard


def assert_same(one: Latents, other: Latents) -> None:
    for name in STREAMS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("note", "velocity", "attack_frames", "release_frame", "model_id", "provenance"):
        assert getattr(one, name) == getattr(other, name), name


def test_a_recording_is_encoded_once_whoever_asks_for_it(encoded: list[int]) -> None:
    """It takes seconds; a pack of 714 clips encoded it 714 times, and again for its dry run."""
    small = ("--velocities", "60,120", "--positions", "0,1", "--duration", "0.25", "--formats", "wav", "-o", "pack")
    commands = [
        ["pack", "horn.wav", "cello", "--notes", "C3", *small, "--dry-run"],
        ["pack", "horn.wav", "cello", "--notes", "C3", *small],
        ["blend", "horn.wav", "cello", "--duration", "0.3", "--velocity", "70", "-o", "blend.wav"],
        ["encode", "horn.wav", "-o", "horn.latents"],
    ]
    for command in commands:
        assert run([*command, *MODEL]) == 0, command
    assert len(encoded) == 1


def test_what_is_kept_is_what_was_encoded_bit_for_bit() -> None:
    fresh = Session("model", encodings=EncodingCache(None)).encode("horn.wav", velocity=70)
    first, second = (Session("model").encode("horn.wav", velocity=velocity) for velocity in (100, 70))
    assert_same(replace(first, velocity=70), fresh)
    assert_same(second, fresh)
    assert_same(Session("model").source("horn.wav", Note(60, 70)), Session("model").source("horn.wav", Note(60, 70)))


def test_another_sound_note_model_or_number_of_rounds_is_encoded_anew(encoded: list[int]) -> None:
    session = Session("model")
    for rounds, note in ((2, None), (2, 57), (3, 57), (0, None)):
        session.encode("horn.wav", rounds=rounds, note=note)
        session.encode("horn.wav", rounds=rounds, note=note)
    assert len(encoded) == 4
    record("horn.wav", hz=330.0)
    assert session.encode("horn.wav", rounds=0).note == 64, "the same name, another sound"
    Path("again.wav").write_bytes(Path("horn.wav").read_bytes())
    session.encode("again.wav", rounds=0)
    assert len(encoded) == 5, "the same sound under another name"
    keys = {encoding_key("heard", model_id=model, device=device) for model in "ab" for device in ("cpu", "cuda")}
    assert len(keys) == 4


def test_what_was_encoded_by_another_text_of_the_program_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    before = encoding_key("heard", model_id="a", device="cpu")
    rooms = {path.relative_to(Path(kept.__file__).parents[1]).parts[0] for path in kept._source_files()}
    assert {"dsp", "model", "audio", "latents.py"} <= rooms
    kept._code_hash.cache_clear()
    monkeypatch.setattr(kept, "SOURCES", ("dsp",))
    assert encoding_key("heard", model_id="a", device="cpu") != before
    kept._code_hash.cache_clear()


def damage(path: Path, how: str) -> None:
    if how == "cut short":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "a stranger's":
        path.write_bytes(b"\x80\x04N." * 1000)
    elif how == "of another sound":
        write_latents(path, replace(bell(), provenance={"key": "0" * 64}), force=True)
    elif how == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("how", ["cut short", "a stranger's", "of another sound", "empty", "a folder"])
def test_what_is_damaged_is_encoded_anew(how: str, tmp_path: Path) -> None:
    store = EncodingCache(tmp_path / "kept")
    good = EncodedRecording(flute(), ("it clips",))
    made = store.get("a" * 64, lambda: good)
    path = tmp_path / "kept" / f"{'a' * 64}.latents"
    damage(path, how)
    assert store.get("a" * 64, lambda: good) == made
    if how != "a folder":
        again = store.get("a" * 64, never)
        assert_same(again.latents, replace(flute(), provenance={}))
        assert again.warnings == good.warnings


def never() -> EncodedRecording:
    raise AssertionError("encoded anew")


@pytest.mark.parametrize("obstacle", ["a file", "nowhere"])
def test_where_nothing_can_be_kept_it_works_as_well(obstacle: str, tmp_path: Path) -> None:
    place = None if obstacle == "nowhere" else tmp_path / "kept"
    if place:
        place.write_text("in the way")
    assert EncodingCache(place).get("a" * 64, lambda: EncodedRecording(flute())).latents is not None


def test_what_has_not_been_used_for_longest_makes_room(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    store = EncodingCache(folder, max_bytes=4 * note_bytes(folder))
    keys = [letter * 64 for letter in "abcd"]
    for number, key in enumerate(keys):
        store.get(key, lambda: EncodedRecording(flute()))
        age(folder / f"{key}.latents", seconds=100 - number)
    left = folder / ".half-written.123.latents"
    left.write_bytes(b"left by a killed process")
    age(left, seconds=1000)
    store.get(keys[0], never)  # the oldest, but it has been used since
    store.get("e" * 64, lambda: EncodedRecording(flute()))
    assert sorted(path.stem[0] for path in folder.iterdir()) == ["a", "c", "d", "e"]


def note_bytes(folder: Path) -> int:
    EncodingCache(folder / "one").get("a" * 64, lambda: EncodedRecording(flute()))
    (path,) = (folder / "one").iterdir()
    size = path.stat().st_size
    path.unlink()
    path.parent.rmdir()
    return size + 64


def age(path: Path, *, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_processes_that_keep_and_make_room_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    script = (
        "import sys; from pathlib import Path; from made_notes import flute\n"
        "from nsynth_lab.model.encodings import EncodedRecording, EncodingCache\n"
        f"store = EncodingCache(Path({str(folder)!r}), max_bytes=300_000)\n"
        "for turn in range(150):\n"
        "    found = store.get(f'{turn % 30:064d}', lambda: EncodedRecording(flute(), ('it clips',)))\n"
        "    assert found.warnings == ('it clips',) and found.latents.frames == flute().frames\n"
    )
    command = [sys.executable, "-c", script]
    tests = Path(__file__).parent
    running = [subprocess.Popen(command, cwd=tests, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    files = list(folder.iterdir())
    assert sum(path.stat().st_size for path in files) <= 300_000
    assert all(read_latents(path).frames == flute().frames for path in files)


def test_what_is_said_of_a_recording_is_said_again_when_it_is_not_encoded_again(
    monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    real: Callable[..., EncodedRecording] = recordings.Recordings._encode

    def judged(self: recordings.Recordings, *what: object) -> EncodedRecording:
        return replace(real(self, *what), warnings=("it clips",))

    monkeypatch.setattr(recordings.Recordings, "_encode", judged)
    Session("model").encode("horn.wav", rounds=0)
    monkeypatch.setattr(recordings.Recordings, "_encode", never)
    session = Session("model")
    session.encode("horn.wav", rounds=0)
    session.encode("horn.wav", rounds=0)
    assert told == ["warning: horn.wav: it clips"] * 2
