"""A file's recipe makes it again: read, run, the same bytes."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from sound_card import no_sound_card
from test_train import pluck
from tiny_model import tiny_model

from nsynth_lab.audio import read_audio, read_comment, write_audio
from nsynth_lab.cli import run
from nsynth_lab.cli.recipes import LONGEST_COMMENT, read_recipe
from nsynth_lab.model.checkpoint import save_weights

MODEL = ("--checkpoint", "model")
SHORT = ("--duration", "0.25")
PRESET = """
version = 1
name = "Two"
level_db = -3.0
[blend]
corners = ["flute", "cello"]
position = [0.3]
[envelope]
release_seconds = 0.1
[[effects]]
effect = "reverb"
"""
BLEND = ("blend", "flute", "cello", *SHORT)


@pytest.fixture(autouse=True)
def _folder(beside_model: Path) -> None:
    write_audio("bell.wav", pluck(60, seconds=0.3))
    (beside_model / "two.toml").write_text(PRESET)
    Path("just.scl").write_text("just\n7\n9/8\n5/4\n4/3\n3/2\n5/3\n15/8\n2/1\n")
    song = mido.MidiFile(ticks_per_beat=480)
    notes = [mido.Message(kind, note=note, time=120) for note in (60, 64) for kind in ("note_on", "note_off")]
    song.tracks.append(mido.MidiTrack(notes))
    song.save("song.mid")


def made(words: Sequence[str], output: str = "first.wav") -> Path:
    assert run([*words, *MODEL, "-o", output]) == 0
    return Path(output)


def remade(path: Path, output: str) -> bytes:
    """The file that the command line makes which `nsynth-lab recipe` prints."""
    assert run(["recipe", str(path), "-o", output]) == 0
    return Path(output).read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        (*BLEND, "--position", "0.3", "--note", "C5", "--velocity", "90", "--timbre", "0.9", "--seed", "5"),
        (*BLEND, "--steps", "3"),
        (*BLEND, "--steps", "3", "--even"),
        (*BLEND, "--curve", "0:0.1,0.2:0.7"),
        ("blend", "flute", "cello", "piano", "bell.wav", "--position", "0.2,0.7", *SHORT),
        ("blend", "--preset", "two.toml", "--position", "0.8", "--note", "C4", *SHORT),
        ("render", "song.mid", "flute", "cello", "--a4", "432", "--unison", "2", "--set", "detune_cents=9", "--set",
         "release_seconds=0.09", "--scale", "just.scl", "--cc", "21=x", "--program-change", "piano", "--voices", "4",
         "--seed", "2"),
        ("render", "song.mid", "--preset", "two.toml", "--set", "volume_db=-6"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_recipe_makes_the_file_again(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    first = made(words)
    bytes_ = first.read_bytes()
    assert remade(first, "again.wav") == bytes_
    capsys.readouterr()
    assert run(["recipe", str(first)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert run([*shlex.split(said.out)[1:], "-o", "printed.wav"]) == 0
    assert Path("printed.wav").read_bytes() == bytes_


@pytest.mark.parametrize("even", [(), ("--even",)], ids=["plain", "even"])
def test_each_position_of_a_series_has_its_own(even: Sequence[str]) -> None:
    """And the series itself does not claim to be at its first one."""
    made((*BLEND, "--steps", "3", *even))
    whole = read_recipe(Path("first.wav"))
    assert len(whole["position"]) == 3
    for number in (1, 2, 3):
        path = Path(f"first-{number}.wav")
        assert remade(path, f"again-{number}.wav") == path.read_bytes()
        assert read_recipe(path)["position"] == whole["position"][number - 1]


@pytest.mark.parametrize("ending", ["flac", "ogg", "aiff", "mp3"])
def test_every_format_carries_it_whole(ending: str) -> None:
    first = made((*BLEND, "--position", "0.3"), f"first.{ending}")
    again = remade(first, f"again.{ending}")
    assert again == first.read_bytes() or ending == "ogg", "each Ogg stream has a number of its own (RFC 3533)"
    assert np.array_equal(read_audio(f"again.{ending}").samples, read_audio(first).samples)
    assert json.loads(read_comment(first))["command"] == "blend"


def test_an_mp3_has_no_second_comment_that_is_cut_short() -> None:
    first = made((*BLEND,), "first.mp3")
    data = first.read_bytes()
    assert data[-128:-125] != b"TAG"
    assert data.count(b'{"command"') == 1
    assert read_audio(first).seconds == pytest.approx(0.25, abs=0.1)


def test_decoded_latents_and_the_sounds_of_a_page_have_theirs() -> None:
    assert run(["encode", "bell.wav", "--rounds", "1", "-o", "bell.latents", *MODEL]) == 0
    assert remade(Path("bell.latents"), "again.latents") == Path("bell.latents").read_bytes()
    first = made(("decode", "bell.latents", "--note", "C5", *SHORT))
    assert remade(first, "again.wav") == first.read_bytes()
    assert run(["preset", "render", "two.toml", "-o", "page", "--seed", "4", *MODEL]) == 0
    assert run(["recipe", "page/two.flac", "-o", "page-again"]) == 0
    assert Path("page/two.flac").read_bytes() == Path("page-again/two.flac").read_bytes()


def test_what_no_comment_can_hold_lies_beside(tmp_path: Path) -> None:
    """WAV loses comments of more than 2 kB."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    source = folder / "bell.wav"
    source.write_bytes(Path("bell.wav").read_bytes())
    words = ["blend", *[str(folder.joinpath("..", folder.name, *[".."] * 0, f"{name}.wav")) for name in "abcd"], *SHORT]
    for name in "abcd":
        (folder / f"{name}.wav").write_bytes(source.read_bytes())
    first = made(words)
    assert len(read_comment(first)) < 200
    assert len(json.dumps(read_recipe(first))) > LONGEST_COMMENT
    assert remade(first, "again.wav")[-1000:] == first.read_bytes()[-1000:]
    assert read_recipe(Path("again.wav")) == read_recipe(first)
    Path("first.wav.recipe.json").unlink()
    assert run(["recipe", "first.wav"]) == 2


def test_what_was_played_live_tells_with_what(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", no_sound_card())
    monkeypatch.setattr("nsynth_lab.priority.raise_audio_thread", lambda: None)
    words = [
        "play",
        "flute",
        "cello",
        "--set",
        "release_seconds=0.09",
        "--a4",
        "442",
        "--file",
        "song.mid",
        "--latency",
        "high",
    ]
    assert run([*words, *MODEL, "--record", "take.wav"]) == 0
    capsys.readouterr()
    assert run(["recipe", "take.wav"]) == 0
    said = capsys.readouterr()
    assert "played live" in said.err
    assert "--a4 442.0" in said.out
    assert "--set release_seconds=0.09" in said.out
    assert run(["recipe", "take.wav", "-o", "again.wav"]) == 2
    assert "was played live" in capsys.readouterr().err


def test_what_is_other_than_it_was_is_said_and_not_made(capsys: pytest.CaptureFixture[str]) -> None:
    first = made(("blend", "bell.wav", "cello", *SHORT))
    write_audio("bell.wav", pluck(67, seconds=0.3), force=True)
    save_weights(Path("model"), tiny_model(seed=5), about={})
    capsys.readouterr()
    assert run(["recipe", str(first), "-o", "again.wav"]) == 2
    said = capsys.readouterr().err
    assert "bell.wav is not the file that it was" in said
    assert "it was made by model" in said
    assert not Path("again.wav").exists()
    Path("bell.wav").unlink()
    assert run(["recipe", str(first)]) == 0
    assert "bell.wav is not here" in capsys.readouterr().err


@pytest.mark.parametrize(
    "comment",
    [
        "", "a song", "[]", '{"line": []}', '{"line": ["bank", "remove", "flute"]}', '{"line": ["preset", "random"]}',
        '{"line": ["blend", "\\u001b]0;title\\u0007"]}', '{"line": ["blend", 3]}', '{"beside": "/etc/passwd"}',
        "[" * 3_000,
    ],
)  # fmt: skip
def test_strangers_comments_are_no_recipes(comment: str, capsys: pytest.CaptureFixture[str]) -> None:
    """None is run, none is shown to a terminal as it is, no other file is read."""
    write_audio("strange.flac", pluck(60, seconds=0.2), comment=comment)
    capsys.readouterr()
    assert run(["recipe", "strange.flac", "-o", "out.wav"]) == 2
    said: Any = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "defect" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["--output", "mine.png"], ["--output=mine.png"], ["-omine.png"], ["--plot", "mine.png"], ["--plot=mine.png"],
        ["--force"], ["--json"], ["--help"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_strangers_recipe_does_not_say_where_files_go(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`recipe strange.flac -o out.wav` wrote over whatever file such a line named."""
    made(BLEND, "first.flac")
    values = read_recipe(Path("first.flac"))
    for line in ([*values["line"], *words, "--force"], [*values["line"], *words]):
        strange = json.dumps({**values, "line": line})
        write_audio("strange.flac", pluck(60, seconds=0.2), comment=strange, force=True)
        Path("mine.png").write_bytes(b"mine")
        capsys.readouterr()
        assert run(["recipe", "strange.flac"]) == 2
        assert run(["recipe", "strange.flac", "-o", "out.wav", "--force"]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("carries no recipe of nsynth-lab") == 2
        assert Path("mine.png").read_bytes() == b"mine"
        assert not Path("out.wav").exists()


@pytest.mark.parametrize("name", ["--force.wav", "-o.wav", "a  b 'so' \"so\" $(touch x) `x`.wav", "琵琶 ü.wav"])
def test_files_are_recipes_of_their_own_whatever_they_are_called(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_audio(name, pluck(60, seconds=0.3))
    assert run(["blend", *MODEL, *SHORT, "-o", "first.wav", "--", name, "flute"]) == 0
    assert remade(Path("first.wav"), "again.wav") == Path("first.wav").read_bytes()
    capsys.readouterr()
    assert run(["recipe", "first.wav"]) == 0
    assert name in shlex.split(capsys.readouterr().out)


def test_only_files_that_the_line_names_are_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger's recipe of 200,000 others was an hour of warnings, and asked for hashes of files anywhere."""
    first = made(("blend", "bell.wav", "cello", *SHORT), "first.flac")
    values = read_recipe(first)
    others = {f"other {number}": "" for number in range(5_000)} | {"two.toml": "0" * 64}
    strange = json.dumps({**values, "files": {**others, **values["files"]}})
    write_audio("strange.flac", pluck(60, seconds=0.2), comment=strange)
    Path("bell.wav").unlink()
    capsys.readouterr()
    assert run(["recipe", "strange.flac"]) == 0
    assert capsys.readouterr().err == "warning: bell.wav is not here\n"
