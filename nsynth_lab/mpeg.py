"""Repairs MP3 files that are longer than their header says.

An MP3's length is only in a tag in its first frame, which may be wrong or missing in files that were cut, joined or
streamed. Without it decoders assume that all frames are as large as the first, and stop far too early if the bitrate
varies. `repaired` counts the frames and writes the number where decoders look for it.

Sources: ISO/IEC 11172-3 and 13818-3 (frame headers); Xing's VBR header SDK (1998).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 64 * 2**20
MAX_LOST_BYTES = 2**20
_KBPS = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # half and quarter rates
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_TAGS = (b"Xing", b"Info")
_HAS_FRAMES = 1


@dataclass(frozen=True)
class _Frame:
    """One frame: start and length in bytes, properties, and the offset at which it would have a length tag."""

    start: int
    length: int
    kbps: int
    samples: int
    rate_hz: int
    tag_at: int


def repaired(path: Path, *, max_seconds: float) -> bytes | None:
    """The first `max_seconds` of an MP3 file with the correct number of frames; None if nothing is wrong.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        begin = 0
        while (head := file.read(10))[:3] == b"ID3":
            begin += 10 + sum((septet & 0x7F) << shift for septet, shift in zip(head[6:], (21, 14, 7, 0), strict=False))
            file.seek(begin)
        file.seek(begin)
        data = file.read(MAX_BYTES)
    frames = list(_frames(data, max_seconds))
    if len(frames) < 2:
        return None
    first, rest = frames[0], frames[1:]
    end = rest[-1].start + rest[-1].length
    tag = first.start + first.tag_at
    if data[tag : tag + 4] in _TAGS:
        says = data[tag + 7] & _HAS_FRAMES
        if not says or int.from_bytes(data[tag + 8 : tag + 12], "big") >= len(rest):
            return None
        return data[first.start : tag + 8] + struct.pack(">I", len(rest)) + data[tag + 12 : end]
    if b"VBRI" in data[first.start : first.start + 64] or len({frame.kbps for frame in frames}) == 1:
        return None
    made = bytearray(first.length)
    made[:4] = data[first.start : first.start + 4]
    made[first.tag_at : first.tag_at + 12] = b"Xing" + struct.pack(">II", _HAS_FRAMES, len(frames))
    return bytes(made) + data[first.start : end]


def _frames(data: bytes, max_seconds: float) -> Iterator[_Frame]:
    """The frames of `data`, enough for a little more than `max_seconds`; other bytes between them are skipped."""
    place, seconds, lost = 0, 0.0, 0
    while place + 4 <= len(data) and seconds < max_seconds + 1.0 and lost < MAX_LOST_BYTES:
        frame = _frame(data, place)
        following = frame and (place + frame.length + 4 > len(data) or _frame(data, place + frame.length))
        if frame is None or not following:
            place, lost = place + 1, lost + 1
            continue
        if place + frame.length > len(data):  # cut short
            return
        yield frame
        place, seconds = place + frame.length, seconds + frame.samples / frame.rate_hz


def _frame(data: bytes, place: int) -> _Frame | None:
    """The layer III frame that begins at `place`; None if there is none."""
    sync, second, third, fourth = data[place : place + 4]
    version, layer = second >> 3 & 3, second >> 1 & 3
    if sync != 0xFF or second < 0xE0 or version == 1 or layer != 1 or third >> 4 == 15 or third >> 2 & 3 == 3:
        return None
    whole, is_mono = version == 3, fourth >> 6 == 3
    kbps, rate_hz = _KBPS[whole][third >> 4], _RATES_HZ[version][third >> 2 & 3]
    samples = 1152 if whole else 576
    length = samples // 8 * kbps * 1000 // rate_hz + (third >> 1 & 1)
    side = (17 if is_mono else 32) if whole else (9 if is_mono else 17)
    return _Frame(place, length, kbps, samples, rate_hz, 4 + side) if length > 4 + side + 12 else None
