"""A standard MIDI file's header and tracks: unwrapped from other formats, and found where the stated lengths are wrong.

Sources: Standard MIDI Files 1.0 (RP-001); RIFF MIDI (RMID), Microsoft Multimedia Programming Interface 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nsynth_lab.errors import MidiError
from nsynth_lab.midi.file_warnings import FileWarnings
from nsynth_lab.midi.track import Track, read_track

HEADER, TRACK = b"MThd", b"MTrk"
ID_BYTES, SHORTEST_HEADER = 4, 6
CHUNK_BYTES = 8  # an id and a length
MAC_BINARY_BYTES = 128
FORMATS = (0, 1, 2)
MOST_MESSAGES = 1_000_000  # in all tracks together: no music has more, and memory must be bounded


class Header(NamedTuple):
    """A file's header: format 0 to 2, number of tracks, division (ticks), and where the first track should begin."""

    format: int
    tracks: int
    division: int
    end: int


def unwrap(data: bytes, warnings: FileWarnings) -> bytes:
    """The MIDI file in `data`, from its header on: inside RIFF, after a MacBinary header, or after unknown bytes.

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


def read_header(data: bytes, warnings: FileWarnings) -> Header:
    """Read the header at the beginning of `data`.

    Raises:
        MidiError: it is truncated.
    """
    length = int.from_bytes(data[4:8], "big")
    content = data[CHUNK_BYTES : CHUNK_BYTES + SHORTEST_HEADER]
    if len(content) < SHORTEST_HEADER:
        raise MidiError("a MIDI file that breaks off in its header; get it again")
    kind, tracks = int.from_bytes(content[:2], "big"), int.from_bytes(content[2:4], "big")
    if kind not in FORMATS:  # the standard allows reading unknown formats as format 1
        warnings.add(f"MIDI file of format {kind}, expected 0, 1 or 2: read as 1")
        kind = 1
    end = CHUNK_BYTES + max(length, SHORTEST_HEADER)
    if not _is_chunk(data, end):
        end = CHUNK_BYTES + SHORTEST_HEADER
    return Header(kind, tracks, int.from_bytes(content[4:], "big", signed=True), end)


def read_tracks(data: bytes, begin: int, warnings: FileWarnings) -> list[Track]:
    """All tracks from byte `begin` on; other chunks are skipped.

    A track's stated length is right if another chunk, or the end of the file, is where it says. Otherwise the track
    goes until its end-of-track event or the next track.
    """
    tracks: list[Track] = []
    at, messages_left = begin, MOST_MESSAGES
    while messages_left and (at := _next_chunk(data, at, warnings)) < len(data):
        length = int.from_bytes(data[at + ID_BYTES : at + CHUNK_BYTES], "big")
        name, content = data[at : at + ID_BYTES], at + CHUNK_BYTES
        if name == TRACK:
            warnings.prefix = f"track {len(tracks) + 1}: "
            track, at = _read_track_chunk(data, content, content + length, warnings, most=messages_left)
            messages_left -= len(track.messages)
            tracks.append(track)
            warnings.prefix = ""
        else:
            at = content + length
    return tracks


def _read_track_chunk(
    data: bytes, begin: int, stated_end: int, warnings: FileWarnings, *, most: int
) -> tuple[Track, int]:
    """(the track whose events begin at `begin` and end, by its stated length, at `stated_end`; where to read on)."""
    right = stated_end == len(data) or _is_chunk(data, stated_end)
    following = data.find(TRACK, begin)
    limit = stated_end if right else following if following >= 0 else len(data)
    track = read_track(data, begin, limit, warnings, most=most, doubtful_end=None if right else stated_end)
    if track.ended and track.stop != stated_end and not (right and data.find(TRACK, track.stop, stated_end) < 0):
        warnings.add("its length is wrong; read until its end-of-track")
        return track, track.stop
    if track.ended and track.stop < stated_end:
        warnings.add(f"{stated_end - track.stop} bytes behind its end-of-track are not played")
    return track, max(track.stop, stated_end) if right else track.stop


def _next_chunk(data: bytes, at: int, warnings: FileWarnings) -> int:
    """Where the next chunk begins, from `at` on; the length of the file if there is none."""
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
    """Whether a chunk can begin at `at`: a track, another file's header, or any id whose length fits into the file."""
    name = data[at : at + ID_BYTES]
    if name in (TRACK, HEADER):
        return True
    size = int.from_bytes(data[at + ID_BYTES : at + CHUNK_BYTES], "big")
    return len(name) == ID_BYTES and name.isalnum() and at + CHUNK_BYTES + size <= len(data)
