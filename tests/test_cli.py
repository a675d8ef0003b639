from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer
from command_lines import in_the_readmes
from typer.main import get_command

from nsynth_lab import __version__, cli
from nsynth_lab.errors import AudioError, UsageError


def commands() -> Iterator[tuple[str, ...]]:
    """Every command's words, groups included."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*words, name))

    yield from walk(get_command(cli.app), ())


ALL_COMMANDS = tuple(commands())
GROUPS = {(), *((name,) for name, _ in cli.GROUPS)}


def examples() -> list[str]:
    """The `nsynth-lab` lines of the READMEs."""
    return [line for line in in_the_readmes() if line.startswith("nsynth-lab ")]


def toy(command: Callable[..., None]) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(command)
    return app


@pytest.mark.parametrize("words", ALL_COMMANDS, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*words, "--help"]) == 0
    told = capsys.readouterr().out
    assert "Usage: nsynth-lab" in told
    if words not in GROUPS:
        assert "Example" in told
        assert told.count(f"nsynth-lab {' '.join(words)}") >= 2, "the usage line and an example"


@pytest.mark.parametrize("line", examples())
def test_the_readmes_show_commands_that_exist(line: str) -> None:
    command: Any = get_command(cli.app)
    words = shlex.split(line)[1:]
    while hasattr(command, "commands"):
        name = words.pop(0)
        if " ".join([name, *words[:1]]) in command.commands and words:
            name = f"{name} {words.pop(0)}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if re.match(r"--?[a-z]", word)} <= known


def test_without_arguments_it_shows_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) in (0, 2)
    heard = capsys.readouterr()
    assert "doctor" in heard.out + heard.err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"nsynth-lab {__version__}\n"


@pytest.mark.parametrize("words", [["sing"], ["doctor", "--loud"], ["doctor", "extra"], ["--json"]])
def test_usage_errors_end_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 2
    heard = capsys.readouterr()
    assert heard.out == ""
    assert "Traceback" not in heard.err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (AudioError("a.wav: silent\nthroughout"), 1, "error: a.wav: silent throughout"),
        (UsageError("position 1.5 is outside 0 to 1"), 2, "error: position 1.5 is outside 0 to 1"),
        (ValueError("bad [bold] luck"), 1, "error: unexpected ValueError: bad [bold] luck"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise error

    monkeypatch.setattr(cli, "app", toy(command))
    monkeypatch.delenv(cli.DEBUG, raising=False)
    assert cli.run([]) == code
    heard = capsys.readouterr()
    assert heard.out == ""
    assert heard.err.startswith(says)
    assert heard.err.count("\n") == 1
    assert heard.err.endswith("\n")


def test_an_unexpected_error_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", toy(command))
    monkeypatch.delenv(cli.DEBUG, raising=False)
    assert cli.run([]) == 1
    assert f"{cli.DEBUG}=1" in capsys.readouterr().err
    monkeypatch.setenv(cli.DEBUG, "1")
    with pytest.raises(ZeroDivisionError):
        cli.run([])


def test_a_long_error_is_not_wrapped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise AudioError("x " * 500)

    monkeypatch.setattr(cli, "app", toy(command))
    cli.run([])
    assert capsys.readouterr().err.count("\n") == 1


def test_a_commands_own_exit_code_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        raise typer.Exit(3)

    monkeypatch.setattr(cli, "app", toy(command))
    assert cli.run([]) == 3


def test_help_needs_nothing_heavy() -> None:
    heavy = ("torch", "torchaudio", "numpy", "librosa", "matplotlib", "soundfile", "pedalboard")
    script = (
        f"import sys; from nsynth_lab.cli import run; code = run(['--help'])\n"
        f"sys.exit(code or ', '.join(name for name in {heavy} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


USAGE_ERRORS = (
    "blend flute cello --note H9 -o x.wav",
    "blend flute nobody -o x.wav",
    "blend flute cello --duration 0 -o x.wav",
    "blend flute gone.wav -o x.wav",
    "blend flute cello --timbre -1 -o x.wav",
    "blend flute cello --partials nan -o x.wav",
    "blend flute cello -o x.doc",
    "blend --preset nobody -o x.wav",
    "encode gone.wav -o x.latents",
    "encode gone.wav --source-note H9 -o x.latents",
    "decode gone.latents -o x.wav",
    "render gone.mid flute -o x.wav",
    "play nobody",
    "play flute --block 100",
    "play flute --set nothing=1",
    "play flute --voices 0",
    "play flute --unison 9",
    "play flute --a4 44",
    "play flute --mode solo",
    "play flute --position 2",
    "play flute --cc 21=nothing",
    "play flute --scale gone.scl",
    "play flute --program-change nobody",
    "play --preset glass-cello --set release_seconds=nan",
    "instruments --family brasses",
    "bank build --checkpoint gone",
    "recipe gone.wav",
    "bank show nobody",
    "bank export nobody -o x.safetensors",
    "bank remove nobody",
    "capture gone.wav --name x --family vocal",
    "capture x.sf2 --velocities 0",
    "preset render nobody",
    "preset check nobody",
    "preset check --fix",
    "preset new x nobody flute",
    "preset random -o x.doc",
)
# One process for all of them: each is told, or the first that imports torch shows in all that follow.
ALL_ERRORS = """
import contextlib, io, json, shlex, sys
from nsynth_lab.cli import run
found = {}
for line in sys.argv[1:]:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = run(shlex.split(line))
    found[line] = [code, said.getvalue(), "torch" in sys.modules]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def usage_errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, bool]]:
    """Of each line its exit code, what it says, and whether torch has been imported by then."""
    command = [sys.executable, "-c", ALL_ERRORS, *USAGE_ERRORS]
    folder = tmp_path_factory.mktemp("errors")
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return {line: (code, said, torch) for line, (code, said, torch) in json.loads(done.stdout).items()}


@pytest.mark.parametrize("line", USAGE_ERRORS)
def test_a_usage_error_does_not_wait_for_torch(line: str, usage_errors: dict[str, tuple[int, str, bool]]) -> None:
    """Importing it takes seconds; a mistyped name is told as soon as a help text is."""
    code, said, has_torch = usage_errors[line]
    assert code == (1 if "no such file" in said.lower() else 2), said
    assert said.count("\n") == 1
    assert not has_torch


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals and pipes")
def test_ctrl_c_is_a_word_and_130() -> None:
    script = (
        "import sys, time, typer; from nsynth_lab import cli\n"
        "def wait() -> None:\n    print('waiting', flush=True); time.sleep(60)\n"
        "cli.app = typer.Typer(); cli.app.command()(wait)\n"
        "sys.exit(cli.run([]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals and pipes")
def test_a_reader_that_leaves_is_no_error() -> None:
    script = (
        "import sys, typer; from nsynth_lab import cli\n"
        "def talk() -> None:\n    [cli.console.show('word ' * 50) for _ in range(10_000)]\n"
        "cli.app = typer.Typer(); cli.app.command()(talk)\n"
        "sys.exit(cli.run([]))"
    )
    done = subprocess.run(
        f'"{sys.executable}" -c "$SCRIPT" | head -1',
        shell=True,
        env={**os.environ, "SCRIPT": script},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_the_doctor_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.run(["doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert code == (0 if report["works"] else 1)
    findings = {finding["name"]: finding for finding in report["findings"]}
    assert report["works"] == all(finding["works"] for finding in findings.values() if finding["needed"])
    assert findings["torch"]["works"]
    assert findings["audio files"]["works"]
    assert all(finding["works"] or finding["advice"] for finding in findings.values())


@pytest.mark.parametrize("words", [["blend", "--help"], ["blend", "--nothing"], ["blnd"], ["--version"]], ids=" ".join)
def test_a_command_is_imported_without_the_others(words: list[str]) -> None:
    code = (
        "import sys\nfrom nsynth_lab.cli import run\nrun(sys.argv[1:])\n"
        "others = {'numpy', *(f'nsynth_lab.cli.{name}' for name in ('bank', 'dataset', 'play', 'train'))}\n"
        "print(sorted(others & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "[]"
