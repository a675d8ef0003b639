"""Names of files that are not UTF-8, as archives made on Windows leave behind: used, or refused in words.

Such a name is bytes; what is printed or written of it is valid UTF-8 all the same.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_model import tiny_checkpoint

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.latents import read_latents
from nsynth_lab.units import SAMPLE_RATE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names are UTF-16 there")
ODD = os.fsdecode(b"Fl\xf6te")  # Latin-1
SHOWN = "Fl\\xf6te"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("model"))


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path) -> list[str]:
    """In a folder with a recording of such a name; the options that say which model."""
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    at = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    waves = sum(np.sin(2 * np.pi * 261.63 * order * at) / order for order in range(1, 6))
    write_audio(Path(f"{ODD}.wav"), Audio(np.asarray(0.2 * waves * np.minimum(1, at / 0.02), np.float32)[None]))
    return ["--checkpoint", str(model)]


def test_encode_and_decode(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    latents, sound = f"{ODD}.latents", f"{ODD}.flac"
    assert run(["encode", f"{ODD}.wav", "--rounds", "1", "-o", latents, "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == f"{SHOWN}.latents"
    assert f"{SHOWN}.wav" in json.dumps(read_latents(latents).provenance, ensure_ascii=False).replace("\\\\", "\\")
    assert run(["decode", latents, "-o", sound, *where]) == 0
    assert f"{SHOWN}.flac" in capsys.readouterr().out
    with soundfile.SoundFile(os.fsencode(sound)) as file:
        json.dumps(json.loads(file.comment), ensure_ascii=False).encode("utf-8")
        assert SHOWN in file.comment.replace("\\\\", "\\")


@pytest.mark.parametrize("ending", [".wav", ".mp3"])
def test_blend(where: list[str], capsys: pytest.CaptureFixture[str], ending: str) -> None:
    words = ["blend", f"{ODD}.wav", "flute", "--duration", "0.3", "-o", f"{ODD}-b{ending}", *where]
    assert run([*words, "--plot", f"{ODD}.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [f"{SHOWN}-b{ending}"]
    assert {f"{ODD}-b{ending}", f"{ODD}.png"} <= set(os.listdir())
    with soundfile.SoundFile(os.fsencode(f"{ODD}-b{ending}")) as file:
        json.dumps(json.loads(file.comment), ensure_ascii=False).encode("utf-8")


def test_pack(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--notes", "C4", "--velocities", "100", "--positions", "0.5", "--duration", "0.3", "--rate", "44100"]
    assert run(["pack", f"{ODD}.wav", "flute", "-o", f"{ODD}-pack", *words, *where]) == 0
    files = [path for path in Path(f"{ODD}-pack").rglob("*") if path.is_file()]
    assert len(files) > 6
    for path in files:
        assert path.name.isascii()
        if path.suffix in (".json", ".md", ".txt", ".html", ".sfz", ".dspreset"):
            path.read_bytes().decode("utf-8")
    assert f"{SHOWN}.wav" in (Path(f"{ODD}-pack") / "manifest.json").read_text().replace("\\\\", "\\")
    assert run(["pack", "cello", "flute", "-o", "p", "--name", ODD, *words, *where]) == 2
    assert "printable characters" in capsys.readouterr().err


def test_capture_of_a_folder_and_the_bank(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    os.mkdir(ODD)
    os.rename(f"{ODD}.wav", f"{ODD}/{ODD}_C4.wav")
    assert run(["capture", ODD, "--name", "zither", "--family", "string", "--velocities", "100", *where]) == 0
    assert run(["bank", "export", "zither", "-o", f"{ODD}.safetensors"]) == 0
    assert run(["bank", "import", f"{ODD}.safetensors", "--force"]) == 0
    capsys.readouterr()
    assert run(["bank", "show", "zither", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["capture"]["recipe"]["folder"] == SHOWN
    assert run(["capture", ODD, "--name", ODD, "--family", "string", *where]) == 2
    assert capsys.readouterr().err.strip() == f"error: name '{SHOWN}': expected 1 to 60 printable characters"


def test_an_sfz_of_such_a_name_is_refused_in_words(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pysfizz")
    Path(f"{ODD}.sfz").write_bytes(b"<region> sample=Fl\xf6te.wav key=60\n")
    assert run(["capture", f"{ODD}.sfz", "--name", "x", "--family", "flute", *where]) == 2
    assert f"{SHOWN}.sfz: sfizz cannot open files whose name" in capsys.readouterr().err


def test_presets(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preset", "new", "glass", "flute", "cello", "-o", f"{ODD}.toml", *where]) == 0
    assert run(["preset", "new", ODD, "flute", "cello", *where]) == 2
    assert run(["preset", "show", f"{ODD}.toml"]) == 0
    assert f"{SHOWN}.toml" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a\x1b[2J\x1b[31mred.wav", "a\nb.wav", "a\u202egnp.wav"])
def test_a_name_cannot_play_tricks_on_a_terminal(
    where: list[str], capfd: pytest.CaptureFixture[str], name: str
) -> None:
    Path(name).write_bytes(b"no sound")
    assert run(["encode", name, "-o", "x.latents", *where]) == 1
    said = capfd.readouterr().err.removesuffix("\n")
    assert said.startswith("error: a")
    assert "not a sound file" in said
    assert said.isprintable()


def test_a_name_as_long_as_a_name_can_be(where: list[str]) -> None:
    name = "n" * 251
    assert run(["blend", "flute", "cello", "--duration", "0.3", "-o", f"{name}.wav", *where]) == 0
    assert read_audio(f"{name}.wav").samples.shape == (1, round(0.3 * SAMPLE_RATE))
    assert run(["blend", "flute", "cello", "--duration", "0.3", "-o", f"{name}n.wav", *where]) == 2
    assert run(["blend", "flute", "n" * 300, "-o", "x.wav", *where]) == 2
