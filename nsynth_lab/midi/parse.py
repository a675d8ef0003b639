"""MIDI bytes from a wire -> events. Any bytes are understood, malformed ones too."""

from __future__ import annotations

from collections.abc import Sequence

from nsynth_lab.midi.events import BEND_STEPS, DEFAULT_OFF_VELOCITY, Event, Kind

# high nibble of the status byte -> kind of message, number of data bytes
STATUS: dict[int, tuple[Kind, int]] = {
    0x8: (Kind.NOTE_OFF, 2),
    0x9: (Kind.NOTE_ON, 2),
    0xA: (Kind.POLY_PRESSURE, 2),
    0xB: (Kind.CONTROL, 2),
    0xC: (Kind.PROGRAM, 1),
    0xD: (Kind.PRESSURE, 1),
    0xE: (Kind.BEND, 2),
}
FIRST_STATUS, FIRST_SYSTEM, FIRST_REAL_TIME = 0x80, 0xF0, 0xF8


class Parser:
    """`feed(bytes) -> events`. An incomplete message waits for its remaining bytes; system messages are ignored.

    Running status is supported, real-time bytes may come anywhere, and a status byte discards whatever was incomplete:
    so after any garbage the next complete message is understood. At most three bytes are kept.
    """

    def __init__(self) -> None:
        self._status = 0  # 0 while no data bytes are expected: at the start and within system messages
        self._data: list[int] = []

    def feed(self, data: bytes, *, at_sample: int = 0) -> list[Event]:
        """The events that `data` completes, all at `at_sample`."""
        events = []
        for byte in data:
            if byte >= FIRST_REAL_TIME:
                continue
            if byte >= FIRST_STATUS:
                self._status, self._data = (byte if byte < FIRST_SYSTEM else 0), []
            elif self._status:
                self._data.append(byte)
                kind, length = STATUS[self._status >> 4]
                if len(self._data) == length:
                    events.append(event_of(kind, self._status & 0xF, self._data, at_sample=at_sample))
                    self._data = []
        return events


def event_of(kind: Kind, channel: int, data: Sequence[int], *, at_sample: int = 0) -> Event:
    """A channel message's data bytes as an event. A note-on of velocity 0 is a note-off (MIDI 1.0).

    >>> event_of(Kind.BEND, 0, [0, 96]).value
    4096
    """
    match kind:
        case Kind.BEND:
            return Event(kind, channel, 0, data[0] + (data[1] << 7) - BEND_STEPS, at_sample)
        case Kind.PRESSURE:
            return Event(kind, channel, 0, data[0], at_sample)
        case Kind.PROGRAM:
            return Event(kind, channel, data[0], 0, at_sample)
        case Kind.NOTE_ON if data[1] == 0:
            return Event(Kind.NOTE_OFF, channel, data[0], DEFAULT_OFF_VELOCITY, at_sample)
        case _:
            return Event(kind, channel, data[0], data[1], at_sample)
