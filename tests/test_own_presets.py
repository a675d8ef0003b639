"""Presets of the user's own: copied, edited and removed, and the factory's never touched."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli import run
from nsynth_lab.patch import read_preset
from nsynth_lab.patch.library import FACTORY, find_preset, preset_file

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VISUAL", raising=False)
    return tmp_path / "home" / "presets"


@pytest.fixture(autouse=True)
def _factory_stays() -> object:
    def digests() -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FACTORY.iterdir()}

    before = digests()
    yield
    assert digests() == before


def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """One that runs `code` with the file's `path`."""
    script = tmp_path / "my editor.py"
    script.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[-1])\n{code}\n")
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{script}'")


def test_a_copy_has_its_own_name_and_keeps_what_was_written(own: Path, tmp_path: Path, capsys: Capture) -> None:
    text = (FACTORY / "glass-cello.toml").read_text().replace("[envelope]", "# mine\n[envelope]")
    mine = tmp_path / "mine.toml"
    mine.write_text(text)
    assert run(["preset", "copy", str(mine), "My Cello"]) == 0
    assert capsys.readouterr().out == f"{own / 'my-cello.toml'}\n"
    assert (own / "my-cello.toml").read_text() == text.replace('"Glass Cello"', '"My Cello"')
    assert find_preset("my cello").name == "My Cello"
    assert run(["preset", "copy", "my-cello", "Other"]) == 0
    assert find_preset("other").blend == find_preset("glass-cello").blend


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["copy", "glass-cello", "Basalt"], "factory preset"),
        (["copy", "glass-cello", "Taken"], "--force"),
        (["copy", "taken", "taken"], "called already"),
        (["copy", "nobody", "X"], "nobody"),
        (["copy", "glass-cello", "../x"], "path"),
        (["remove", "basalt"], "factory preset"),
        (["remove", "taken", "basalt", "--force"], "factory preset"),
        (["remove", "outside.toml", "--force"], "not one of your own"),
        (["remove", "taken"], "--force"),  # nobody is there to be asked
        (["edit", "nobody"], "nobody"),
        (["edit", "gone.toml"], "no such"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], says: str, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(own.parent.parent)
    assert run(["preset", "copy", "glass-cello", "Taken"]) == 0
    text = (own / "taken.toml").read_text()
    Path("outside.toml").write_text(text)
    capsys.readouterr()
    assert run(["preset", *words]) == 2
    heard = capsys.readouterr()
    assert heard.out == ""
    assert says in heard.err
    assert heard.err.count("\n") == 1
    assert [path.read_text() for path in own.iterdir()] == [text]
    assert Path("outside.toml").is_file()


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
def test_it_asks_before_it_removes(
    answer: str, left: int, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    assert run(["preset", "copy", "glass-cello", "Mine"]) == 0
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: answer == "y\n")
    assert run(["preset", "remove", "mine"]) == left
    assert len(list(own.iterdir())) == left
    assert ("removed" in capsys.readouterr().out) == (not left)


def test_a_factory_preset_is_edited_in_a_copy(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(monkeypatch, tmp_path, "path.write_text(path.read_text().replace('loudness = 0.3', 'loudness = 0.6'))")
    assert run(["preset", "edit", "glass-cello"]) == 0
    assert preset_file("glass-cello") == own / "glass-cello.toml"
    assert find_preset("glass-cello").blend.loudness == (0.6,)
    assert run(["preset", "edit", "glass-cello"]) == 0  # now it is the user's, and nothing changes
    assert (own / "glass-cello.toml").is_file()
    assert run(["preset", "remove", "glass-cello", "--force"]) == 0
    assert find_preset("glass-cello").blend.loudness == (0.3,)


def test_a_broken_text_is_kept_and_told(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    editor(monkeypatch, tmp_path, "path.write_text('version = 1\\nname = 3\\n')")
    assert run(["preset", "edit", "glass-cello"]) == 1
    heard = capsys.readouterr()
    assert heard.err.startswith(f"error: {own / 'glass-cello.toml'}:2: ")
    assert "what you wrote is kept: `nsynth-lab preset edit glass-cello`" in heard.err
    assert heard.err.count("\n") == 1
    assert (own / "glass-cello.toml").read_text() == "version = 1\nname = 3\n"
    editor(monkeypatch, tmp_path, f"path.write_text(open({str(FACTORY / 'basalt.toml')!r}).read())")
    assert run(["preset", "edit", "glass-cello"]) == 0
    assert read_preset(own / "glass-cello.toml").name == "Basalt"


@pytest.mark.parametrize(("code", "ends"), [("", 0), ("sys.exit(3)", 1)])
def test_nothing_is_left_where_nothing_was_changed(
    code: str, ends: int, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    editor(monkeypatch, tmp_path, code)
    assert run(["preset", "edit", "basalt"]) == ends
    assert "nothing was changed" in capsys.readouterr().err
    assert list(own.iterdir()) == []


def test_an_editor_that_is_not_there(own: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    for value in ("/no/such/editor --wait", "'unclosed"):
        monkeypatch.setenv("EDITOR", value)
        assert run(["preset", "edit", "basalt"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not own.exists() or list(own.iterdir()) == []


def test_impulse_responses_come_along(own: Path, tmp_path: Path) -> None:
    import numpy as np

    write_audio(tmp_path / "room.wav", Audio(np.full((1, 4_800), 0.1, np.float32)))
    preset = tmp_path / "hall.toml"
    effect = '\n[[effects]]\neffect = "convolution"\nimpulse = "room.wav"\n'
    preset.write_text(f'version = 1\nname = "Hall"\n[blend]\ncorners = ["flute", "cello"]\n{effect}')
    assert run(["preset", "copy", str(preset), "My Hall"]) == 0
    assert (own / "room.wav").read_bytes() == (tmp_path / "room.wav").read_bytes()
    write_audio(tmp_path / "room.wav", Audio(np.full((1, 4_800), 0.2, np.float32)), force=True)
    assert run(["preset", "copy", str(preset), "Another Hall"]) == 2, "another room would stand in for this one's"


def test_a_folder_that_cannot_be_made_is_told_and_another_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "file"))
    assert run(["preset", "copy", "glass-cello", "mine"]) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path / 'file' / 'presets'}: the folder cannot be made" in said
    assert "NSYNTH_LAB_HOME=FOLDER" in said
