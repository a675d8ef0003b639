"""Which note-off ends which note where a key is struck again while it is down, and what the end of a song lets go.

MIDI 1.0 (M1-96-1A, "Assignment of Note On/Off Commands") has as many note-offs as note-ons, the first of them for the
first note. A key of our synth holds one note, which makes way for the next, so of a key's note-offs it needs the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nsynth_lab.midi.events import CHANNELS, Event, Kind, control, note_off

PEDAL_DOWN = 64
PEDALS = (64, 66)  # sustain and sostenuto: they hold notes
RESET, LETS_GO = 121, (120, *range(123, 128))  # controllers that lift the pedals, and the keys, of their channel

Place = tuple[int, int]  # channel, and number of a key or pedal


class _Hands:
    """How many note-offs each key waits for, and which pedals are down."""

    def __init__(self) -> None:
        self.keys: list[Counter[int]] = [Counter() for _ in range(CHANNELS)]
        self.pedals: dict[Place, bool] = {}

    def down(self, event: Event) -> int:
        """How many note-offs the key of a note-on or note-off waits for."""
        return self.keys[event.channel][event.number]

    def hear(self, event: Event) -> None:
        keys = self.keys[event.channel]
        if event.kind is Kind.NOTE_ON:
            keys[event.number] += 1
        elif event.kind is Kind.NOTE_OFF:
            keys[event.number] = max(keys[event.number] - 1, 0)
        elif event.kind is Kind.CONTROL and event.number in PEDALS:
            self.pedals[event.channel, event.number] = event.value >= PEDAL_DOWN
        elif event.kind is Kind.CONTROL and event.number == RESET:
            self.pedals.update(dict.fromkeys([(event.channel, number) for number in PEDALS], False))
        elif event.kind is Kind.CONTROL and event.number in LETS_GO:
            keys.clear()

    def let_go(self, at_sample: int) -> list[Event]:
        """All of them."""
        keys = [(own, key) for own, keys in enumerate(self.keys) for key, count in keys.items() if count]
        pedals = [place for place, down in self.pedals.items() if down]
        lifted = [control(number, 0, channel=own, at_sample=at_sample) for own, number in pedals]
        return [*(note_off(key, channel=own, at_sample=at_sample) for own, key in keys), *lifted]


def fingered(events: Sequence[Event], *, end_sample: int) -> list[Event]:
    """`events` in order of time for a synth whose keys hold one note each; what is still down goes up at the end.

    Note-offs of notes that their key has left behind are taken out, so that a note lasts until its own, and those of
    keys that are up.
    """
    without = _without_note_off(events)
    hands = _Hands()
    out = []
    for place, event in enumerate(events):
        is_off = event.kind is Kind.NOTE_OFF
        is_up = is_off and not hands.down(event)
        if place not in without:
            hands.hear(event)
        if not is_off or not (is_up or hands.down(event)):
            out.append(event)
    return out + hands.let_go(end_sample)


def _without_note_off(events: Sequence[Event]) -> set[int]:
    """Places of note-ons that take over the note-off of the note before: their key gets too few.

    So do programs write that strike a key again without a note-off. Of several note-ons it is the first after the key
    was last up.
    """
    again: dict[Place, list[int]] = {}  # note-ons of a key that is down, since it was last up
    hands = _Hands()
    for place, event in enumerate(events):
        hands.hear(event)
        if event.kind is Kind.NOTE_ON:
            key = (event.channel, event.number)
            if hands.down(event) > 1:
                again[key].append(place)
            else:
                again[key] = []
    return {place for (own, key), places in again.items() for place in places[: hands.keys[own][key]]}
