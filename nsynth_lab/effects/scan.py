"""Scanning: each .vst3 is examined once, in a process of its own with a time-out; the result is cached by file hash.

A plugin that crashes or hangs takes only that process down; it is reported, and not tried again until its files change
or `again` is set. A plugin that was never scanned is never loaded: presets name plugins, not files.
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
from nsynth_lab.effects.subprocess_probe import run_in_subprocess
from nsynth_lab.errors import PluginError

SCAN_MODULE = "nsynth_lab.effects.scan_child"
TIMEOUT_SECONDS = 30.0
FOLDERS = {
    "linux": ("~/.vst3", "/usr/lib/vst3", "/usr/local/lib/vst3"),
    "darwin": ("~/Library/Audio/Plug-Ins/VST3", "/Library/Audio/Plug-Ins/VST3"),
    "win32": ("C:/Program Files/Common Files/VST3",),
}


def plugin_files(places: Sequence[str | Path] = ()) -> list[Path]:
    """Every .vst3 among these files and in these folders; by default, in the system's plugin folders. Sorted.

    Raises:
        PluginError: a place that does not exist.
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
    """Examine each file that is not in the cache, or with `again` every file. A plugin that fails has its `error` set.

    The cache is written after each file, so that an interrupted scan resumes where it stopped.
    """
    cache = read_cache()
    result: list[PluginInfo] = []
    for path in files:
        key = digest(path)
        before = [old for old, infos in cache.items() if infos[0].path == str(path) and old != key]
        if again or before or key not in cache or cache[key][0].path != str(path):
            for old in before:  # an earlier version of the same file
                del cache[old]
            cache[key] = [replace(info, digest=key) for info in _examine(path, timeout_seconds)]
            write_cache(cache)
        result += cache[key]
        progress(path)
    return result


def _examine(path: Path, timeout_seconds: float) -> list[PluginInfo]:
    output, failure = run_in_subprocess(SCAN_MODULE, [str(path)], timeout_seconds=timeout_seconds)
    found = list(_parse(output))
    if failure or not found:
        found.append(PluginInfo(str(path), path.stem, digest="", error=failure or "holds no plugin"))
    return [replace(info, name=info.name or path.stem) for info in found]


def _parse(output: bytes) -> Iterator[PluginInfo]:
    """The plugins that the child reported; a line that a crash has cut off is ignored."""
    for line in output.decode("utf-8", "replace").splitlines():
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            yield PluginInfo.from_dict(json.loads(line))


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            if name.lower().endswith(".vst3"):
                yield Path(here, name).resolve()
        folders[:] = [name for name in folders if not name.lower().endswith(".vst3")]
