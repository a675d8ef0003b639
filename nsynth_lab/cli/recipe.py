"""`nsynth-lab recipe`: the command line that made a file, read from the file, shown or run again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nsynth_lab.cli import console, old_names
from nsynth_lab.cli.options import ForceOption
from nsynth_lab.cli.recipes import NOT_PART, file_hash, is_live, read_recipe
from nsynth_lab.errors import UsageError


def show(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A sound or .latents file that nsynth-lab has written.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write it, made again."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Print the command line that made a file, or make the file again.

    Every sound that blend, compose, decode, encode, render, preset render and play --record write carries it, with the
    model, the seed and the hashes of the files it was made from. Differences between then and now are reported.

    **Examples**

        nsynth-lab recipe between.wav

        nsynth-lab recipe between.wav -o again.wav
    """
    values = read_recipe(file)
    root = context.find_root().command
    line, _ = old_names.with_new_names(root, values["line"])  # it may have been written by an older version
    if not _typed(root, line).isdisjoint((*NOT_PART, "help")):
        raise UsageError(f"{file}: carries no recipe of nsynth-lab")
    others = list(_others(values, line))
    if output is None:
        for other in others:
            console.say(f"warning: {other}")
        if is_live(line):
            console.say("it was played live: the settings are told, not the notes")
        console.show(shlex.join(["nsynth-lab", *line]))
        return
    if is_live(line):
        raise UsageError(f"{file}: was played live, so it cannot be made again; `nsynth-lab recipe {file}` tells how")
    if others and not force:
        raise UsageError(f"{file}: would not be the same: {'; '.join(others)}; --force makes it all the same")
    words = [*line[:1], *_with_output(line[1:], output, force=force)]
    root.main(args=words, prog_name="nsynth-lab", standalone_mode=False)


def _typed(root: Any, line: Sequence[str]) -> set[str]:
    """The parameters that a line gives, however they are written.

    Where its file goes and whether one in the way is replaced is for whoever runs it to say: a stranger's line could
    name any file of theirs.
    """
    command, words = root, list(line)
    while isinstance(command, TyperGroup):
        name = words.pop(0)
        if f"{name} {''.join(words[:1])}" in command.commands:  # a command of two words
            name = f"{name} {words.pop(0)}"
        command = command.commands[name]
    context = command.context_class(command, resilient_parsing=True)  # what cannot be read is told when it is run
    given, _, _ = command.make_parser(context).parse_args(words)
    return set(given)


def _with_output(words: Sequence[str], output: Path, *, force: bool) -> list[str]:
    """Before the end of options, where there is one."""
    first = 1 if words[:1] == ["render"] else 0  # preset render
    extra = ["--output", str(output), *(["--force"] if force else [])]
    return [*words[:first], *extra, *words[first:]]


def _others(values: dict[str, Any], line: Sequence[str]) -> Iterator[str]:
    """What is not as it was when the file was made."""
    from nsynth_lab.errors import CheckpointError
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
    from nsynth_lab.model.headers import model_of
    from nsynth_lab.version import __version__

    at = line.index("--checkpoint") + 1 if "--checkpoint" in line[:-1] else 0
    folder = Path(line[at]) if at else DEFAULT_CHECKPOINT
    try:
        model = model_of(folder)
    except CheckpointError as error:
        model = ""
        yield str(error)
    if model and model != values.get("model", model):  # sines are made without one
        yield f"it was made by model {values.get('model')!s:.40}, here is {model}"
    if values.get("nsynth_lab") != __version__:
        yield f"it was made by version {values.get('nsynth_lab')!s:.40}, this is {__version__}"
    files = values.get("files")
    known = files if isinstance(files, dict) else {}
    for word in filter(known.__contains__, dict.fromkeys(line)):  # no other file plays a part
        digest, path = known[word], _named(word)
        if path is None or not path.is_file():
            yield f"{word} is not here"
        elif file_hash(path) != digest:
            yield f"{word} is not the file that it was"


def _named(word: str) -> Path | None:
    if os.path.isfile(word):
        return Path(word)
    from nsynth_lab.patch.library import preset_file

    try:
        return preset_file(word)
    except UsageError:
        return None
