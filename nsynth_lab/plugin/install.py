"""Install: the built plugin where hosts look for it, with a file beside it that says where the engine is."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from nsynth_lab.errors import PluginError, UsageError
from nsynth_lab.plugin.build import EFFECTS, FORMATS
from nsynth_lab.plugin.place import ENDING, Place, our_place, read_place

LIBRARIES = (".so", ".dylib", ".clap", "")  # a bundle's binary on macOS has no ending


def plugin_folders() -> Mapping[str, Path]:
    """Where hosts look for the user's plugins, by format."""
    if sys.platform == "darwin":
        root = Path.home() / "Library" / "Audio" / "Plug-Ins"
        return {"VST3": root / "VST3", "CLAP": root / "CLAP", "LV2": root / "LV2"}
    return {name: Path.home() / f".{name.lower()}" for name in FORMATS}


def install(built: Path, folders: Mapping[str, Path] | None = None, *, place: Place | None = None) -> list[Path]:
    """Copy the plugins in `built`, the instrument and then the effect, into a folder for each format.

    One of ours that is there is replaced.

    Raises:
        UsageError: something that is not ours has the name.
        PluginError: it cannot be written.
    """
    place = place or our_place()
    made = []
    folders = folders or plugin_folders()
    for folder, file in ((folders[name], files[name]) for files in (FORMATS, EFFECTS) for name in folders):
        target = folder / file
        if target.exists() and place_of(target) is None:
            raise UsageError(f"{target} is there already, and not from `nsynth-lab plugin install`; move it away first")
        partial = folder / f".{file}.partial"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _remove(partial)
            _copy(built / file, partial)
            _remove(target)
            _place_file(target, within=partial).write_text(place.text(), encoding="utf-8")
            partial.rename(target)
        except OSError as error:
            raise PluginError(f"{target}: cannot be written ({error.strerror})") from error
        made.append(target)
    return made


def place_of(target: Path) -> Place | None:
    """Where an installed plugin looks for its engine; None if it is not one of ours."""
    return read_place(_place_file(target, within=target))


def _place_file(target: Path, *, within: Path) -> Path:
    """The file beside the plugin's binary, as the shell looks for it: its name with another ending."""
    if not within.is_dir():
        return target.with_suffix(ENDING)
    stems = (target.stem, f"{target.stem}_dsp")
    found = (path for path in within.rglob("*") if path.stem in stems and path.suffix in LIBRARIES and path.is_file())
    binary = next(found, within / target.stem)
    return binary.with_suffix(ENDING)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
