"""One track's bytes to its messages at ticks, whatever the bytes are.

Of what is no channel message only the tempo and the end of the track are heard: other meta events and system
messages are passed over unread. What the standard forbids and programs write all the same is understood: running
status that goes on behind a meta event, a number with more bytes than it needs, real-time bytes.

Source: Standard MIDI Files 1.0 (RP-001).
"""

from __future__ import annotations

from typing import NamedTuple

from nsynth_lab.midi.parse import FIRST_STATUS, FIRST_SYSTEM, STATUS
from nsynth_lab.midi.tolerance import Warnings

META, END_OF_TRACK, SET_TEMPO = 0xFF, 0x2F, 0x51
END_EVENT = bytes([META, END_OF_TRACK])
SYSTEM_EXCLUSIVE, ESCAPE = 0xF0, 0xF7
SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # data bytes of system messages that have any
TEMPO_BYTES = 3
HIGHEST = 127
LARGEST_NUMBER = 0x0FFF_FFFF  # in four bytes of seven bits
NOTE_OFF, NOTE_ON, LAST_WITH_KEY = 0x8, 0x9, 0xA


class Message(NamedTuple):
    """A channel message, or a tempo (status `META`, its microseconds a beat in `first`), at a tick of its track."""

    tick: int
    status: int
    first: int
    second: int


class Track(NamedTuple):
    """What a track holds.

    Attributes:
        messages: in order of time.
        end_tick: when it ends, or when the event begins in which it breaks off.
        stop: the byte after the last that was read.
        ended: whether there was an end-of-track event.
        broken: whether it breaks off in an event, or in the middle of the file it was cut out of.
    """

    messages: list[Message]
    end_tick: int
    stop: int
    ended: bool
    broken: bool


class _BrokenOffError(Exception):
    """The bytes end before the event does."""


class _Reader:
    def __init__(self, data: bytes, at: int, limit: int, warnings: Warnings) -> None:
        self.data, self.at, self.limit, self.warnings = data, at, limit, warnings

    def byte(self) -> int:
        if self.at >= self.limit:
            raise _BrokenOffError
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """A variable-length quantity; 0 where it is larger than any may be."""
        value, byte = 0, FIRST_STATUS
        while byte >= FIRST_STATUS:
            byte = self.byte()
            value = min((value << 7) | (byte & 0x7F), LARGEST_NUMBER + 1)
        if value > LARGEST_NUMBER:
            self.warnings.add("a time or length larger than MIDI has, taken for 0")
            return 0
        return value

    def pass_over(self, count: int) -> bytes:
        if count > self.limit - self.at:
            raise _BrokenOffError
        self.at += count
        return self.data[self.at - count : self.at]


def read_track(
    data: bytes, begin: int, limit: int, warnings: Warnings, *, most: int, goes_on_after: int | None = None
) -> Track:
    """The events from byte `begin` on, until end-of-track or byte `limit`, and `most` messages.

    `goes_on_after` is where the track ends by a length that is doubtful: it goes on from there only to an
    end-of-track.
    """
    reader = _Reader(data, begin, limit, warnings)
    messages: list[Message] = []
    tick, running = 0, 0
    try:
        while reader.at < limit:
            if len(messages) >= most:
                warnings.add("holds too much; what comes later is left out")
                break
            if reader.at == goes_on_after and data.find(END_EVENT, reader.at, limit) < 0:
                break
            tick += reader.number()
            status = reader.byte()
            if status < FIRST_STATUS:
                reader.at -= 1
                status = running or _next_status(reader)
            if status == META:
                kind, content = reader.byte(), reader.pass_over(reader.number())
                if kind == END_OF_TRACK:
                    return Track(messages, tick, reader.at, ended=True, broken=False)
                if kind == SET_TEMPO and len(content) >= TEMPO_BYTES:
                    messages.append(Message(tick, META, int.from_bytes(content[:TEMPO_BYTES], "big"), 0))
            elif status in (SYSTEM_EXCLUSIVE, ESCAPE):
                reader.pass_over(reader.number())
            elif status >= FIRST_SYSTEM:
                reader.pass_over(SYSTEM_DATA.get(status, 0))
            else:
                running = status
                if (message := _message(reader, tick, status)) is not None:
                    messages.append(message)
    except _BrokenOffError:
        warnings.add("breaks off in the middle of an event")
        return Track(messages, tick, limit, ended=False, broken=True)
    broken = goes_on_after is not None and goes_on_after > limit
    if broken:
        warnings.add("breaks off before its end")
    return Track(messages, tick, reader.at, ended=False, broken=broken)


def _next_status(reader: _Reader) -> int:
    """Data bytes that belong to nothing: on to the next status byte."""
    reader.warnings.add("data bytes that belong to no event are passed over")
    byte = 0
    while byte < FIRST_STATUS:
        byte = reader.byte()
    return byte


def _message(reader: _Reader, tick: int, status: int) -> Message | None:
    """The channel message whose data bytes come next; None for a key that is none."""
    _, length = STATUS[status >> 4]
    first = reader.byte()
    second = reader.byte() if length > 1 else 0
    if first > HIGHEST and status >> 4 <= LAST_WITH_KEY:
        reader.warnings.add("a key above 127 is left out")
        return None
    if first > HIGHEST or second > HIGHEST:
        reader.warnings.add("a value above 127 is taken for 127")
    return Message(tick, status, min(first, HIGHEST), min(second, HIGHEST))


def unended(messages: list[Message]) -> list[Message]:
    """A note-off, at tick 0, for each note-on of these that has none."""
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
