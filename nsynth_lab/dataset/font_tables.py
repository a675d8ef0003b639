"""The tables of a SoundFont: records of presets, instruments, their zones and samples, read within bounds.

Source: SoundFont Technical Specification 2.04, section 7 (the pdta list). Of MuseScore's compressed fonts (SF3) the
tables are the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dataset.font_info import check_font
from nsynth_lab.errors import DatasetError

Table = NDArray[Any]

MAX_TABLE_BYTES = 2**26  # indices are 16 bits wide: more cannot be meant
MAX_LISTS = 64
_BAG = [("generator", "<u2"), ("modulator", "<u2")]
_GENERATOR = [("kind", "<u2"), ("low", "u1"), ("high", "u1")]
LAYOUTS = {
    "phdr": np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("unused", "V12")]),
    "pbag": np.dtype(_BAG),
    "pgen": np.dtype(_GENERATOR),
    "inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    "ibag": np.dtype(_BAG),
    "igen": np.dtype(_GENERATOR),
    "shdr": np.dtype([("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("unused", "V16"), ("kind", "<u2")]),
}
_INDICES = (
    ("phdr", "bag", "pbag"),
    ("pbag", "generator", "pgen"),
    ("inst", "bag", "ibag"),
    ("ibag", "generator", "igen"),
)


def read_tables(font: str | Path) -> tuple[dict[str, Table], int]:
    """The seven tables by name, each with its closing record, and how many bytes of samples there are.

    Every index leads forward and into the table that it is one of, so that whoever follows them ends.

    Raises:
        DatasetError: not a SoundFont, or a damaged one.
    """
    check_font(font)
    with Path(font).open("rb") as file:
        lists = _lists(file, Path(font))
        if b"pdta" not in lists:
            _damaged(font, "it has no table of presets")
        place, size = lists[b"pdta"]
        if size > MAX_TABLE_BYTES:
            _damaged(font, f"its tables are {size} bytes long")
        file.seek(place)
        found = _tables(file.read(size), font)
    for table, field, other in _INDICES:
        values = found[table][field]
        if np.any(np.diff(values.astype(int)) < 0) or values[-1] >= len(found[other]):
            _damaged(font, f"the indices of its table {table} run backwards or too far")
    return found, lists.get(b"sdta", (0, 0))[1]


def _lists(file: BinaryIO, font: Path) -> dict[bytes, tuple[int, int]]:
    """Where the lists INFO, sdta and pdta begin and how long they are."""
    found: dict[bytes, tuple[int, int]] = {}
    end, place = font.stat().st_size, 12
    for _ in range(MAX_LISTS):
        file.seek(place)
        head = file.read(13)
        if head[1:5] == b"LIST":  # after an odd number of bytes comes one more; some compressed fonts have none
            place, head = place + 1, head[1:]
        if len(head) < 12:
            break
        size = int.from_bytes(head[4:8], "little")
        if place + 8 + size > end or size < 4:
            _damaged(font, "a list in it is longer than the file")
        if head[:4] == b"LIST":
            found.setdefault(head[8:12], (place + 12, size - 4))
        place += 8 + size
    return found


def _tables(data: bytes, font: str | Path) -> dict[str, Table]:
    found: dict[str, Table] = {}
    place = 0
    while place + 8 <= len(data):
        name = data[place : place + 4].decode("latin-1")
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        layout = LAYOUTS.get(name)
        if layout is not None:
            if place + 8 + size > len(data) or size % layout.itemsize or not size:
                _damaged(font, f"its table {name} is {size} bytes long")
            found[name] = np.frombuffer(data, layout, size // layout.itemsize, place + 8)
        place += 8 + size + size % 2
    if missing := LAYOUTS.keys() - found.keys():
        _damaged(font, f"it has no table {min(missing)}")
    return found


def _damaged(font: str | Path, why: str) -> NoReturn:
    raise DatasetError(f"{font}: the SoundFont is damaged: {why}")
