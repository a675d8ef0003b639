"""Where sound goes: into a file as asked, into a pipe, and through the loudspeakers."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
from sound_card import Stream, no_sound_card
from test_train import pluck

from nsynth_lab.audio import read_audio, read_comment, write_audio
from nsynth_lab.cli import run
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MODEL = ("--checkpoint", "model")
BLEND = ("blend", "flute", "cello", "--duration", "0.3", *MODEL)
PRESET = 'version = 1\nname = "Two"\n[blend]\ncorners = ["flute", "cello"]\n'


@pytest.fixture(autouse=True)
def _folder(beside_model: Path) -> None:
    (beside_model / "two.toml").write_text(PRESET)
    song = mido.MidiFile(ticks_per_beat=480)
    notes = [mido.Message(kind, note=64, time=240) for kind in ("note_on", "note_off")]
    song.tracks.append(mido.MidiTrack(notes))
    song.save("song.mid")


@pytest.mark.parametrize(
    "words",
    [
        BLEND,
        (*BLEND, "--steps", "2", "--rate", "44100", "--bits", "16"),
        ("blend", "--preset", "two.toml", "--duration", "0.3", *MODEL),
        ("render", "song.mid", "flute", "cello", "--channels", "mono", *MODEL),
    ],
    ids=" ".join,
)
def test_stdout_carries_the_file_and_nothing_else(
    words: Sequence[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The same bytes as in a file of that name, its recipe with it; all that is said is said on stderr."""
    assert run([*words, "-o", "x.wav"]) == 0
    capsysbinary.readouterr()
    assert run([*words, "-o", "-"]) == 0
    heard = capsysbinary.readouterr()
    assert heard.out == Path("x.wav").read_bytes()
    assert b"model" in heard.err
    assert json.loads(read_comment("x.wav"))["command"] == words[0]
    assert not Path("-").exists()
    with soundfile.SoundFile(io.BytesIO(heard.out)) as file:
        assert file.frames > 0.3 * file.samplerate - 1


def test_latents_are_decoded_into_a_pipe(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_audio("bell.wav", pluck(60, seconds=0.3))
    assert run(["encode", "bell.wav", "--rounds", "0", "-o", "bell.latents", *MODEL]) == 0
    assert run(["decode", "bell.latents", "-o", "x.wav", *MODEL]) == 0
    capsysbinary.readouterr()
    assert run(["decode", "bell.latents", "-o", "-", *MODEL]) == 0
    assert capsysbinary.readouterr().out == Path("x.wav").read_bytes()


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")
def test_sox_takes_what_comes_through_a_pipe() -> None:
    words = [sys.executable, "-m", "nsynth_lab", *BLEND, "-o", "-"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as made:
        done = subprocess.run(
            ["sox", "-t", "wav", "-", "-r", "44100", "out.flac"], stdin=made.stdout, capture_output=True, check=False
        )
    assert made.returncode == 0
    assert (done.returncode, done.stderr) == (0, b"")
    audio = read_audio("out.flac")
    assert audio.sample_rate == 44_100
    assert audio.seconds == pytest.approx(0.3, abs=1e-3)
    assert audio.peak > 1e-3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*BLEND, "-o", "-", "--json"), "choose one"),
        ((*BLEND, "-o", "x.wav", "--rate", "44099"), "--rate 44099; expected one of"),
        ((*BLEND, "-o", "x.wav", "--bits", "12"), "--bits 12; expected 16, 24 or 32f"),
        ((*BLEND, "-o", "x.flac", "--bits", "32f"), "a .flac file has 16 or 24"),
        ((*BLEND, "-o", "-", "--quality", "3"), "loses nothing"),
        ((*BLEND, "-o", "x.ogg", "--quality", "12"), "--quality 12; expected 0 to 10"),
        ((*BLEND, "-o", "x.wav", "--channels", "2"), "--channels 2; expected mono or stereo"),
        (("render", "song.mid", "flute", "-o", "x.wav", "--channels", "surround", *MODEL), "expected mono or stereo"),
        (("render", "song.mid", "flute", "-o", "x.mp3", "--rate", "96000", *MODEL), "48000 Hz at most"),
        (("preset", "render", "two.toml", "--bits", "32f", *MODEL), "a .flac file has 16 or 24"),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_told_first(
    words: Sequence[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(words) == 2
    heard = capsys.readouterr()
    assert heard.out == ""
    assert says in heard.err
    assert heard.err.count("\n") == 1


def test_sound_is_not_written_onto_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run([*BLEND, "-o", "-"]) == 2
    assert "send it somewhere" in capsys.readouterr().err


def test_a_song_at_another_rate_is_the_same_song(capsys: pytest.CaptureFixture[str]) -> None:
    """As long, as loud, in step: only what 44.1 kHz cannot hold is gone."""
    for name, words in (("a", ()), ("b", ("--rate", "44100", "--bits", "16", "--channels", "mono"))):
        assert run(["render", "song.mid", "flute", "cello", "-o", f"{name}.wav", *words, *MODEL]) == 0
    usual, other = read_audio("a.wav"), read_audio("b.wav")
    assert (other.sample_rate, len(other.samples)) == (44_100, 1)
    assert other.seconds == pytest.approx(usual.seconds, abs=1e-4)
    assert np.sqrt(np.mean(other.samples**2)) == pytest.approx(np.sqrt(np.mean(usual.mono() ** 2)), rel=0.02)
    assert run(["recipe", "b.wav"]) == 0
    assert "--rate 44100 --bits 16 --channels mono" in capsys.readouterr().out
    assert run(["recipe", "b.wav", "-o", "again.wav"]) == 0
    assert Path("again.wav").read_bytes() == Path("b.wav").read_bytes()


def test_the_page_of_presets_is_written_as_asked() -> None:
    assert run(["preset", "render", "two.toml", "-o", "page", "--rate", "44100", "--bits", "16", *MODEL]) == 0
    info = soundfile.info("page/two.flac")
    assert (info.samplerate, info.subtype) == (44_100, "PCM_16")


class Heard(Stream):
    """An output that keeps what it is given."""

    blocks: list[FloatArray] = []  # noqa: RUF012 of the one output that there is

    def _run(self) -> None:
        while not self._ended.is_set():
            self._callback(self._block, len(self._block), None, NoFlags())
            Heard.blocks.append(self._block.copy())
            self._ended.wait(self._seconds / 20)


class NoFlags:
    output_underflow = False


@pytest.mark.parametrize("rate", ["48000", "44100"])
def test_listen_plays_the_result(rate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of it, on both sides, at the pace and rate of the output."""
    card: Any = no_sound_card()
    card.OutputStream = Heard
    Heard.blocks = []
    monkeypatch.setitem(sys.modules, "sounddevice", card)
    assert run([*BLEND, "--rate", rate, "-o", "x.wav", "--listen"]) == 0
    heard = np.concatenate(Heard.blocks).T
    sound = read_audio("x.wav")
    assert np.array_equal(heard[0], heard[1])
    power = float(np.sum(heard[0] ** 2))
    assert power * sound.sample_rate / SAMPLE_RATE == pytest.approx(float(np.sum(sound.samples**2)), rel=0.02)
    if rate == "48000":
        first = int(np.argmax(heard[0] != 0)) - int(np.argmax(sound.samples[0] != 0))
        assert np.array_equal(heard[0, first : first + sound.samples.shape[1]], sound.samples[0])


def test_without_an_output_the_file_is_there_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card: Any = no_sound_card()

    def none(**_: object) -> None:
        raise RuntimeError("Error querying device -1")

    card.OutputStream = none
    monkeypatch.setitem(sys.modules, "sounddevice", card)
    assert run([*BLEND, "-o", "x.wav", "--listen"]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("error: it was not played: ")
    assert said.endswith("the sound is in x.wav")
    assert read_audio("x.wav").seconds == pytest.approx(0.3, abs=1e-3)


def test_a_recipe_of_an_older_version_is_read_by_the_new_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*BLEND, "-o", "x.flac"]) == 0
    values = json.loads(read_comment("x.flac"))
    old = ["blend", "flute", "cello", "--duration", "0.3", "--device", "cpu", "--checkpoint", "model"]
    write_audio("old.flac", pluck(60, seconds=0.2), comment=json.dumps({**values, "line": old}))
    for words in ([*old, "--device", "cpu", "--output", "mine.wav"], [*old, "--listen"]):
        write_audio("bad.flac", pluck(60, seconds=0.2), comment=json.dumps({**values, "line": words}), force=True)
        assert run(["recipe", "bad.flac"]) == 2, "an old name does not hide where a file goes"
    capsys.readouterr()
    assert run(["recipe", "old.flac"]) == 0
    heard = capsys.readouterr()
    assert heard.err == ""
    assert heard.out == "nsynth-lab blend flute cello --duration 0.3 --compute cpu --checkpoint model\n"
