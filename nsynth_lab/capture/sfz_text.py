"""read_regions(path): the regions of an SFZ file as opcodes, with includes, macros and inherited headers resolved.

Source: https://sfzformat.com (opcodes, #define, #include), as sfizz reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nsynth_lab.errors import UsageError

MAX_BYTES = 16 * 2**20  # of all its files together, with macros expanded
MAX_FILES, MAX_DEPTH, MAX_REGIONS = 1_000, 16, 100_000
LEVELS = ("control", "global", "master", "group", "region")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_INCLUDE = re.compile(r'#include\s+"([^"]+)"')
_DEFINE = re.compile(r"#define\s+(\$\w+)\s+(\S+)")
_MACRO = re.compile(r"\$\w+")
_START = re.compile(r"<(\w+)>|(?:(?<=\s)|(?<=>)|^)(\w+)=")

Opcodes = dict[str, str]


def read_regions(path: Path) -> list[Opcodes]:
    """Every region's opcodes, with those of the headers above it; the innermost header takes precedence.

    Raises:
        UsageError: too large, or files that include each other endlessly.
    """
    held: dict[str, Opcodes] = {level: {} for level in LEVELS}
    regions: list[Opcodes] = []
    header = ""
    for line in _SfzReader(path.parent).lines(path, 0):
        starts = list(_START.finditer(line))
        for start, after in zip(starts, [*starts, None][1:], strict=True):
            if start[1] is not None:
                header = start[1].lower()
                if header == "region":
                    regions.append(_inherited(held))
                elif header in held:
                    _reset(held, header)
            elif header == "region":
                regions[-1][start[2].lower()] = line[start.end() : after.start() if after else None].strip()
            elif header in held:
                held[header][start[2].lower()] = line[start.end() : after.start() if after else None].strip()
        if len(regions) > MAX_REGIONS:
            raise UsageError(f"{path}: more than {MAX_REGIONS:,} regions; this is not an instrument")
    return regions


def _reset(held: dict[str, Opcodes], header: str) -> None:
    """A header clears those below it, except that <control> keeps its earlier opcodes."""
    if header != "control":
        for level in LEVELS[LEVELS.index(header) :]:
            held[level] = {}


def _inherited(held: dict[str, Opcodes]) -> Opcodes:
    found: Opcodes = {}
    for level in LEVELS:
        found |= held[level]
    return found


class _SfzReader:
    """Reads lines without comments, with macros expanded; limits their size, as files may include themselves."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._macros = folder, dict[str, str]()
        self._bytes = self._files = 0

    def lines(self, path: Path, depth: int) -> Iterator[str]:
        self._files += 1
        try:
            self._count(path, path.stat().st_size)
            data = path.read_bytes()
        except OSError:
            return  # samplers skip missing files, too
        if depth > MAX_DEPTH or self._files > MAX_FILES:
            raise UsageError(f"{path}: its files include each other endlessly")
        for line in _COMMENT.sub("", _text(data)).splitlines():
            if included := _INCLUDE.search(line):
                yield from self.lines(self._folder / self._expanded(included[1]).replace("\\", "/"), depth + 1)
            elif defined := _DEFINE.search(line):
                self._macros[defined[1]] = defined[2]
            else:
                whole = self._expanded(line)
                self._count(path, len(whole))
                yield whole

    def _expanded(self, line: str) -> str:
        return _MACRO.sub(self._value, line) if "$" in line and self._macros else line

    def _value(self, found: re.Match[str]) -> str:
        """Expand the longest macro that the word starts with."""
        word = found[0]
        name = next((word[:end] for end in range(len(word), 1, -1) if word[:end] in self._macros), "")
        return self._macros[name] + word[len(name) :] if name else word

    def _count(self, path: Path, count: int) -> None:
        self._bytes += count
        if self._bytes > 2 * MAX_BYTES:
            raise UsageError(f"{path}: larger than the {MAX_BYTES // 2**20} MiB that an SFZ file may have")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
