"""One name, one meaning, over all commands; and the old names of options, which work for one release more."""

from __future__ import annotations

import re
import typing
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
from typer.main import get_command

from nsynth_lab import cli
from nsynth_lab.cli.old_names import EVERYWHERE, RENAMED, Renamed, with_new_names

MEANINGS = {  # of one name two: the reason
    "--output": "where files are written, and under which name an imagined instrument goes into the bank",
    "-o": "as --output",
    "--steps": "of a series of positions and of a training: both are what the field calls them",
    "--like": "which instruments a new one takes after, and which of six are liked",
    "--along": "where a blend goes along a tune, and that a partner plays along: both are said so",
    "--notes": "the notes of a pack's clips, and where those of a duet are written",
    "--grid": "how many loops a grid has to a side, and the folder of a grid that is played",
    "--track": "how far drums follow the keys, and which of a DAW's tracks a plugin is on",
    "--to": "what plays a phrase, and the kind of program that a decoder is exported for",
    "--begin": "the tune that goes on, and the tune or preset from which others are bred",
    "--follow": "how closely a phrase is followed, and what of a tune a blend follows",
}


@cache
def root() -> Any:
    return get_command(cli.app)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and its words."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        children = getattr(command, "commands", {})
        for name, child in children.items():
            yield from walk(child, (*words, name))
        if not children:
            yield " ".join(words), command

    yield from walk(root(), ())


def options() -> dict[str, list[tuple[str, Any]]]:
    """Where each option is found, and what it is there."""
    found = defaultdict(list)
    for command, one in commands():
        for parameter in one.params:
            for name in (*parameter.opts, *parameter.secondary_opts) if parameter.param_type_name == "option" else ():
                found[name].append((command, parameter))
    return found


def kind(option: Any) -> Any:
    """The type of one value: of several, and of one that may be left out, the same."""
    declared = option.type_descriptor.annotation
    inner = [one for one in typing.get_args(declared) if one is not NoneType]
    return inner[0] if inner else declared


def stem(option: Any) -> str:
    """What a help text is about: its first words."""
    return " ".join(re.findall(r"[\w-]+", option.help or "")[:2]).lower()


@pytest.mark.parametrize("name", sorted(options()))
def test_one_name_is_one_thing(name: str) -> None:
    """The same type of value and the same meaning in every command that has it, and help that says what it is."""
    found = options()[name]
    if name not in MEANINGS:
        assert len({kind(option) for _, option in found}) == 1, [(command, kind(option)) for command, option in found]
    assert len({option.metavar for _, option in found}) == 1
    assert all(option.help and len(option.help) > 8 for _, option in found)
    if name not in MEANINGS:
        assert len({stem(option) for _, option in found}) == 1, {command: option.help for command, option in found}


def test_one_thing_has_one_name() -> None:
    """No option has two long names, and a short one always stands for the same long one."""
    long_of = defaultdict(set)
    for _, command in commands():
        for option in command.params:
            names = [name for name in option.opts if name.startswith("--")]
            assert option.param_type_name == "argument" or len(names) == 1, names
            for short in set(option.opts) - set(names) if names else ():
                long_of[short].add(names[0])
    assert all(len(names) == 1 for names in long_of.values()), long_of


def test_the_list_of_exceptions_is_not_longer_than_need_be() -> None:
    for name in MEANINGS:
        assert len({stem(option) for _, option in options()[name]}) > 1, f"{name} needs no reason any more"


def one_command(row: Renamed) -> str:
    """A command of which an old name is."""
    with_it = {command for command, option in options()[row.new] if row.old not in option.opts}
    return min(with_it) if row.command == EVERYWHERE else row.command


@pytest.mark.parametrize("row", RENAMED, ids=lambda row: f"{row.command} {row.old}")
def test_an_old_name_is_read_as_the_new_one(row: Renamed) -> None:
    command = one_command(row)
    assert command in dict(commands())
    option = {name: one for at, one in options()[row.new] if at == command for name in (*one.opts, *one.secondary_opts)}
    assert row.new in option, f"{command} has no {row.new}"
    value = [] if option[row.new].is_flag else [_value_of(row)]
    for old, new in ((row.old, row.new), (f"{row.old}=", f"{row.new}=")) if value else ((row.old, row.new),):
        typed = [old + value[0]] if old.endswith("=") else [old, *value]
        meant = [new + value[0]] if new.endswith("=") else [new, *value]
        words, found = with_new_names(root(), [*command.split(), *typed, "x"])
        assert words == [*command.split(), *meant, "x"]
        assert found == [row]


def _value_of(row: Renamed) -> str:
    return next((one for one in ("figures.json", "1,3-5", "4", "x") if re.fullmatch(row.value or ".*", one)), "")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("play flute --device cpu", "play flute --device cpu"),  # the audio output, which may be called so
        ("blend a b --device cpu", "blend a b --compute cpu"),
        ("bank notes/ --processes 3", "bank notes/ --jobs 3"),  # that is, `bank build`
        ("capture x --name --seconds --family f", "capture x --name --seconds --family f"),  # a name, odd as it is
        ("encode a.wav -o --note --note C4", "encode a.wav -o --note --source-note C4"),
        ("encode a.wav -o--note --note C4", "encode a.wav -o--note --source-note C4"),
        ("encode -- --note", "encode -- --note"),
        ("bench --json", "bench --json"),
        ("bench --json --quick", "bench --json --quick"),
        ("bench --json f.json", "bench --figures f.json"),
        ("evaluate --json notes", "evaluate --json notes"),
        ("dataset check d --no-listen", "dataset check d --no-audio"),
        ("--version", "--version"),
        ("sing --device cpu", "sing --device cpu"),
        ("", ""),
        ("blend --device", "blend --compute"),  # the error is told of the new name
    ],
)
def test_only_options_are_read_anew(typed: str, meant: str) -> None:
    """Not what is the value of another option, nor what comes behind `--`, nor a name that means something else."""
    assert with_new_names(root(), typed.split())[0] == meant.split()


def run(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.run(words)
    heard = capsys.readouterr()
    return code, heard.out, heard.err


def test_an_old_name_works_and_tells_the_new_one_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["dataset", "folder", str(tmp_path), "--out", "a", "--out", str(tmp_path / "no" / "where")]
    code, out, err = run(words, capsys)
    renewed = [word.replace("--out", "--output") for word in words]
    assert run(renewed, capsys) == (code, out, err.replace("--out is now --output; the old name goes in 0.3\n", ""))
    assert err.count("is now") == 1
    assert code in (1, 2)


def test_old_names_are_in_no_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command, one in commands():
        old = {row.old for row in RENAMED if row.command == command and not row.value}
        shown = {name for option in one.params for name in (*option.opts, *option.secondary_opts)}
        assert not old & shown, command
        _, out, _ = run([*command.split(), "--help"], capsys)
        assert not {name for name in old if re.search(rf"{name}(?![\w-])", out)}, command
