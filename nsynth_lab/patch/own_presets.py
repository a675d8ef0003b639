"""The user's own presets: copied from others, saved, changed and removed. The factory's files are never touched."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import check_target
from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.folders import data_folder, make_folder
from nsynth_lab.naming import checked_name
from nsynth_lab.patch.library import FACTORY, OWN, files_in, place_for, preset_file, read_whole
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.preset_file import format_preset, parse_preset, with_name


def own_folder() -> Path:
    """Where the user's own presets are kept; made if it is not there.

    Raises:
        PatchError: it cannot be made.
    """
    return make_folder(data_folder() / OWN, PatchError)


def own_files() -> list[Path]:
    """The user's own preset files."""
    return files_in(data_folder() / OWN)


def is_own(path: Path) -> bool:
    """Whether a preset file lies among the user's own."""
    return path.resolve().parent == (data_folder() / OWN).resolve()


def copy_preset(name: str, new_name: str, *, force: bool = False) -> Path:
    """Copy a preset under a new name among the user's own, its comments and layout kept.

    Raises:
        UsageError: no such preset, a name that cannot be used, or one that is taken, without `force`.
        PatchError: the preset cannot be read.
    """
    text, patch = read_whole(name)
    new_name = checked_name(new_name)
    path = place_for(own_folder(), new_name)
    if path.is_file() and path.samefile(preset_file(name)):
        raise UsageError(f"'{new_name}' is what the preset is called already; choose another name")
    _refuse_factory(new_name, "choose another name, or change it: preset edit")
    take_along(patch, path.parent)
    return _write(path, with_name(text, new_name), force=force)


def save_preset(patch: Patch, name: str, *, force: bool = False) -> Path:
    """Save a patch under a name among the user's own presets.

    Raises:
        UsageError: a name that cannot be used, or one that is taken, without `force`.
        PatchError: it cannot be written.
    """
    name = checked_name(name)
    path = place_for(own_folder(), name)
    _refuse_factory(name, "choose another name")
    if path.exists() and not force:
        raise UsageError(f"'{path.stem}' is a preset of yours already; choose another name, or replace it")
    take_along(patch, path.parent)
    return _write(path, format_preset(replace(patch, name=name)), force=force)


def _refuse_factory(name: str, instead: str) -> None:
    if (factory := place_for(FACTORY, name)).is_file():
        raise UsageError(f"'{factory.stem}' is a factory preset; {instead}")


def own_copy(name: str) -> tuple[Path, bool]:
    """The file in which the user may change a preset, and whether it has just been made.

    A file outside the library and one of the user's own are changed where they lie; of a factory preset a copy of the
    same name is made, which from then on is the one that counts.

    Raises:
        UsageError: there is no such preset.
    """
    path = preset_file(name)
    if not path.is_file():
        raise UsageError(f"{path}: no such preset file")
    if path.resolve().parent != FACTORY.resolve():
        return path, False
    own = own_folder() / path.name
    if own.is_file():
        return own, False
    text, patch = read_whole(name)
    take_along(patch, own.parent)
    return _write(own, text, force=False), True


def own_paths(names: list[str]) -> list[Path]:
    """The files of the user's own presets of these names, each once.

    Raises:
        UsageError: one that is not the user's own.
    """
    paths = [preset_file(name) for name in names]
    for name, path in zip(names, paths, strict=True):
        if not is_own(path) or not path.is_file():
            whose = "a factory preset" if path.resolve().parent == FACTORY.resolve() else "not one of your own presets"
            raise UsageError(f"'{name}' is {whose}, and stays")
    return list(dict.fromkeys(paths))


def take_along(patch: Patch, folder: Path) -> None:
    """Copy the impulse responses that lie beside a preset into a folder, unless they are there.

    Raises:
        PatchError, UsageError: another file of that name is there, or the disk refuses.
    """
    home = patch.home or folder
    for name in {slot.impulse for slot in patch.effects if slot.impulse}:
        source, target = home / name, folder / name
        if not source.is_file() or (target.exists() and target.read_bytes() == source.read_bytes()):
            continue
        check_target(target, force=False)
        with atomic_write(target, PatchError) as beside:
            shutil.copyfile(source, beside)


def _write(path: Path, text: str, *, force: bool) -> Path:
    parse_preset(text)
    check_target(path, force=force)
    with atomic_write(path, PatchError) as beside:
        beside.write_text(text, encoding="utf-8")
    return path
