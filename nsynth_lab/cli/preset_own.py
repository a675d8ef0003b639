"""`nsynth-lab preset copy`, `remove` and `edit`: the user's own presets."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import completions, console
from nsynth_lab.cli.options import ForceOption, PresetName
from nsynth_lab.errors import PatchError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

EDITORS = ("sensible-editor", "nano", "vi", "notepad")  # where neither VISUAL nor EDITOR names one


def copy(
    name: PresetName,
    new_name: Annotated[str, typer.Argument(help="What the copy is to be called.")],
    force: ForceOption = False,
) -> None:
    """Copy a preset under a new name among your own, to change it there.

    **Example**: `nsynth-lab preset copy glass-cello "My Cello"`
    """
    from nsynth_lab.patch.own_presets import copy_preset

    console.show(str(copy_preset(name, new_name, force=force)))


def remove(
    names: Annotated[list[str], typer.Argument(help="Presets of yours.", autocompletion=completions.own_presets)],
    force: ForceOption = False,
) -> None:
    """Remove presets of your own for good; asks first. A factory preset stays.

    **Example**: `nsynth-lab preset remove my-cello`
    """
    from nsynth_lab.patch.own_presets import own_paths

    paths = own_paths(names)
    if not force:
        if not sys.stdin.isatty():
            raise UsageError("cannot ask for confirmation without a terminal; add --force to remove them for good")
        if not typer.confirm(f"Remove {', '.join(map(str, paths))} for good?", err=True):
            console.say("nothing was removed")
            raise typer.Exit(1)
    for path in paths:
        path.unlink()
        console.show(f"removed {path}")


def edit(
    name: PresetName,
) -> None:
    """Open a preset in your editor, and check it when you are done. A factory preset is copied for you first.

    The editor is what VISUAL or EDITOR names. What you wrote stays, even if it is not a preset that can be played yet.

    **Example**: `nsynth-lab preset edit glass-cello`
    """
    from nsynth_lab.patch import read_preset
    from nsynth_lab.patch.own_presets import own_copy

    editor = _editor()
    path, is_new = own_copy(name)
    before = path.read_bytes()
    try:
        ended = subprocess.run([*editor, str(path)], check=False).returncode
    except OSError as error:
        _take_back(path, is_new=is_new)
        raise UsageError(f"{editor[0]}: cannot be started ({error.strerror}); set VISUAL to your editor") from error
    if path.read_bytes() == before:
        _take_back(path, is_new=is_new)
        if ended:
            raise PatchError(f"{editor[0]} ended with {ended}; nothing was changed")
        console.say("nothing was changed")
        return
    try:
        read_preset(path)
    except PatchError as error:
        raise PatchError(f"{error}; what you wrote is kept: `nsynth-lab preset edit {shlex.quote(name)}`") from None
    console.show(str(path))


def _editor() -> list[str]:
    """The words that start the user's editor."""
    for variable in ("VISUAL", "EDITOR"):
        try:
            if words := shlex.split(os.environ.get(variable, ""), posix=os.name != "nt"):
                return words
        except ValueError as error:
            raise UsageError(f"{variable}={os.environ[variable]}: cannot be read ({error})") from error
    found = next(filter(shutil.which, EDITORS), None)
    if found is None:
        raise UsageError("no editor was found; set VISUAL or EDITOR to yours")
    return [found]


def _take_back(path: Path, *, is_new: bool) -> None:
    """A copy that was made to be changed and was not would only hide the factory's later ones."""
    if is_new:
        path.unlink(missing_ok=True)
