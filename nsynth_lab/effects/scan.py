"""Scanning: each .vst3 is looked at once, in a process of its own with a time-out, and remembered by its contents.

A plugin that crashes or hangs takes only that process with it, is named, and is not tried again until its file
changes or `again` is asked for. What was never scanned is never loaded: presets name plugins, not files.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nsynth_lab.effects.plugin_cache import digest, read_cache, write_cache
from nsynth_lab.effects.plugin_info import PluginInfo
from nsynth_lab.effects.subprocess_probe import run_apart
from nsynth_lab.errors import PluginError

TIMEOUT_SECONDS = 30.0
FOLDERS = {
    "linux": ("~/.vst3", "/usr/lib/vst3", "/usr/local/lib/vst3"),
    "darwin": ("~/Library/Audio/Plug-Ins/VST3", "/Library/Audio/Plug-Ins/VST3"),
    "win32": ("C:/Program Files/Common Files/VST3",),
}


def plugin_files(places: Sequence[str | Path] = ()) -> list[Path]:
    """Every .vst3 in these files and folders; without any, where this system keeps its plugins. Sorted.

    Raises:
        PluginError: a place that is not there.
    """
    found: set[Path] = set()
    for place in places or [Path(folder).expanduser() for folder in FOLDERS.get(sys.platform, ())]:
        path = Path(place)
        if path.suffix.lower() == ".vst3" and path.exists():
            found.add(path.resolve())
        elif path.is_dir():
            found |= set(_below(path))
        elif places:
            raise PluginError(f"{path}: no such folder or .vst3 file")
    return sorted(found)


def scan(
    files: Sequence[Path],
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    again: bool = False,
    progress: Callable[[Path], None] = lambda _: None,
) -> list[PluginInfo]:
    """Look at each file that is not remembered, or at all of them `again`; what does not work says why in `error`.

    The memory is written after each file, so that an interrupted scan goes on where it stopped.
    """
    cache = read_cache()
    result: list[PluginInfo] = []
    for path in files:
        key = digest(path)
        before = [old for old, infos in cache.items() if infos[0].path == str(path) and old != key]
        if again or before or key not in cache or cache[key][0].path != str(path):
            for old in before:  # what the file was before it was replaced by a newer version
                del cache[old]
            cache[key] = [replace(info, digest=key) for info in _look_at(path, timeout_seconds)]
            write_cache(cache)
        result += cache[key]
        progress(path)
    return result


def _look_at(path: Path, timeout_seconds: float) -> list[PluginInfo]:
    said, end = run_apart("nsynth_lab.effects.scan_child", [str(path)], timeout_seconds=timeout_seconds)
    found = list(_read(said))
    if end or not found:
        found.append(PluginInfo(str(path), path.stem, digest="", error=end or "holds no plugin"))
    return [replace(info, name=info.name or path.stem) for info in found]


def _read(said: bytes) -> Iterator[PluginInfo]:
    """What the child has told; a line that its end has cut off is no answer."""
    for line in said.decode("utf-8", "replace").splitlines():
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            yield PluginInfo.from_dict(json.loads(line))


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            if name.lower().endswith(".vst3"):
                yield Path(here, name).resolve()
        folders[:] = [name for name in folders if not name.lower().endswith(".vst3")]
