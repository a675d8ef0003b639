"""Tab in a shell: what bash is offered, asked as bash asks."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from nsynth_lab.cli import run

SECONDS = 0.5
LAB = Path(sys.executable).with_name("nsynth-lab")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))


def offered(words: Sequence[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bash would be given for a line of such words as it holds them, the last of them not ended."""
    monkeypatch.setenv("_NSYNTH_LAB_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["nsynth-lab", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    capsys.readouterr()
    assert run([]) == 0
    heard = capsys.readouterr()
    assert heard.err == ""
    return heard.out.split("\n")[:-1]


@pytest.mark.parametrize(
    ("words", "among", "not_among"),
    [
        (["preset", "show", "gla"], ["glass-cello"], ["basalt", "--json"]),
        (["preset", "new", "X", "cello", "choir"], ["choir-aahs"], ["choir aahs", "cello"]),
        (["preset", "new", "X", r"choir\ a"], [r"choir\ aahs"], ["choir-aahs"]),
        (["preset", "new", "X", '"choir a'], ["choir aahs"], [r"choir\ aahs"]),
        (["preset", "list", "--tag", "be"], ["bell"], ["pad"]),
        (["preset", "rem"], ["remove"], ["render"]),
        (["panel", "gla"], ["glass-cello"], ["basalt"]),
        (["panel", "flute", "c"], ["cello", "choir-aahs"], ["flute", "choir-of-strings-and-steam"]),
        (["panel", "flute", "gla"], [], ["glass-cello"]),
        (["capture", "x", "--family", ""], ["brass", "string"], ["acoustic"]),
        (["blend", "flute", "cello", "--compute", ""], ["auto", "cpu", "cuda"], ["cello"]),
        (["blend", "--dev"], [], ["--device"]),  # its old name is not offered
        (["blend", "--comp"], ["--compute"], []),
        (["bank", "show", ""], [], ["flute"]),
        (["plugins", "show", ""], [], ["flute"]),
        (["preset", "remove", ""], [], ["glass-cello"]),
    ],
    ids=str,
)
def test_names_are_offered(
    words: Sequence[str],
    among: Sequence[str],
    not_among: Sequence[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = offered(words, capsys, monkeypatch)
    assert set(among) <= set(found)
    assert not set(not_among) & set(found)
    assert found == sorted(set(found))


def test_what_a_shell_would_take_for_its_own_is_escaped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {name: (name, "") for name in ("grandma's zither", "$(touch x) & co", "-odd", "琵琶")}
    monkeypatch.setattr("nsynth_lab.model.banks.user_instrument_names", lambda: names)
    found = offered(["bank", "show", ""], capsys, monkeypatch)
    assert [shlex.split(word) for word in found] == [["$(touch-x)-&-co"], ["grandma's-zither"], ["琵琶"]]
    assert all(letter not in word.replace(f"\\{letter}", "") for word in found for letter in "$()&'")


@pytest.mark.skipif(shutil.which("bash") is None or not LAB.is_file(), reason="needs bash and the installed command")
def test_bash_itself_completes_a_line(tmp_path: Path) -> None:
    """The script that `--show-completion` prints, loaded by bash, fills COMPREPLY."""
    script = f"""
        PATH={shlex.quote(str(LAB.parent))}:$PATH
        eval "$(_NSYNTH_LAB_COMPLETE=source_bash nsynth-lab)"
        COMP_WORDS=(nsynth-lab preset new X 'cello' 'choir\\ a'); COMP_CWORD=5
        _nsynth_lab_completion nsynth-lab
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stderr == ""
    assert done.stdout == "choir\\ aahs\n"


def test_it_is_quick_and_needs_nothing_heavy() -> None:
    """The shell waits for it: without torch, and in half a second of this processor's time."""
    script = (
        "import sys; from nsynth_lab.cli import run; code = run([])\n"
        "sys.exit('torch was imported' if {'torch', 'numba', 'scipy'} & set(sys.modules) else code)"
    )
    asked = {"_NSYNTH_LAB_COMPLETE": "complete_bash", "COMP_WORDS": "nsynth-lab\npreset\nnew\nX\nfl", "COMP_CWORD": "4"}
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    after = os.times()
    assert (done.returncode, done.stderr) == (0, "")
    assert "flute" in done.stdout.split()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    assert busy < 4 * SECONDS, "seconds; 0.4 on an idle machine"
