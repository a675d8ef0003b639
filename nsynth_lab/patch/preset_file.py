"""Preset files: one TOML file per patch, readable and writable by hand.

Read with the standard library's tomllib. Written with tomlkit, because it alone writes short lists in one line and
tables in the order a person would; both are exact. Files may come from strangers: their size is bounded, nothing
in them is a path, and an error is one line with the file, the line, and what was expected.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio import check_target
from nsynth_lab.errors import MissingError, PatchError
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.place import MAX_SOURCES
from nsynth_lab.patch.rules import Rule
from nsynth_lab.patch.table import from_table, to_table
from nsynth_lab.wording import quoted

ENDING = ".toml"
FORMAT_VERSION = 1
MAX_BYTES = 256 * 1024
Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: Mapping[int, Migration] = {}  # version n -> the step that turns its table into version n + 1
_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?")


def read_preset(path: str | Path) -> Patch:
    """Read a preset file; its patch knows the folder it came from.

    Raises:
        PatchError: missing, too large, not TOML, of a newer version, or a value that breaks its rule.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise PatchError(f"{path}: no such preset file")
        if path.stat().st_size > MAX_BYTES:
            raise PatchError(f"{path}: larger than {MAX_BYTES // 1024} KiB; not a preset")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise PatchError(f"{quoted(str(path))}: cannot be read as text ({type(error).__name__})") from error
    try:
        return replace(parse_preset(text), home=path.parent.resolve())
    except PatchError as error:
        raise located(path, text, error) from error


def located(path: PurePath, text: str, error: PatchError) -> PatchError:
    """The same error with the file and, if its place is found in the text, the line."""
    line = line_of(text, error.place)
    return PatchError(f"{path}:{line}: {error}" if line else f"{path}: {error}")


def parse_preset(text: str) -> Patch:
    """The patch of a preset's text.

    Raises:
        PatchError: as `read_preset`.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())[:200]
        raise PatchError(f"not TOML: {said}") from error
    patch = from_table(Patch, migrated(table))
    try:
        Rule("texts", least=1, most=MAX_SOURCES).check(patch.blend.corners)
    except PatchError as error:
        raise error.below("blend.corners") from None
    return patch


def migrated(table: dict[str, Any], *, steps: Mapping[int, Migration] = MIGRATIONS) -> dict[str, Any]:
    """A preset's table migrated to the current version, without its version number.

    Raises:
        PatchError: no version, or an unknown one.
    """
    newest = max(steps, default=FORMAT_VERSION - 1) + 1
    version = table.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise PatchError(f"{quoted(version)}; expected version = {newest}", place="version")
    if version > newest:
        raise PatchError(f"{quoted(version)} is newer than {newest}; a newer nsynth-lab reads it", place="version")
    table = {key: value for key, value in table.items() if key != "version"}
    while version < newest:
        table = steps[version](table)
        version += 1
    return table


def format_preset(patch: Patch) -> str:
    """The text of a preset file for a patch, without fields at their defaults.

    Raises:
        MissingError: tomlkit is not installed.
    """
    table = to_table(patch)
    simple = {key: value for key, value in table.items() if not _is_table(value)}
    tables = {key: value for key, value in table.items() if key not in simple}
    return str(_tomlkit().dumps({"version": FORMAT_VERSION, **simple, **tables}))


def with_name(text: str, name: str) -> str:
    """A preset's text with another name, comments and layout kept.

    Raises:
        PatchError: not TOML.
        MissingError: tomlkit is not installed.
    """
    tomlkit = _tomlkit()
    try:
        document = tomlkit.parse(text)
    except (ValueError, RecursionError) as error:
        raise PatchError(f"not TOML: {' '.join(str(error).split())[:200]}") from error
    document["name"] = name
    return str(tomlkit.dumps(document))


def _tomlkit() -> Any:
    try:
        import tomlkit
    except ImportError as error:
        raise MissingError(f"writing presets needs tomlkit: pip install tomlkit ({error})") from error
    return tomlkit


def write_preset(path: str | Path, patch: Patch, *, force: bool = False) -> Path:
    """Write a preset file, atomically.

    Raises:
        UsageError: the target cannot be written (see `nsynth_lab.audio.check_target`).
        PatchError: the disk refuses.
    """
    path = Path(path)
    text = format_preset(patch)
    check_target(path, force=force)
    with atomic_write(path, PatchError) as beside:
        beside.write_text(text, encoding="utf-8")
    return path


def line_of(text: str, place: str) -> int:
    r"""The line, from 1, on which a key such as `effects.2.mix` or its table is written; 0 if neither is found.

    >>> line_of('name = "a"\n[blend]\nposition = 2', "blend.position")
    3
    """
    counts: dict[str, int] = {}
    here, best, depth = "", 0, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = _numbered(header[1], line.lstrip().startswith("[["), counts)
            reached = here
        else:
            key = line.partition("=")[0].strip().strip("\"'")
            reached = f"{here}.{key}".strip(".")
        if reached and f"{place}.".startswith(f"{reached}.") and reached.count(".") >= depth:
            best, depth = number, reached.count(".")
    return best


def _numbered(header: str, is_list: bool, counts: dict[str, int]) -> str:
    """`effects.parameters` to `effects.2.parameters`, under the second `[[effects]]`."""
    place = ""
    parts = header.split(".")
    for index, part in enumerate(part.strip().strip("\"'") for part in parts):
        place = f"{place}.{part}".strip(".")
        if is_list and index == len(parts) - 1:
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place = f"{place}.{counts[place]}"
    return place


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
