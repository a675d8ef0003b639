"""A tune while it is being written: what the writer is told before each of its notes.

It is told the note before, where it stands, and what sounded 1, 2, 4, 8 and 16 bars and one section ago at the very
place (after Waite's Lookback RNN, 2016); what followed the last time that the tune went as it does now; and for each of
these how long the tune has been following it. So it need not count bars to repeat itself, nor to stop doing so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nsynth_lab.melody.steps import (
    BARS_AGO,
    DURATIONS,
    END_OF_SECTION,
    GOES_ON,
    LATEST_BAR,
    NO_DURATION,
    NO_PITCH,
    Note,
    Steps,
    bar_line_from,
)
from nsynth_lab.units import Ints

LOOKS = len(BARS_AGO) + 2  # and one section ago, and the longest match
FIRST_PITCH, FIRST_DURATION = NO_PITCH + 1, NO_DURATION + 1  # of the note before the first
FOLLOWED = (1, 2, 3, 5, 9)  # notes from which a run counts as longer
RUNS = len(FOLLOWED) + 1
LEAST_MATCH = 2  # notes
NOTHING = (NO_PITCH, NO_DURATION)

Sounded = tuple[int, int]  # pitch and duration; no duration if the note began before the place


class Context(NamedTuple):
    """What is known before a note.

    Attributes:
        last: pitch and duration of the note before.
        position: ticks from the bar line before.
        bar: bars since the section's first whole one, 0 to 16.
        looks: what sounded at the same place 1, 2, 4, 8 and 16 bars and one section ago, and what followed the last
            time that two notes or more went as the last ones have.
        runs: for each of these how many notes in a row have been like it, in steps of `FOLLOWED`.
    """

    last: Sounded
    position: int
    bar: int
    looks: tuple[Sounded, ...]
    runs: tuple[int, ...]


class Draft:
    """Notes written so far, in steps; `context` before each note, `add` after it.

    Attributes:
        bar_ticks: length of a bar.
        at: where the next note begins, in ticks from a bar line before the tune.
        section_start: first bar line of the section.
        pitches, durations, begins, flags: of the notes so far; durations as indices into `DURATIONS`.
    """

    def __init__(self, bar_ticks: int, *, position: int = 0) -> None:
        self.bar_ticks = bar_ticks
        self.at = bar_ticks + position
        self.pitches: list[int] = []
        self.durations: list[int] = []
        self.begins: list[int] = []
        self.flags: list[int] = []
        self.section_start = bar_line_from(self.at, bar_ticks)
        self._before = -1  # start of the section before
        self._runs = [0] * LOOKS
        self._codes = np.zeros(256, np.int64)
        self._shared = np.zeros(256, np.int64)  # for each note, how many notes up to it are like the last ones
        self._known: Context | None = None

    @classmethod
    def of(cls, bar_ticks: int, notes: Sequence[Note]) -> Draft:
        """A draft of notes that are known, one at least."""
        draft = cls(bar_ticks, position=notes[0][2])
        for duration, pitch, position, flag in notes:
            draft.wait_until(position)
            draft.add(duration, pitch, flag)
        return draft

    def __len__(self) -> int:
        return len(self.pitches)

    @property
    def position(self) -> int:
        """Ticks from the bar line before the next note."""
        return self.at % self.bar_ticks

    def wait_until(self, position: int) -> None:
        """Leave silence until a place in the bar, where bars do not add up."""
        self.wait_until_tick(self.at + (position - self.at) % self.bar_ticks)

    def wait_until_tick(self, tick: int) -> None:
        """Leave silence until a tick."""
        self.at = tick
        if self.flags and self.flags[-1] == END_OF_SECTION:
            self.section_start = bar_line_from(self.at, self.bar_ticks)
        self._known = None

    def context(self) -> Context:
        """What is known before the next note."""
        if self._known is None:
            ago = [self._sounded(self.at - bars * self.bar_ticks) for bars in BARS_AGO]
            match, length = self._longest_match()
            looks = (*ago, self._sounded(self._section_ago()), match)
            runs = (*map(_level, self._runs[:-1]), _level(length))
            last = (self.pitches[-1], self.durations[-1]) if self.pitches else (FIRST_PITCH, FIRST_DURATION)
            bar = min(max(0, (self.at - self.section_start) // self.bar_ticks), LATEST_BAR)
            self._known = Context(last, self.position, bar, looks, runs)
        return self._known

    def add(self, duration: int, pitch: int, flag: int = GOES_ON) -> None:
        """Write a note."""
        for place, look in enumerate(self.context().looks):
            self._runs[place] = self._runs[place] + 1 if look == (pitch, duration) else 0
        self._match(pitch * len(DURATIONS) + duration)
        self.begins.append(self.at)
        self.pitches.append(pitch)
        self.durations.append(duration)
        self.flags.append(flag)
        self.at += DURATIONS[duration]
        if flag == END_OF_SECTION:
            self._before = self.section_start
            self.section_start = bar_line_from(self.at, self.bar_ticks)
        self._known = None

    def _sounded(self, at: int) -> Sounded:
        found = bisect_right(self.begins, at) - 1
        if found < 0 or at >= self.begins[found] + DURATIONS[self.durations[found]]:
            return NOTHING
        return self.pitches[found], self.durations[found] if self.begins[found] == at else NO_DURATION

    def _section_ago(self) -> int:
        """The same place of the section before; before everything if there is none or it has ended there."""
        at = self.at - self.section_start + self._before
        return at if self._before >= 0 and at < self.section_start else -1

    def _match(self, code: int) -> None:
        count = len(self.pitches)
        if count == len(self._codes):
            self._codes, self._shared = (np.concatenate([one, one]) for one in (self._codes, self._shared))
        same = self._codes[:count] == code
        self._shared[1:count] = np.where(same[1:], self._shared[: count - 1] + 1, 0) if count else 0
        if count:
            self._shared[0] = int(same[0])
        self._codes[count] = code
        self._shared[count] = 0

    def _longest_match(self) -> tuple[Sounded, int]:
        """What followed the longest earlier passage like the last notes, the latest of several; its length."""
        count = len(self.pitches)
        if count <= LEAST_MATCH:
            return NOTHING, 0
        shared = np.minimum(self._shared[: count - 1], FOLLOWED[-1])
        found = count - 2 - int(np.argmax(shared[::-1]))
        length = int(shared[found])
        if length < LEAST_MATCH:
            return NOTHING, 0
        return (self.pitches[found + 1], self.durations[found + 1]), length


def _level(run: int) -> int:
    return bisect_right(FOLLOWED, run)


def replayed(steps: Steps, bar_ticks: int) -> Iterator[tuple[Draft, Context]]:
    """A tune's steps written once more: before each of them the draft and its context, and the draft at the end."""
    draft = Draft(bar_ticks, position=int(steps.position[0]))
    for duration, pitch, position, flag in steps.notes:
        draft.wait_until(position)
        yield draft, draft.context()
        draft.add(duration, pitch, flag)


def row(context: Context) -> list[int]:
    """A context as numbers: last note, position, bar, then pitches, durations and runs of the looks."""
    pitches, durations = zip(*context.looks, strict=True)
    return [*context.last, context.position, context.bar, *pitches, *durations, *context.runs]


def rows(steps: Steps, bar_ticks: int) -> Ints:
    """The contexts of all steps [steps, 4 + 3 * LOOKS]."""
    return np.array([row(context) for _, context in replayed(steps, bar_ticks)], np.int64)
