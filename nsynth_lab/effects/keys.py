"""Keys: what a hosted instrument is told of what is played: MIDI messages within its key range, transposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nsynth_lab.midi.events import BEND_STEPS, DEFAULT_OFF_VELOCITY, Event, Kind

HIGHEST = 127
BANKS = (0, 32)
SOUND_OFF, NOTES_OFF = 120, 123


@dataclass
class Keys:
    """`messages(event)`: the bytes of an event for the plugin; none of notes outside `low` to `high`.

    Pedals, wheels, pressure and controllers pass. Programs and banks do not, since a preset says what the plugin plays.
    Sounding notes are known, and end with the messages that end all of them: not every plugin knows these.
    """

    low: int = 0
    high: int = HIGHEST
    transpose: int = 0
    _down: set[tuple[int, int]] = field(default_factory=set)

    @property
    def middle(self) -> int:
        """The note that its middle key sounds."""
        return min(max((self.low + self.high) // 2 + self.transpose, 0), HIGHEST)

    def messages(self, event: Event) -> Iterator[bytes]:
        """The messages, each of two or three bytes.

        >>> keys = Keys(low=60, transpose=12)
        >>> [list(data) for data in keys.messages(Event(Kind.NOTE_ON, 0, 60, 100))]
        [[144, 72, 100]]
        >>> list(keys.messages(Event(Kind.NOTE_ON, 0, 59, 100)))
        []
        """
        channel, value = event.channel & 0x0F, round(event.value) if event.kind in _CARRIED else 0
        match event.kind:
            case Kind.NOTE_ON | Kind.NOTE_OFF | Kind.POLY_PRESSURE:
                note = event.number + self.transpose
                if self.low <= event.number <= self.high and 0 <= note <= HIGHEST:
                    yield self._of_note(event.kind, channel, note, min(max(value, 0), HIGHEST))
            case Kind.CONTROL if event.number not in BANKS:
                if event.number in (SOUND_OFF, NOTES_OFF):
                    yield from self._ended(channel)
                yield bytes((0xB0 | channel, event.number, min(max(value, 0), HIGHEST)))
            case Kind.PRESSURE:
                yield bytes((0xD0 | channel, min(max(value, 0), HIGHEST)))
            case Kind.BEND:
                steps = min(max(value + BEND_STEPS, 0), 2 * BEND_STEPS - 1)
                yield bytes((0xE0 | channel, steps & 0x7F, steps >> 7))

    def _of_note(self, kind: Kind, channel: int, note: int, value: int) -> bytes:
        if kind is Kind.POLY_PRESSURE:
            return bytes((0xA0 | channel, note, value))
        if kind is Kind.NOTE_ON and value:
            self._down.add((channel, note))
            return bytes((0x90 | channel, note, value))
        self._down.discard((channel, note))
        return bytes((0x80 | channel, note, value))

    def _ended(self, channel: int) -> Iterator[bytes]:
        for one in sorted(self._down):
            if one[0] == channel:
                self._down.discard(one)
                yield bytes((0x80 | channel, one[1], DEFAULT_OFF_VELOCITY))


_CARRIED = {Kind.NOTE_ON, Kind.NOTE_OFF, Kind.POLY_PRESSURE, Kind.CONTROL, Kind.PRESSURE, Kind.BEND}
