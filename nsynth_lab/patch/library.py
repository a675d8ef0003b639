"""Presets by name: the factory presets in `presets/`, the user's own, and files."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.folders import data_folder
from nsynth_lab.naming import digest_stem, file_stem, folded
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.preset_file import ENDING, read_preset
from nsynth_lab.resources import factory_presets
from nsynth_lab.wording import did_you_mean, quoted

FACTORY = factory_presets()
MAX_PRESETS = 5_000
INSTEAD = "preset"
OWN = "presets"  # the folder of the user's own


@dataclass(frozen=True)
class Entry:
    """One preset file: its patch, or the error in it."""

    path: Path
    patch: Patch | None
    error: str = ""

    @property
    def key(self) -> str:
        """Name by which it is found: that of the file without its ending."""
        return self.path.stem


def files_in(folder: Path) -> list[Path]:
    """The preset files of a folder, by name; none if it does not exist."""
    return sorted(folder.glob(f"*{ENDING}"))[:MAX_PRESETS] if folder.is_dir() else []


def preset_files() -> list[Path]:
    """Factory and user preset files; a user preset replaces the factory preset of the same name."""
    found: dict[str, Path] = {}
    for folder in (data_folder() / OWN, FACTORY):
        for path in files_in(folder):
            found.setdefault(path.stem.lower(), path)
    return sorted(found.values(), key=lambda path: path.stem.lower())


def presets() -> list[Entry]:
    """All presets, read."""
    return [read_entry(path) for path in preset_files()]


def read_entry(path: Path) -> Entry:
    """Read one preset file; an error is kept in the entry."""
    try:
        return Entry(path, read_preset(path))
    except PatchError as error:
        return Entry(path, None, str(error))


def find_preset(name: str) -> Patch:
    """A preset by its path, its file name or the name of its patch.

    Raises:
        UsageError: there is none; the closest names are offered.
        PatchError: it cannot be read.
    """
    return read_preset(preset_file(name))


def read_whole(name: str) -> tuple[str, Patch]:
    """The text of a preset's file, and its patch.

    Raises:
        UsageError, PatchError: as `find_preset`.
    """
    path = preset_file(name)
    patch = read_preset(path)
    return path.read_text(encoding="utf-8"), patch


def preset_file(name: str) -> Path:
    """Path of a preset.

    Raises:
        UsageError: there is none; the closest names are offered.
    """
    if name.lower().endswith(ENDING) or os.sep in name:
        return Path(name)
    return listed_file(name)


def listed_file(name: str) -> Path:
    """Path of a preset of the library, never of a file elsewhere.

    Raises:
        UsageError: there is none; the closest names are offered.
    """
    wanted = _plain(name)
    files = preset_files()
    for path in files:
        if _plain(path.stem) == wanted:
            return path
    for path in files:
        patch = read_entry(path).patch
        if patch is not None and _plain(patch.name) == wanted:
            return path
    names = [_plain(path.stem) for path in files]
    hint = did_you_mean(wanted, names) if names else "there are none"
    raise UsageError(f"{quoted(name)} is neither a preset nor a {ENDING} file; {hint} (`nsynth-lab preset list`)")


def preset_named(name: str, *, instruments: Collection[str]) -> Path | None:
    """Path of the preset that `name` means where it might also name an instrument, or None if it means no preset.

    What ends as preset files do always means one; otherwise an instrument of that name comes first, and so does a path.
    """
    if name.lower().endswith(ENDING):
        return Path(name)
    if os.sep in name or folded(name) in {folded(one) for one in instruments}:
        return None
    try:
        return listed_file(name)
    except UsageError:
        return None


def place_for(folder: Path, name: str) -> Path:
    """Path in `folder` of the preset of that name, or a free path for a new one."""
    for stem in (file_stem(name, instead=INSTEAD), digest_stem(name, instead=INSTEAD)):
        path = folder / f"{stem}{ENDING}"
        held = read_entry(path).patch if path.is_file() else None
        if held is None or folded(held.name) == folded(name):
            break
    return path


def _plain(name: str) -> str:
    return folded(name).replace(" ", "-")
