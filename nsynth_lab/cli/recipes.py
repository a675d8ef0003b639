"""Recipes: the command line that makes a file again, which the file carries; and `nsynth-lab recipe`, which reads it.

A recipe is JSON in the file's own comment: `line`, the command with every option as it stood, whether it was typed or
not; `files`, the SHA-256 of each file that it names; the model's id, the seed and the version. WAV files hold a
comment of 2 kB; what is longer lies beside, in NAME.recipe.json, and the comment says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import ForceOption
from nsynth_lab.errors import UsageError
from nsynth_lab.legible import encodable, encodable_in, is_hidden

if TYPE_CHECKING:
    from nsynth_lab.render.session import Session

NOT_PART = ("output", "record", "plot", "force", "as_json")  # they do not change what is in the file
REPEATED = ("blend", "decode", "encode", "preset", "render")
LIVE = "play"
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
        """For the comment of the file `path`: the recipe, or where it lies."""
        if len(self.text) <= LONGEST_COMMENT:
            return self.text
        return json.dumps({"command": self.values["command"], "beside": encodable(f"{path.name}{BESIDE}")})

    def put_beside(self, path: Path) -> None:
        """Write it beside the file `path`, if its comment cannot hold it."""
        from nsynth_lab.atomic_file import write_json

        if len(self.text) > LONGEST_COMMENT:
            write_json(path.with_name(f"{path.name}{BESIDE}"), self.values)


def recipe(
    context: typer.Context, session: Session, *, more: dict[str, Any] | None = None, **changed: object
) -> Recipe:
    """Of the command that is running; `changed` says which parameters are other ones for this file than were given.

    `more` (JSON values) joins it.
    """
    values = {**context.params, **changed}
    line = [*context.command_path.split()[1:], *_words(context, values)]
    command = line[0]
    told = {"command": command, **(more or {}), "line": line, "files": _hashes(values), **session.stamp()}
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
    return {word: _hash(path) for word, path in sorted(found.items())}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_recipe(path: Path) -> dict[str, Any]:
    """The recipe that a file carries, or that lies beside it, checked.

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


def _is_line(line: object) -> bool:
    """A line that may be shown and run: of a command that makes files, in plain text."""
    return (
        isinstance(line, list)
        and 0 < len(line) <= MOST_WORDS
        and all(isinstance(word, str) and len(word) <= LONGEST_WORD and not any(map(is_hidden, word)) for word in line)
        and (line[0] in (*REPEATED, LIVE))
        and (line[0] != "preset" or line[1:2] == ["render"])
        and _typed(line).isdisjoint((*NOT_PART, "help"))
    )


def _typed(line: Sequence[str]) -> set[str]:
    """The parameters that a line gives, however they are written.

    Where its file goes and whether one in the way is replaced is for whoever runs it to say: a stranger's line could
    name any file of theirs.
    """
    from nsynth_lab.cli import app

    command, words = typer.main.get_command(app), list(line)
    while isinstance(command, typer.core.TyperGroup):
        command = command.commands[words.pop(0)]
    context = command.context_class(command, resilient_parsing=True)  # what cannot be read is told when it is run
    given, _, _ = command.make_parser(context).parse_args(words)
    return set(given)


def show(
    file: Annotated[Path, typer.Argument(help="A sound or .latents file that nsynth-lab has written.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Make it again: file to write, or the folder of a page.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Print the command line that made a file, or make the file again.

    Every file that blend, decode, encode, render, preset render and play --record write carries it, with the model, the
    seed and the hashes of the files it was made from. What is other here than it was then is said.

    **Examples**

        nsynth-lab recipe between.wav

        nsynth-lab recipe between.wav -o again.wav
    """
    values = read_recipe(file)
    line = values["line"]
    others = list(_others(values))
    if output is None:
        for other in others:
            console.say(f"warning: {other}")
        if line[0] == LIVE:
            console.say("it was played live: the settings are told, not the notes")
        console.show(shlex.join(["nsynth-lab", *line]))
        return
    if line[0] == LIVE:
        raise UsageError(f"{file}: was played live, so it cannot be made again; `nsynth-lab recipe {file}` tells how")
    if others and not force:
        raise UsageError(f"{file}: would not be the same: {'; '.join(others)}; --force makes it all the same")
    from nsynth_lab.cli import app

    app([*line[:1], *_with_output(line[1:], output, force=force)], prog_name="nsynth-lab", standalone_mode=False)


def _with_output(words: Sequence[str], output: Path, *, force: bool) -> list[str]:
    """Before the end of options, where there is one."""
    first = 1 if words[:1] == ["render"] else 0  # preset render
    extra = ["--output", str(output), *(["--force"] if force else [])]
    return [*words[:first], *extra, *words[first:]]


def _others(values: dict[str, Any]) -> Iterator[str]:
    """What is not as it was when the file was made."""
    from nsynth_lab import __version__
    from nsynth_lab.errors import CheckpointError
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
    from nsynth_lab.model.headers import model_of

    line = values["line"]
    at = line.index("--checkpoint") + 1 if "--checkpoint" in line[:-1] else 0
    folder = Path(line[at]) if at else DEFAULT_CHECKPOINT
    try:
        model = model_of(folder)
    except CheckpointError as error:
        model = ""
        yield str(error)
    if model and model != values.get("model"):
        yield f"it was made by model {values.get('model')!s:.40}, here is {model}"
    if values.get("nsynth_lab") != __version__:
        yield f"it was made by version {values.get('nsynth_lab')!s:.40}, this is {__version__}"
    files = values.get("files")
    known = files if isinstance(files, dict) else {}
    for word in filter(known.__contains__, dict.fromkeys(line)):  # no other file plays a part
        digest, path = known[word], _named(word)
        if path is None or not path.is_file():
            yield f"{word} is not here"
        elif _hash(path) != digest:
            yield f"{word} is not the file that it was"


def _named(word: str) -> Path | None:
    if os.path.isfile(word):
        return Path(word)
    from nsynth_lab.patch.library import preset_file

    try:
        return preset_file(word)
    except UsageError:
        return None
