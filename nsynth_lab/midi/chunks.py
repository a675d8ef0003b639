"""A standard MIDI file's header and where its tracks lie: out of what wraps it, and where its lengths are wrong.

Source: Standard MIDI Files 1.0 (RP-001); RIFF MIDI (RMID) of Microsoft's multimedia interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nsynth_lab.errors import MidiError
from nsynth_lab.midi.tolerance import Warnings
from nsynth_lab.midi.track import Track, read_track

HEADER, TRACK = b"MThd", b"MTrk"
ID_BYTES, SHORTEST_HEADER = 4, 6
CHUNK_BYTES = 8  # an id and a length
MAC_BINARY_BYTES = 128
FORMATS = (0, 1, 2)
MOST_MESSAGES = 1_000_000  # of all tracks: more is no music, and takes the memory of a machine


class Header(NamedTuple):
    """What a file says of itself, and where its first track is expected."""

    format: int
    tracks: int
    division: int
    end: int


def unwrapped(data: bytes, warnings: Warnings) -> bytes:
    """The MIDI file in `data` from its header on: out of RIFF, behind a MacBinary head, or behind what is none of it.

    Raises:
        MidiError: there is no header.
    """
    if data.startswith(HEADER):
        return data
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        for name, content in _riff_chunks(data):
            if name == b"data" and content.startswith(HEADER):
                return content
    begin = data.find(HEADER)
    if begin < 0:
        raise MidiError("not a MIDI file: it has no header (MThd); export it again as a standard MIDI file")
    if begin != MAC_BINARY_BYTES:
        warnings.add(f"{begin} bytes before the MIDI file are passed over")
    return data[begin:]


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + CHUNK_BYTES <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + CHUNK_BYTES : at + CHUNK_BYTES + size]
        at += CHUNK_BYTES + size + size % 2


def read_header(data: bytes, warnings: Warnings) -> Header:
    """Of a file that begins with it.

    Raises:
        MidiError: it breaks off.
    """
    length = int.from_bytes(data[4:8], "big")
    content = data[CHUNK_BYTES : CHUNK_BYTES + SHORTEST_HEADER]
    if len(content) < SHORTEST_HEADER:
        raise MidiError("a MIDI file that breaks off in its header; get it again")
    kind, tracks = int.from_bytes(content[:2], "big"), int.from_bytes(content[2:4], "big")
    if kind not in FORMATS:  # the standard: other formats' tracks may be read as those of format 1
        warnings.add(f"MIDI file of format {kind}, expected 0, 1 or 2: read as 1")
        kind = 1
    end = CHUNK_BYTES + max(length, SHORTEST_HEADER)
    if not _is_chunk(data, end):
        end = CHUNK_BYTES + SHORTEST_HEADER
    return Header(kind, tracks, int.from_bytes(content[4:], "big", signed=True), end)


def read_tracks(data: bytes, begin: int, warnings: Warnings) -> list[Track]:
    """All tracks from `begin` on; other chunks are passed over.

    A length that leads to another chunk, or to the end of the file, is right. Where it is wrong, a track goes until
    its end-of-track event or the next track.
    """
    tracks: list[Track] = []
    at, room = begin, MOST_MESSAGES
    while room and (at := _next_chunk(data, at, warnings)) < len(data):
        length = int.from_bytes(data[at + ID_BYTES : at + CHUNK_BYTES], "big")
        name, content = data[at : at + ID_BYTES], at + CHUNK_BYTES
        if name == TRACK:
            warnings.where = f"track {len(tracks) + 1}: "
            track, at = _track(data, content, content + length, warnings, most=room)
            room -= len(track.messages)
            tracks.append(track)
            warnings.where = ""
        else:
            at = content + length
    return tracks


def _track(data: bytes, begin: int, stated: int, warnings: Warnings, *, most: int) -> tuple[Track, int]:
    """The track whose events begin at `begin`, by its length end at `stated`; and where to go on."""
    right = stated == len(data) or _is_chunk(data, stated)
    following = data.find(TRACK, begin)
    limit = stated if right else following if following >= 0 else len(data)
    track = read_track(data, begin, limit, warnings, most=most, goes_on_after=None if right else stated)
    if track.ended and track.stop != stated and not (right and data.find(TRACK, track.stop, stated) < 0):
        warnings.add("its length is wrong; read until its end-of-track")
        return track, track.stop
    if track.ended and track.stop < stated:
        warnings.add(f"{stated - track.stop} bytes behind its end-of-track are not played")
    return track, max(track.stop, stated) if right else track.stop


def _next_chunk(data: bytes, at: int, warnings: Warnings) -> int:
    """Where the next chunk begins, at `at` or after what is none; the file's length if there is no other."""
    if data[at : at + ID_BYTES] == HEADER:
        warnings.add("another MIDI file follows in the same file; it is not played")
        return len(data)
    if _is_chunk(data, at):
        return at
    found = data.find(TRACK, at)
    if found > at + 1:  # one byte is padding
        warnings.add(f"{found - at} bytes between tracks are passed over")
    return found if found >= 0 else len(data)


def _is_chunk(data: bytes, at: int) -> bool:
    """Whether a chunk may begin at `at`: a track, the header of another file, or any id whose length fits in."""
    name = data[at : at + ID_BYTES]
    if name in (TRACK, HEADER):
        return True
    size = int.from_bytes(data[at + ID_BYTES : at + CHUNK_BYTES], "big")
    return len(name) == ID_BYTES and name.isalnum() and at + CHUNK_BYTES + size <= len(data)
