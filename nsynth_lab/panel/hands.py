"""Hands: what pages and MIDI ports do with keys, wheels and pedals, as events; and which keys are down."""

from __future__ import annotations

from collections.abc import Iterable

from nsynth_lab.midi.events import BEND_STEPS, Event, Kind, bend, control, note_off, note_on
from nsynth_lab.panel.messages.playing import Bend, Controller, NoteOff, NoteOn, Panic
from nsynth_lab.panel.messages.shown import Keys
from nsynth_lab.synth.channels import NOTES_OFF, SOUND_OFF, SUSTAIN
from nsynth_lab.synth.engine import panic

Played = NoteOn | NoteOff | Bend | Controller | Panic
PAGES = 0  # the channel on which pages play


class Hands:
    """`events(message)` and `of_ports(events)` give the events of what is played, and keep `keys` up to date.

    A key of the pages is down from the last note_on to the next note_off, whichever page each comes from. One that a
    port holds too stays down until both have let go.
    """

    def __init__(self) -> None:
        self._down: set[int] = set()
        self._ports_down: set[tuple[int, int]] = set()  # channel and key
        self._ports_moved: set[int] = set()  # channels with a wheel or pedal that may not be at rest

    @property
    def keys(self) -> Keys:
        """Which keys are down."""
        return Keys(tuple(map(float, sorted(self._down | {key for _, key in tuple(self._ports_down)}))))

    def holds(self, key: int) -> bool:
        """Whether pages hold a key down."""
        return key in self._down

    def events(self, message: Played) -> list[Event]:
        """What the engine is sent."""
        match message:
            case NoteOn():
                self._down.add(message.key)
                return [note_on(message.key, message.velocity)]
            case NoteOff():
                self._down.discard(message.key)
                return [] if (PAGES, message.key) in self._ports_down else [note_off(message.key)]
            case Bend():
                return [bend(min(round(message.value * BEND_STEPS), BEND_STEPS - 1))]
            case Controller():
                if message.number == SOUND_OFF or message.number >= NOTES_OFF:
                    self._lift_all()
                return [control(message.number, message.value)]
            case Panic():
                self._lift_all()
                return panic()

    def of_ports(self, events: Iterable[Event]) -> list[Event]:
        """What the engine is sent of what ports have played."""
        return [event for event in events if self._note(event)]

    def lose_ports(self) -> list[Event]:
        """A port has gone: what it held is let go, its wheels and pedals are at rest."""
        down, self._ports_down = sorted(self._ports_down), set()
        moved, self._ports_moved = sorted(self._ports_moved), set()
        lifted = [note_off(key, channel=channel) for channel, key in down if channel != PAGES or key not in self._down]
        rest = [(control(SUSTAIN, 0, channel=channel), bend(0, channel=channel)) for channel in moved]
        return [*lifted, *(event for both in rest for event in both)]

    def _note(self, event: Event) -> bool:
        """Whether the engine is to be sent it."""
        key = (event.channel, event.number)
        if event.kind is Kind.NOTE_ON:
            self._ports_down.add(key)
        elif event.kind is Kind.NOTE_OFF:
            self._ports_down.discard(key)
            return event.channel != PAGES or event.number not in self._down
        elif event.kind is Kind.BEND or (event.kind is Kind.CONTROL and event.number == SUSTAIN):
            self._ports_moved.add(event.channel)
        elif event.kind is Kind.CONTROL and event.number in (SOUND_OFF, NOTES_OFF):
            self._ports_down = {down for down in self._ports_down if down[0] != event.channel}
        return True

    def _lift_all(self) -> None:
        self._down.clear()
        self._ports_down = set()
