"""PageKeyboard: what the MIDI keyboard of a page holds, on each of its channels, so that it can be let go."""

from __future__ import annotations

from collections.abc import Iterable

from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.midi.parse import Parser
from nsynth_lab.panel.messages.playing import MidiIn
from nsynth_lab.synth.channels import SUSTAIN

NOTE_OFF, CONTROL, BEND, MIDDLE = 0x80, 0xB0, 0xE0, (0, 64)


def events_in(message: MidiIn) -> list[Event]:
    """The events of a page's message."""
    return Parser().feed(bytes(map(int, message.bytes)))


class PageKeyboard:
    """`note(message)` as they come; `let_go()` gives what lets go of all that is held, or None."""

    def __init__(self) -> None:
        self._down: set[tuple[int, int]] = set()  # channel and key
        self._moved: set[int] = set()  # channels with a wheel or pedal that may not be at rest

    def note(self, message: MidiIn) -> None:
        """Remember what is held."""
        for event in events_in(message):
            if event.kind is Kind.NOTE_ON:
                self._down.add((event.channel, event.number))
            elif event.kind is Kind.NOTE_OFF:
                self._down.discard((event.channel, event.number))
            elif event.kind is Kind.BEND or (event.kind is Kind.CONTROL and event.number == SUSTAIN):
                self._moved.add(event.channel)

    def let_go(self) -> list[MidiIn]:
        """What lets go of it, once."""
        lifted = [(NOTE_OFF | channel, key, 64) for channel, key in sorted(self._down)]
        rest = [(CONTROL | channel, SUSTAIN, 0, BEND | channel, *MIDDLE) for channel in sorted(self._moved)]
        self._down, self._moved = set(), set()
        return [_message(one) for one in (*lifted, *rest)]


def _message(data: Iterable[int]) -> MidiIn:
    return MidiIn(tuple(map(float, data)))
