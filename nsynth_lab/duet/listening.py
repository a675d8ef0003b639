"""Listening: gathers the player's notes into a phrase, and decides when the phrase has ended.

It ends when no key has been down for 0.35 s, or for 1.5 times the phrase's median silence between two notes where that
is longer: who plays with rests is not interrupted in one. A phrase that is being answered is set aside, and taken up
again if all that ended it was a long rest.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable

from nsynth_lab.duet.values import DuetNote
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.midi.note_offs import RELEASE_ALL
from nsynth_lab.units import SAMPLE_RATE

LEAST_SILENCE_SAMPLES = round(0.35 * SAMPLE_RATE)
GAPS = 1.5  # median silences that end a phrase
CHORD_SAMPLES = round(0.05 * SAMPLE_RATE)  # keys within it are struck together
MOST_NOTES = 512  # that are remembered, the latest

Key = tuple[int, int]  # channel and number


def key_struck(event: Event) -> Key | None:
    """The key that an event strikes; None if it strikes none."""
    return (event.channel, event.number) if event.kind is Kind.NOTE_ON and event.value > 0 else None


def keys_lifted(event: Event, down: Iterable[Key]) -> list[Key]:
    """The held keys that an event releases; a key that is struck again is released first."""
    if event.kind is Kind.CONTROL and event.number in RELEASE_ALL:
        return [key for key in down if key[0] == event.channel]
    is_note = event.kind in (Kind.NOTE_ON, Kind.NOTE_OFF)
    return [key for key in down if is_note and key == (event.channel, event.number)]


class Listener:
    """`hear(event)` in order of time; `ends_at` and `phrase` at any moment."""

    def __init__(self) -> None:
        self._down: dict[Key, tuple[int, int]] = {}  # when and how hard
        self._notes: deque[DuetNote] = deque(maxlen=MOST_NOTES)
        self._gaps: list[int] = []  # in order of length
        self._aside: tuple[list[DuetNote], list[int]] = ([], [])
        self._last_begin = self._last_up = 0

    def hear(self, event: Event) -> bool:
        """Whether a key went down."""
        at = event.at_sample
        for key in keys_lifted(event, self._down):
            self._up(key, at)
        struck = key_struck(event)
        if struck is None:
            return False
        self._begin(at)
        self._down[struck] = (at, int(event.value))
        return True

    @property
    def holds(self) -> bool:
        """Whether any key is down."""
        return bool(self._down)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been played since the last phrase."""
        return not self._notes and not self._down

    @property
    def last_up(self) -> int:
        """When the last key went up."""
        return self._last_up

    @property
    def ends_at(self) -> int | None:
        """When the phrase ends if nothing more is played; None while there is none, or a key is down."""
        if self._down or not self._notes:
            return None
        median = self._gaps[len(self._gaps) // 2] if self._gaps else 0
        return self._last_up + max(LEAST_SILENCE_SAMPLES, round(GAPS * median))

    @property
    def begins_at(self) -> int:
        """When the first of its notes began."""
        return min(note.begin for note in self._notes)

    def phrase(self) -> tuple[DuetNote, ...]:
        """Its notes, from sample 0 on."""
        first = self.begins_at
        moved = [DuetNote(one.begin - first, one.end - first, one.key, one.velocity) for one in self._notes]
        return tuple(sorted(moved, key=lambda one: (one.begin, one.key)))

    def forget(self) -> None:
        """The phrase is over; keys that are down belong to the next one."""
        self._notes.clear()
        self._gaps.clear()
        self._aside = ([], [])

    def set_aside(self) -> None:
        """The phrase is over, so far as is known; keys that are down belong to the next one."""
        aside = [*self._notes], [*self._gaps]
        self.forget()
        self._aside = aside

    def take_up(self) -> bool:
        """Go on with the phrase that was set aside; False if there is none."""
        (notes, gaps), self._aside = self._aside, ([], [])
        self._notes.extend(notes)
        self._gaps += gaps
        return bool(notes)

    def leave(self) -> None:
        """What was set aside will not be taken up."""
        self._aside = ([], [])

    def _begin(self, at: int) -> None:
        if (self._notes or self._down) and at - self._last_begin > CHORD_SAMPLES:
            insort(self._gaps, 0 if self._down else at - self._last_up)
            if len(self._gaps) > MOST_NOTES:
                self._gaps = self._gaps[::2]
        self._last_begin = at

    def _up(self, key: Key, at: int) -> None:
        begun, velocity = self._down.pop(key)
        self._notes.append(DuetNote(begun, max(at, begun + 1), key[1], velocity))
        self._last_up = at
