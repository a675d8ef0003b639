"""Reads a SoundFont file (.sf2, .sf3) within bounds: whether it is one, what it says of itself, and its tables.

The tables are the records of presets, instruments, their zones and samples. MuseScore's compressed fonts (SF3) have the
same tables.

Source: SoundFont Technical Specification 2.04, section 5 (the INFO list) and section 7 (the pdta list).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dataset.labels import clean
from nsynth_lab.errors import DatasetError

Table = NDArray[Any]

MAX_FONT_BYTES = 4 * 2**30
MAX_INFO_BYTES = 2**18
MAX_TABLE_BYTES = 2**26  # indices have 16 bits, so tables cannot need more
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


@dataclass(frozen=True)
class FontInfo:
    """Texts of the INFO list, empty if absent.

    Attributes:
        name: of the SoundFont.
        attribution: its copyright, or else its engineers.
        terms: the first line of its comment.
    """

    name: str = ""
    attribution: str = ""
    terms: str = ""


def check_font(font: str | Path) -> None:
    """Reject a file that is not a SoundFont before a C library reads it: by its RIFF header (`sfbk`) and its size.

    Raises:
        DatasetError: missing, too large, truncated, or another kind of file.
    """
    path = Path(font)
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; expected a SoundFont (.sf2 or .sf3)")
    size = path.stat().st_size
    if size > MAX_FONT_BYTES:
        raise DatasetError(f"{path}: {size} bytes; SoundFonts of up to {MAX_FONT_BYTES} are read")
    with path.open("rb") as file:
        header = file.read(12)
    if header[:4] != b"RIFF" or header[8:12] != b"sfbk":
        raise DatasetError(f"{path}: not a SoundFont (.sf2 or .sf3): no RIFF header of form sfbk")
    if int.from_bytes(header[4:8], "little") > size:
        raise DatasetError(f"{path}: the SoundFont is cut short; copy or download it again")


def read_font_info(font: str | Path) -> FontInfo:
    """Read the INFO list, which is the first in the file; damaged texts are returned empty.

    Raises:
        DatasetError: not a SoundFont (see `check_font`).
    """
    check_font(font)
    with Path(font).open("rb") as file:
        file.seek(12)
        head = file.read(12)
        if head[:4] != b"LIST" or head[8:] != b"INFO":
            return FontInfo()
        info = file.read(min(int.from_bytes(head[4:8], "little"), MAX_INFO_BYTES))
    texts, place = dict[bytes, str](), 0
    while place + 8 <= len(info):
        size = int.from_bytes(info[place + 4 : place + 8], "little")
        text = info[place + 8 : place + 8 + size].split(b"\0")[0].decode("utf-8", "replace")
        texts[info[place : place + 4]] = text
        place += 8 + size + size % 2
    comment = texts.get(b"ICMT", "").strip().partition("\n")[0]
    maker = texts.get(b"ICOP") or texts.get(b"IENG") or ""
    return FontInfo(clean(texts.get(b"INAM")), clean(maker), clean(comment).rstrip(": "))


def read_tables(font: str | Path) -> tuple[dict[str, Table], int]:
    """The seven tables by name, each with its terminal record, and the size of the sample data in bytes.

    Every index is checked to be rising and within the table it points to, so that following them ends.

    Raises:
        DatasetError: not a SoundFont, or a damaged one.
    """
    check_font(font)
    with Path(font).open("rb") as file:
        lists = _lists(file, Path(font))
        if b"pdta" not in lists:
            _damaged(font, "it has no preset tables (pdta list)")
        place, size = lists[b"pdta"]
        if size > MAX_TABLE_BYTES:
            _damaged(font, f"its tables are {size} bytes long")
        file.seek(place)
        found = _tables(file.read(size), font)
    for table, field, other in _INDICES:
        values = found[table][field]
        if np.any(np.diff(values.astype(int)) < 0) or values[-1] >= len(found[other]):
            _damaged(font, f"the indices of its table {table} fall or point beyond the next table")
    return found, lists.get(b"sdta", (0, 0))[1]


def _lists(file: BinaryIO, font: Path) -> dict[bytes, tuple[int, int]]:
    """Start and size in bytes of the lists INFO, sdta and pdta."""
    found: dict[bytes, tuple[int, int]] = {}
    end, place = font.stat().st_size, 12
    for _ in range(MAX_LISTS):
        file.seek(place)
        head = file.read(13)
        if head[1:5] == b"LIST":  # chunks of odd size are padded by a byte, except in some SF3 files
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
