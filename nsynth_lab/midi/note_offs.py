"""Which note-off ends which note when a key is struck again while it is down; and note-offs missing at the end.

MIDI 1.0 (M1-96-1A, "Assignment of Note On/Off Commands") sends as many note-offs as note-ons, and the first note-off
belongs to the first note-on. A key of this synth holds one note at a time: a new note-on on the same key ends the one
before. So of a key's note-offs only the last one counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nsynth_lab.midi.events import CHANNELS, Event, Kind, control, note_off

PEDAL_DOWN = 64
PEDALS = (64, 66)  # sustain and sostenuto: they hold notes
RESET_CONTROLLERS = 121  # lifts a channel's pedals
RELEASE_ALL = (120, *range(123, 128))  # controllers that release all keys of their channel

Place = tuple[int, int]  # channel, and number of a key or pedal


class _HeldKeys:
    """How many note-offs each key still expects, and which pedals are down."""

    def __init__(self) -> None:
        self.keys: list[Counter[int]] = [Counter() for _ in range(CHANNELS)]
        self.pedals: dict[Place, bool] = {}

    def expected(self, event: Event) -> int:
        """How many note-offs the key of this note-on or note-off still expects."""
        return self.keys[event.channel][event.number]

    def update(self, event: Event) -> None:
        keys = self.keys[event.channel]
        if event.kind is Kind.NOTE_ON:
            keys[event.number] += 1
        elif event.kind is Kind.NOTE_OFF:
            keys[event.number] = max(keys[event.number] - 1, 0)
        elif event.kind is Kind.CONTROL and event.number in PEDALS:
            self.pedals[event.channel, event.number] = event.value >= PEDAL_DOWN
        elif event.kind is Kind.CONTROL and event.number == RESET_CONTROLLERS:
            self.pedals.update(dict.fromkeys([(event.channel, number) for number in PEDALS], False))
        elif event.kind is Kind.CONTROL and event.number in RELEASE_ALL:
            keys.clear()

    def release_all(self, at_sample: int) -> list[Event]:
        """Events that release every key and pedal still down."""
        keys = [(channel, key) for channel, keys in enumerate(self.keys) for key, count in keys.items() if count]
        pedals = [place for place, down in self.pedals.items() if down]
        lifted = [control(number, 0, channel=channel, at_sample=at_sample) for channel, number in pedals]
        return [*(note_off(key, channel=channel, at_sample=at_sample) for channel, key in keys), *lifted]


def match_note_offs(events: Sequence[Event], *, end_sample: int) -> list[Event]:
    """`events`, in order of time, for a synth whose keys hold one note each; keys still down are released at the end.

    Removed are the note-offs of notes that a later note-on of the same key has already ended, so that each note lasts
    until its own note-off, and note-offs of keys that are not down.
    """
    replacing = _replacing_note_ons(events)
    held = _HeldKeys()
    out = []
    for index, event in enumerate(events):
        is_off = event.kind is Kind.NOTE_OFF
        is_up = is_off and not held.expected(event)
        if index not in replacing:
            held.update(event)
        if not is_off or not (is_up or held.expected(event)):
            out.append(event)
    return out + held.release_all(end_sample)


def _replacing_note_ons(events: Sequence[Event]) -> set[int]:
    """Indices of note-ons that take over the note-off of the note before, because their key gets too few.

    Some programs strike a key again without sending a note-off first. Of several note-ons in a row it is the earliest
    after the key was last up that has none.
    """
    restruck: dict[Place, list[int]] = {}  # note-ons of a key that was down already, since it was last up
    held = _HeldKeys()
    for index, event in enumerate(events):
        held.update(event)
        if event.kind is Kind.NOTE_ON:
            key = (event.channel, event.number)
            if held.expected(event) > 1:
                restruck[key].append(index)
            else:
                restruck[key] = []
    return {index for (channel, key), indices in restruck.items() for index in indices[: held.keys[channel][key]]}
