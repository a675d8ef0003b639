"""Recipes: the command line that makes a file again, which the file carries.

A recipe is JSON in the file's own comment: `line`, the command with every option as it stood, whether it was typed or
not; `files`, the SHA-256 of each file that it names; the model's id, the seed and the version. WAV files hold a
comment of 2 kB; what is longer lies beside, in NAME.recipe.json, and the comment says so.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nsynth_lab.cli.options import is_stdout
from nsynth_lab.errors import UsageError
from nsynth_lab.legible import encodable, encodable_in, is_hidden
from nsynth_lab.version import __version__

if TYPE_CHECKING:
    from nsynth_lab.render.session import Session

NOT_PART = (
    "output",
    "record",
    "plot",
    "midi",
    "phrase_file",
    "force",
    "as_json",
    "listen",
)  # they do not change what is in the file
REPEATED = ("blend", "compose", "decode", "encode", "preset", "render", "tones", "translate")
LIVE = (("play",), ("loops", "play"))
LONGEST_COMMENT = 2_000
BESIDE = ".recipe.json"
MAX_BYTES, MOST_WORDS, LONGEST_WORD = 2**20, 500, 4_096


@dataclass(frozen=True)
class Recipe:
    """What makes a file again."""

    values: dict[str, Any]

    @property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(self.values)

    def comment(self, path: Path) -> str:
        """For the comment of the file `path`: the recipe, or where it lies; nothing lies beside stdout."""
        if len(self.text) <= LONGEST_COMMENT:
            return self.text
        if is_stdout(path):
            return ""
        return json.dumps({"command": self.values["command"], "beside": encodable(f"{path.name}{BESIDE}")})

    def put_beside(self, path: Path) -> None:
        """Write it beside the file `path`, if its comment cannot hold it."""
        from nsynth_lab.atomic_file import write_json

        if len(self.text) > LONGEST_COMMENT and not is_stdout(path):
            write_json(path.with_name(f"{path.name}{BESIDE}"), self.values)


def recipe(
    context: typer.Context, session: Session | None, *, more: dict[str, Any] | None = None, **changed: object
) -> Recipe:
    """Of the command that is running; `changed` says which parameters are other ones for this file than were given.

    `more` (JSON values) joins it. Without a session, it was made without a model.
    """
    values = {**context.params, **changed}
    line = [*context.command_path.split()[1:], *_words(context, values)]
    command = line[0]
    stamp = session.stamp() if session else {"nsynth_lab": __version__}
    told = {"command": command, **(more or {}), "line": line, "files": _hashes(values), **stamp}
    return Recipe(encodable_in(told))


def _words(context: typer.Context, values: dict[str, Any]) -> list[str]:
    """Parameters as the user would type them, defaults included."""
    arguments: list[str] = []
    options: list[str] = []
    for parameter in context.command.params:
        value = values.get(parameter.name or "")
        if parameter.name in NOT_PART or value is None or value == "":
            continue
        several = list(value) if isinstance(value, list | tuple) else [value]
        if parameter.param_type_name == "argument":
            arguments += map(str, several)
            continue
        name = next(option for option in parameter.opts if option.startswith("--"))
        if isinstance(value, bool):
            options += [name] if value else parameter.secondary_opts[:1]
            continue
        for one in several:
            options += [name, str(one)]
    dashed = any(argument.startswith("-") for argument in arguments)
    return [*options, "--", *arguments] if dashed else [*arguments, *options]


def _hashes(values: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of the files that parameters name, and of a preset's file."""
    named = [str(word) for value in values.values() for word in (value if isinstance(value, list | tuple) else [value])]
    output = {str(values.get(name)) for name in NOT_PART}
    found = {word: Path(word) for word in named if word and word not in output and os.path.isfile(word)}
    presets = [values.get("preset"), *(values.get("names") or ())]
    for preset in filter(None, presets):
        from nsynth_lab.patch.library import preset_file

        found[str(preset)] = preset_file(str(preset))
    return {word: file_hash(path) for word, path in sorted(found.items())}


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_recipe(path: Path) -> dict[str, Any]:
    """The recipe that a file carries, or that lies beside it: a command line in plain text.

    Raises:
        AudioError, LatentsError: the file cannot be read.
        UsageError: it carries none that can be followed.
    """
    values = _carried(path)
    if isinstance(values, dict) and "beside" in values:
        values = _parsed(_beside(path.with_name(f"{path.name}{BESIDE}")))
    line = values.get("line") if isinstance(values, dict) else None
    if not isinstance(values, dict) or not _is_line(line):
        raise UsageError(f"{path}: carries no recipe of nsynth-lab")
    return values


def _carried(path: Path) -> Any:
    if path.suffix.lower() == ".latents":
        from nsynth_lab.latents import read_latents

        return read_latents(path).provenance
    from nsynth_lab.audio import read_comment

    return _parsed(read_comment(path))


def _beside(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; not a recipe")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the recipe lies there and cannot be read ({error})") from error


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_live(line: Sequence[str]) -> bool:
    """Whether a command line plays live, so that its file cannot be made again."""
    return any(tuple(line[: len(words)]) == words for words in LIVE)


def _is_line(line: object) -> bool:
    """A line that may be shown and run: of a command that makes files, in plain text."""
    return (
        isinstance(line, list)
        and 0 < len(line) <= MOST_WORDS
        and all(isinstance(word, str) and len(word) <= LONGEST_WORD and not any(map(is_hidden, word)) for word in line)
        and (line[0] in REPEATED or is_live(line))
        and (line[0] != "preset" or line[1:2] == ["render"])
    )
