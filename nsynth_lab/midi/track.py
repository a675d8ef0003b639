"""One track's bytes -> its messages at ticks, whatever the bytes are.

Of meta events the tempo and the end of the track matter to playing; names, texts, metres and keys are kept aside for
who reads notes rather than plays them. Other meta events and system messages are skipped. What the standard forbids but
programs write is understood: running status that continues after a meta event, a variable-length number with more bytes
than necessary, real-time bytes.

Source: Standard MIDI Files 1.0 (RP-001).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nsynth_lab.midi.file_warnings import FileWarnings
from nsynth_lab.midi.parse import FIRST_STATUS, FIRST_SYSTEM, STATUS

META, END_OF_TRACK, SET_TEMPO = 0xFF, 0x2F, 0x51
TEXT, TRACK_NAME, LYRIC, TIME_SIGNATURE, KEY_SIGNATURE = 0x01, 0x03, 0x05, 0x58, 0x59
KEPT = (TEXT, TRACK_NAME, LYRIC, TIME_SIGNATURE, KEY_SIGNATURE)
MOST_KEPT, LONGEST_KEPT = 5_000, 2_000
END_EVENT = bytes([META, END_OF_TRACK])
SYSTEM_EXCLUSIVE, ESCAPE = 0xF0, 0xF7
SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # system messages with data bytes, and how many
TEMPO_BYTES = 3
HIGHEST = 127
LARGEST_NUMBER = 0x0FFF_FFFF  # four bytes of seven bits each
NOTE_OFF, NOTE_ON, LAST_WITH_KEY = 0x8, 0x9, 0xA


class Message(NamedTuple):
    """A channel message, or a tempo (status `META`, microseconds per beat in `first`), at a tick of its track."""

    tick: int
    status: int
    first: int
    second: int


class Meta(NamedTuple):
    """A meta event of `KEPT` at a tick of its track."""

    tick: int
    kind: int
    content: bytes


class Track(NamedTuple):
    """A track's contents.

    Attributes:
        messages: in order of time.
        end_tick: when it ends, or where it is truncated within an event, when that event begins.
        stop: the byte after the last one read.
        ended: whether there was an end-of-track event.
        broken: whether it is truncated: within an event, or before its stated length.
        metas: names, texts, metres and keys, in order of time.
    """

    messages: list[Message]
    end_tick: int
    stop: int
    ended: bool
    broken: bool
    metas: Sequence[Meta] = ()


class _BrokenOffError(Exception):
    """The bytes end within an event."""


class _TrackReader:
    def __init__(self, data: bytes, at: int, limit: int, warnings: FileWarnings) -> None:
        self.data, self.at, self.limit, self.warnings = data, at, limit, warnings

    def byte(self) -> int:
        if self.at >= self.limit:
            raise _BrokenOffError
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """A variable-length quantity; 0 if it is larger than the standard allows."""
        value, byte = 0, FIRST_STATUS
        while byte >= FIRST_STATUS:
            byte = self.byte()
            value = min((value << 7) | (byte & 0x7F), LARGEST_NUMBER + 1)
        if value > LARGEST_NUMBER:
            self.warnings.add("a time or length larger than MIDI has, taken for 0")
            return 0
        return value

    def skip(self, count: int) -> bytes:
        if count > self.limit - self.at:
            raise _BrokenOffError
        self.at += count
        return self.data[self.at - count : self.at]


def read_track(
    data: bytes, begin: int, limit: int, warnings: FileWarnings, *, most: int, doubtful_end: int | None = None
) -> Track:
    """Read events from byte `begin` on, until an end-of-track event or byte `limit`, and at most `most` messages.

    `doubtful_end` is where the track ends by a stated length that is probably wrong: it is read beyond only if an
    end-of-track event follows.
    """
    reader = _TrackReader(data, begin, limit, warnings)
    messages: list[Message] = []
    metas: list[Meta] = []
    tick, running = 0, 0
    try:
        while reader.at < limit:
            if len(messages) >= most:
                warnings.add("holds too much; what comes later is left out")
                break
            if reader.at == doubtful_end and data.find(END_EVENT, reader.at, limit) < 0:
                break
            tick += reader.number()
            status = reader.byte()
            if status < FIRST_STATUS:
                reader.at -= 1
                status = running or _next_status(reader)
            if status == META:
                kind, content = reader.byte(), reader.skip(reader.number())
                if kind == END_OF_TRACK:
                    return Track(messages, tick, reader.at, ended=True, broken=False, metas=metas)
                if kind == SET_TEMPO and len(content) >= TEMPO_BYTES:
                    messages.append(Message(tick, META, int.from_bytes(content[:TEMPO_BYTES], "big"), 0))
                elif kind in KEPT and len(metas) < MOST_KEPT:
                    metas.append(Meta(tick, kind, content[:LONGEST_KEPT]))
            elif status in (SYSTEM_EXCLUSIVE, ESCAPE):
                reader.skip(reader.number())
            elif status >= FIRST_SYSTEM:
                reader.skip(SYSTEM_DATA.get(status, 0))
            else:
                running = status
                if (message := _message(reader, tick, status)) is not None:
                    messages.append(message)
    except _BrokenOffError:
        warnings.add("breaks off in the middle of an event")
        return Track(messages, tick, limit, ended=False, broken=True, metas=metas)
    broken = doubtful_end is not None and doubtful_end > limit
    if broken:
        warnings.add("breaks off before its end")
    return Track(messages, tick, reader.at, ended=False, broken=broken, metas=metas)


def _next_status(reader: _TrackReader) -> int:
    """Skip data bytes that belong to no message; returns the next status byte."""
    reader.warnings.add("data bytes that belong to no event are passed over")
    byte = 0
    while byte < FIRST_STATUS:
        byte = reader.byte()
    return byte


def _message(reader: _TrackReader, tick: int, status: int) -> Message | None:
    """The channel message whose data bytes come next; None if its key is above 127."""
    _, length = STATUS[status >> 4]
    first = reader.byte()
    second = reader.byte() if length > 1 else 0
    if first > HIGHEST and status >> 4 <= LAST_WITH_KEY:
        reader.warnings.add("a key above 127 is left out")
        return None
    if first > HIGHEST or second > HIGHEST:
        reader.warnings.add("a value above 127 is taken for 127")
    return Message(tick, status, min(first, HIGHEST), min(second, HIGHEST))


def missing_note_offs(messages: list[Message]) -> list[Message]:
    """A note-off, at tick 0, for each note-on that has none."""
    held: dict[tuple[int, int], int] = {}
    for message in messages:
        kind, key = message.status >> 4, (message.status & 0xF, message.first)
        if kind == NOTE_ON and message.second:
            held[key] = held.get(key, 0) + 1
        elif kind in (NOTE_ON, NOTE_OFF):
            held[key] = max(held.get(key, 0) - 1, 0)
    return [
        Message(0, NOTE_OFF << 4 | channel, number, 64)
        for (channel, number), count in held.items()
        for _ in range(count)
    ]
