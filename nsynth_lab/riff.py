"""Repairs WAV files with odd headers: from interrupted recorders, streams, and programs that forget pad bytes.

libsndfile reads most of them. It refuses, or reads as silence or noise: a `data` chunk of length 0 that extends to the
end of the file (a stream), RF64 without lengths, BW64, chunks of odd length without a pad byte, a `fmt ` chunk that is
too short or last, and 24 bits in 4 bytes. For these, `repaired` returns the same samples with a plain header.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (1991); EBU Tech 3306 (RF64); ITU-R BS.2088.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

FORMS = (b"RIFF", b"RF64", b"BW64")
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
SUBFORMAT = bytes.fromhex("000000001000800000aa00389b71")  # the end of every GUID that contains a format tag
UNKNOWN = 0xFFFFFFFF
MAX_CHUNKS, MAX_LEADING_BYTES, MAX_DATA_BYTES = 10_000, 65_536, 2**31
SHORTEST_FMT_BYTES, MAX_FMT_BYTES = 14, 1_024
_KNOWN = {  # by these names a chunk is recognized if its position is in doubt
    *(b"fmt ", b"data", b"LIST", b"fact", b"bext", b"JUNK", b"junk", b"smpl", b"inst", b"cue ", b"id3 ", b"ID3 "),
    *(b"iXML", b"PEAK", b"FLLR", b"PAD ", b"axml", b"chna", b"ds64", b"DISP", b"acid", b"strc", b"minf", b"elm1"),
    *(b"regn", b"umid", b"_PMX", b"afsp", b"AFsp", b"slnt", b"LGWV", b"SAUR", b"cart", b"plst", b"adtl", b"levl"),
}


@dataclass(frozen=True)
class _Chunk:
    """A chunk: name, start of its content, stated length, and whether its pad byte is missing."""

    name: bytes
    start: int
    length: int
    unpadded: bool = False


@dataclass(frozen=True)
class _Form:
    """The contents of a `fmt ` chunk: format tag, channels, sample rate, `align` (bytes per frame), bits."""

    tag: int
    channels: int
    rate_hz: int
    align: int
    bits: int


def repaired(path: Path, *, max_seconds: float) -> bytes | None:
    """The first `max_seconds` of a WAV file with a header that every reader understands; None if nothing is wrong.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(MAX_LEADING_BYTES)
        begin = 0 if _is_wave(head) else _find_wave(head) if path.suffix.lower() == ".wav" else -1
        return _repaired(file, begin, path.stat().st_size, max_seconds) if begin >= 0 else None


def _repaired(file: BinaryIO, begin: int, size: int, max_seconds: float) -> bytes | None:
    chunks = list(_chunks(file, begin, size))
    fmt = next((chunk for chunk in chunks if chunk.name == b"fmt "), None)
    data = next((chunk for chunk in chunks if chunk.name == b"data"), None)
    given = _read(file, fmt.start, min(fmt.length, MAX_FMT_BYTES)) if fmt else b""
    if fmt is None or data is None or len(given) < SHORTEST_FMT_BYTES:
        return None
    form = _Form(*struct.unpack_from("<HHI4xH", given), *struct.unpack_from("<H", given.ljust(16, b"\0"), 14))
    wanted = _plain(form, given)
    is_64 = _read(file, begin, 4) != b"RIFF"
    is_stream = data.length == 0 and data is chunks[-1]
    odd = begin > 0 or wanted != given or fmt.start > data.start or any(chunk.unpadded for chunk in chunks)
    if not (odd or is_64 or is_stream):
        return None
    said = size if is_stream else _length_64(file, chunks, data) if is_64 else data.length
    most = round(max_seconds * form.rate_hz) * max(form.align if form.tag in (PCM, FLOAT) else 2 * form.channels, 1)
    content = _read(file, data.start, min(said, size - data.start, most, MAX_DATA_BYTES))
    return _chunk(b"RIFF", b"WAVE" + _chunk(b"fmt ", wanted) + _chunk(b"data", content))


def _chunks(file: BinaryIO, begin: int, size: int) -> Iterator[_Chunk]:
    """The chunks of the RIFF file that begins at `begin`, as far as they can be followed."""
    place = begin + 12
    for _ in range(MAX_CHUNKS):
        name, length = _name_at(file, place), int.from_bytes(_read(file, place + 4, 4), "little")
        end = place + 8 + length
        unpadded = length % 2 == 1 and _name_at(file, end) in _KNOWN and _name_at(file, end + 1) not in _KNOWN
        yield _Chunk(name, place + 8, length, unpadded)
        place = end if unpadded else end + length % 2
        following = _name_at(file, place)
        if place + 8 > size or not following.isascii() or (length == 0 and following not in _KNOWN):
            return


def _length_64(file: BinaryIO, chunks: list[_Chunk], data: _Chunk) -> int:
    """Length of the data in RF64 or BW64: from its `ds64` chunk if that has one, otherwise unlimited."""
    ds64 = next((chunk for chunk in chunks if chunk.name == b"ds64"), None)
    if data.length != UNKNOWN:
        return data.length or MAX_DATA_BYTES
    return int.from_bytes(_read(file, ds64.start + 8, 8), "little") or MAX_DATA_BYTES if ds64 else MAX_DATA_BYTES


def _plain(form: _Form, given: bytes) -> bytes:
    """The content of a `fmt ` chunk that every reader understands alike; usually the given one."""
    tag, bits = form.tag, form.bits
    if tag == EXTENSIBLE and given[26:40] != SUBFORMAT:
        tag = PCM if bits in (8, 16, 24) else tag
    if len(given) < 16 and form.channels:  # older than the field for bits
        bits = 8 * form.align // form.channels
    if tag in (PCM, EXTENSIBLE) and bits == 24 and form.align == 4 * form.channels:
        tag, bits = PCM, 32
    if (tag, bits) == (form.tag, form.bits):
        return given
    return struct.pack("<HHIIHH", tag, form.channels, form.rate_hz, form.rate_hz * form.align % 2**32, form.align, bits)


def _is_wave(head: bytes) -> bool:
    return head[:4] in FORMS and head[8:12] == b"WAVE"


def _find_wave(head: bytes) -> int:
    """Where in `head` a WAV file begins, if not at 0; -1 if there is none."""
    places = (head.find(form) for form in FORMS) if not head.startswith(b"ID3") else ()
    return next((place for place in places if place >= 0 and _is_wave(head[place : place + 12])), -1)


def _name_at(file: BinaryIO, place: int) -> bytes:
    return _read(file, place, 4)


def _read(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(place)
    return file.read(length)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
