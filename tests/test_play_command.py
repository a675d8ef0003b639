"""`render`, `play` and `devices`: what musicians get, and what they are told when it cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
import torch
from playing import spectrum_peak_hz

from nsynth_lab.audio import read_audio
from nsynth_lab.cli import run
from nsynth_lab.model.bank import BANK
from nsynth_lab.render import DEFAULT_CHECKPOINT
from nsynth_lab.units import ratio_to_cents

Refused = Callable[..., str]
needs_none = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (DEFAULT_CHECKPOINT / BANK).is_file():
        pytest.skip(f"no checkpoint in {DEFAULT_CHECKPOINT}")
    monkeypatch.chdir(tmp_path)
    track = [
        mido.Message("note_on", note=69, velocity=100, time=0),
        mido.Message("note_off", note=69, velocity=64, time=480),
        mido.Message("note_on", note=57, velocity=100, time=480),
        mido.Message("note_off", note=57, velocity=64, time=480),
    ]
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack(track))
    file.save("song.mid")
    Path("fifths.scl").write_text("fifths\n2\n3/2\n2/1\n")
    Path("empty.mid").write_bytes(b"")


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    def ask(*words: str, code: int) -> str:
        assert run(list(words)) == code
        heard = capsys.readouterr()
        assert heard.out == ""
        assert heard.err.count("\n") == 1
        return heard.err

    return ask


def test_a_song_is_rendered_in_tune_and_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["render", "song.mid", "reed organ", "square lead", "--position", "0.3", "-o", "out.wav", "--json"]
    assert run(words) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert report["notes"] == 2
    assert report["most_voices"] == 1
    sound = read_audio("out.wav").samples
    assert sound.shape[0] == 2
    assert soundfile.info("out.wav").subtype == "PCM_24"
    left = sound[0]
    for begin, hz in ((0.15, 440.0), (1.15, 220.0)):
        part = left[int(begin * 48_000) :][:14_400]
        peak = spectrum_peak_hz(part)
        assert abs(ratio_to_cents(peak / (hz * round(peak / hz)))) < 5.0
    assert np.abs(left[43_000:47_900]).max() < 0.05 * np.abs(left).max(), "the first note has been let go"
    before = Path("out.wav").read_bytes()
    assert run([*words, "--force"]) == 0
    assert Path("out.wav").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["render", "song.mid", "flute", "-o", "out.mid"], "unknown ending"),
        (["render", "song.mid", "flute", "-o", "no/out.wav"], "does not exist"),
        (["render", "song.mid", "flewt", "-o", "out.wav"], "did you mean"),
        (["render", "song.mid", *["flute"] * 9, "-o", "out.wav"], "9 sources"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--block", "100"], "blocks of 100"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--position", "half"], "position 'half'"),
        (["render", "song.mid", "flute", "cello", "-o", "out.wav", "--position", "2"], "outside 0 to 1"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--voices", "0"], "0 voices"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--mode", "duo"], "mode 'duo'"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--set", "loud=1"], "--set loud=1"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--set", "x=much"], "--set x=much"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--cc", "wheel"], "--cc wheel"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--cc", "7=loud"], "'loud' is no parameter"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--keymap", "a.kbm"], "give --scale"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--a4", "10"], "A4 at 10 Hz"),
        (["play", "flute", "--latency", "none"], "latency 'none'"),
        (["play", "flute", "--record", "take.xyz"], "unknown ending"),
        (["play", "flute", "--midi-channels", "1"], "give --file"),
        (["play", "flute", "--input", "default", "--file", "song.mid"], "give one of them"),
        (["play", "flute", "--input", "default", "--part", "2=cello"], "leave out --part"),
        (["play", "flute", "--input", "default", "--follow", "2"], "--follow 2; expected 0 to 1"),
        (["play", "flute", "--input", "default", "--snap", "d-mojor"], "major"),
        (["play", "flute", "--transpose", "12"], "--transpose goes with --input"),
        (["play", "flute", "--compute", "gpu"], "auto, cpu or cuda"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--compute", "gpu"], "auto, cpu or cuda"),
        pytest.param(["play", "flute", "--compute", "cuda"], "--compute cpu", marks=needs_none),
        pytest.param(
            ["render", "song.mid", "flute", "-o", "out.wav", "--compute", "cuda"], "--compute cpu", marks=needs_none
        ),
    ],
)
def test_requests_that_cannot_be_met(words: list[str], says: str, refused: Refused) -> None:
    assert says in refused(*words, code=2)
    assert not Path("out.wav").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["render", "none.mid", "flute", "-o", "out.wav"], "no such file"),
        (["render", "empty.mid", "flute", "-o", "out.wav"], "not a MIDI file"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--scale", "song.mid"], "Scala"),
        (["render", "song.mid", "flute", "-o", "out.wav", "--scale", "fifths.scl", "--keymap", "no.kbm"], "no.kbm"),
        (["play", "flute", "--file", "none.mid"], "no such file"),
    ],
)
def test_files_that_cannot_be_used(words: list[str], says: str, refused: Refused) -> None:
    assert says in refused(*words, code=1)


@pytest.mark.parametrize("option", ["--device", "--input"])
def test_a_device_that_is_none_is_one_line(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["play", "flute", option, "no such thing", "--duration", "1"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "loading"
    assert len(said) == 2
    assert "no such thing" in said[1] or "PortAudio" in said[1]


def test_devices_speak_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["devices", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"outputs", "audio_inputs", "inputs", "problems"}
    assert report["inputs"] or report["problems"] or report["inputs"] == []
    assert run(["devices"]) == 0
    said = capsys.readouterr().out
    assert all(kind in said for kind in ("audio output", "audio input", "MIDI"))


def test_a_song_that_breaks_off_or_holds_on_is_played_told_and_ends_in_silence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Cut within its last note; the sustain pedal never lifted; the last key never let go."""
    whole = Path("song.mid").read_bytes()
    Path("cut.mid").write_bytes(whole[:-9])
    pedal = mido.MidiFile("song.mid")
    pedal.tracks[0].insert(0, mido.Message("control_change", control=64, value=127))
    pedal.save("pedal.mid")
    held = mido.MidiFile("song.mid")
    held.tracks[0][3] = mido.MetaMessage("text", text="x", time=480)
    held.save("held.mid")
    for name in ("cut", "pedal", "held"):
        assert run(["render", f"{name}.mid", "reed organ", "-o", f"{name}.wav", "--json"]) == 0
        heard = capsys.readouterr()
        report = json.loads(heard.out)
        assert report["notes"] == 2
        assert 1.5 <= report["seconds"] < 4.0, name
        assert ("warning: cut.mid: track 1: breaks off" in heard.err) == (name == "cut")
        sound = read_audio(f"{name}.wav").samples
        assert np.abs(sound[:, int(1.3 * 48_000) : int(1.5 * 48_000)]).max() > 0.01, "the last note sounds"
        assert np.abs(sound[:, -480:]).max() < 1e-3, "and the song ends in silence"


def test_channels_have_instruments_and_presets_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    """A preset on a channel sounds as it does alone; no voice of many is taken away; percussion is told."""
    file = mido.MidiFile(ticks_per_beat=480)
    for channel in (0, 1, 9):
        keys = range(40, 60) if channel == 0 else [69]
        notes = [mido.Message("note_on", channel=channel, note=key, velocity=60) for key in keys]
        ends = [mido.Message("note_off", channel=channel, note=key, time=96 * (key == keys[0])) for key in keys]
        file.tracks.append(mido.MidiTrack([*notes, *ends]))
    file.save("gm.mid")
    assert run(["render", "gm.mid", "flute", "--part", "2=glass-cello", "-o", "all.wav", "--json"]) == 0
    heard = capsys.readouterr()
    report = json.loads(heard.out)
    assert (report["notes"], report["most_voices"], report["stolen"]) == (21, 21, 0)
    assert "left out: channel 10" in heard.err
    for name, words in (("own", ["--part", "2=glass-cello"]), ("alone", ["--preset", "glass-cello"])):
        assert run(["render", "gm.mid", *words, "--midi-channels", "2", "-o", f"{name}.wav"]) == 0
    assert np.array_equal(read_audio("own.wav").samples, read_audio("alone.wav").samples)
    capsys.readouterr()
    assert run(["render", "gm.mid", "flute", "--voices", "4", "-o", "few.wav", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stolen"] == 17


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["flute", "--part", "2=celo"], "neither a preset"),
        (["flute", "--part", "2"], "as 2=cello"),
        (["flute", "--part", "2=oboe", "--mpe"], "leave out --part"),
        (["flute", "--midi-channels", "0"], "numbers from 1 to 16"),
        ([], "name the instruments"),
    ],
)
def test_channels_that_cannot_be(words: list[str], says: str, refused: Refused) -> None:
    assert says in refused("render", "song.mid", *words, "-o", "out.wav", code=2)
