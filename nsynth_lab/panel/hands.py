"""Hands: what pages do with keys, wheels and pedals, as events; and which keys are down, on all pages together."""

from __future__ import annotations

from nsynth_lab.midi.events import BEND_STEPS, Event, bend, control, note_off, note_on
from nsynth_lab.panel.messages import Bend, Controller, Keys, NoteOff, NoteOn, Panic
from nsynth_lab.synth.channels import NOTES_OFF, SOUND_OFF
from nsynth_lab.synth.engine import panic

Played = NoteOn | NoteOff | Bend | Controller | Panic


class Hands:
    """`events(message)` gives the events of what is played, and keeps `keys` up to date.

    A key is down from the last note_on to the next note_off, whichever page each comes from.
    """

    def __init__(self) -> None:
        self._down: set[int] = set()

    @property
    def keys(self) -> Keys:
        """Which keys are down."""
        return Keys(tuple(map(float, sorted(self._down))))

    def events(self, message: Played) -> list[Event]:
        """What the engine is sent."""
        match message:
            case NoteOn():
                self._down.add(message.key)
                return [note_on(message.key, message.velocity)]
            case NoteOff():
                self._down.discard(message.key)
                return [note_off(message.key)]
            case Bend():
                return [bend(min(round(message.value * BEND_STEPS), BEND_STEPS - 1))]
            case Controller():
                if message.number == SOUND_OFF or message.number >= NOTES_OFF:
                    self._down.clear()
                return [control(message.number, message.value)]
            case Panic():
                self._down.clear()
                return panic()
