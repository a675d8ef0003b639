"""The plugin cache: what scanning found, keyed by a hash of each plugin's files; and looking plugins up by name."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.effects.plugin_info import PluginInfo
from nsynth_lab.errors import PluginError
from nsynth_lab.folders import cache_folder
from nsynth_lab.wording import did_you_mean, quoted

CACHE = "plugins.json"
CACHE_VERSION = 1
MAX_CACHE_BYTES = 64 * 2**20
MAX_FILES = 10_000


def scanned_plugins() -> list[PluginInfo]:
    """All plugins that have been scanned and still exist, sorted by name."""
    found = [info for infos in read_cache().values() for info in infos if Path(info.path).exists()]
    return sorted(found, key=lambda info: (info.name.lower(), info.path))


def find_plugin(name: str) -> PluginInfo:
    """A working plugin, by name, whatever its case.

    Raises:
        PluginError: no such plugin, one that does not work, or one whose files have changed since the scan.
    """
    scanned = scanned_plugins()
    same = [info for info in scanned if info.name.lower() == name.lower()]
    if not same:
        names = [info.name for info in scanned if not info.error]
        hint = did_you_mean(name, names) if names else "none has been scanned yet"
        raise PluginError(f"{quoted(name)} is no plugin that is known here; {hint} (`nsynth-lab plugins scan`)")
    info = next((one for one in same if not one.error), same[0])
    if info.error:
        raise PluginError(f"{info.name}: {info.error}")
    if digest(Path(info.path)) != info.digest:
        raise PluginError(f"{info.name}: its file has changed; scan it again: `nsynth-lab plugins scan`")
    return info


def digest(path: Path) -> str:
    """Hash of a plugin's file, or of the names and contents of all files in its folder."""
    whole = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())[:MAX_FILES]:
        whole.update(os.fsencode(file.relative_to(path.parent)))
        with file.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()[:32]


def read_cache() -> dict[str, list[PluginInfo]]:
    """The cached plugins by digest; empty if the cache is missing, damaged or of another version."""
    path = cache_folder() / CACHE
    try:
        if path.stat().st_size > MAX_CACHE_BYTES:
            return {}
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["version"] != CACHE_VERSION:
            return {}
        return {key: [PluginInfo.from_dict(one) for one in infos] for key, infos in stored["plugins"].items() if infos}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def write_cache(cache: dict[str, list[PluginInfo]]) -> None:
    """Replace the cache file.

    Raises:
        PluginError: it cannot be written.
    """
    path = cache_folder() / CACHE
    stored = {key: [info.to_dict() for info in infos] for key, infos in cache.items()}
    with atomic_write(path, PluginError) as temporary:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"version": CACHE_VERSION, "plugins": stored}), encoding="utf-8")
