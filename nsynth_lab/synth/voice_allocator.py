"""Who gets a row of the decoder, who gives one up, and in which turn a voice takes its steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from nsynth_lab.compiled.voices import HELD
from nsynth_lab.synth.voice import Voice, table
from nsynth_lab.units import HOP_SAMPLES, Ints

TURN_SAMPLES = 256  # turns in which frames are planned: the frames of a voice fall into every other one
TURNS = HOP_SAMPLES // TURN_SAMPLES
SOONER_SAMPLES = TURN_SAMPLES // 2  # than need be, frames are planned, so that steps can be taken in two halves
SPARE_ROWS = 16  # for voices that still fade while others have taken their place
MOST_UNLIMITED = 4096  # voices that nobody limits: a hostile song must not take all memory
MORE_ROWS = 64


class Crowd:
    """The voices that sound, in the order in which they began, and the rows that are free, longest free first.

    `unlimited` there are as many rows as are needed, and `voices` says only how these share their turns.

    Attributes:
        most: how many may sound at once; where time is short fewer than at the beginning.
        table: the numbers of all voices, a row each.
    """

    def __init__(self, voices: int, *, unlimited: bool = False) -> None:
        self._full = voices
        self.most = max(voices, MOST_UNLIMITED) if unlimited else voices
        self.voices: list[Voice] = []
        self.free = deque(range(voices + SPARE_ROWS))
        self._rows = len(self.free)
        self.table = table(self.most + SPARE_ROWS)

    @cached_property
    def order(self) -> Ints:
        """The rows of `voices`."""
        return np.array([voice.row for voice in self.voices], np.int64)

    def sounding(self) -> list[Voice]:
        """Voices that are not fading out."""
        return [self.voices[place] for place in np.flatnonzero(~self.table.fading[self.order])]

    def playing(self, channel: int, key: int) -> list[Voice]:
        """Of these the voices of one key."""
        own, order = self.table, self.order
        wanted = ~own.fading[order] & (own.channel[order] == channel) & (own.key[order] == key)
        return [self.voices[place] for place in np.flatnonzero(wanted)]

    def make_free(self, needed: int) -> None:
        """Have so many free rows, if there may be more of them."""
        while len(self.free) < needed and self._rows < len(self.table.frames):
            more = range(self._rows, min(self._rows + MORE_ROWS, len(self.table.frames)))
            self.free.extend(more)
            self._rows = more.stop

    def add(self, voice: Voice) -> None:
        """It has begun."""
        self.voices.append(voice)
        self.__dict__.pop("order", None)

    def remove(self, rows: Sequence[int]) -> None:
        """The voices of these have fallen silent: they are free."""
        if len(rows):
            self.voices = [voice for voice in self.voices if voice.row not in rows]
            self.free.extend(rows)
            self.__dict__.pop("order", None)

    def lead(self, begin_sample: int) -> int:
        """How much sooner than need be the frames of a voice that begins then are planned: not at all, or a turn.

        All voices of a turn take one step together, which costs little more than the step of one; two turns share
        the voices, so that no step is larger than it has to be.
        """
        turns = self.table.turn[self.order]
        own, sooner = (int((turns == turn_of(sample)).sum()) for sample in (begin_sample, begin_sample - TURN_SAMPLES))
        return TURN_SAMPLES if own >= -(-self._full // TURNS) and sooner < own else 0


def turn_of(sample: int) -> int:
    """Which of the turns it lies in."""
    return sample // TURN_SAMPLES % TURNS


def turn_end(sample: int) -> int:
    """Of the turn in which it lies."""
    return (sample // TURN_SAMPLES + 1) * TURN_SAMPLES


def going(voices: Sequence[Voice]) -> Iterator[list[Voice]]:
    """Whole unisons in the order in which they are taken away, sorted once however many are.

    First those let go, the one let go longest ago before the others, then the quietest, then the oldest.
    """
    if not voices:
        return
    own, rows = voices[0].table, np.array([voice.row for voice in voices])
    held = own.released_frame[rows] == HELD
    since = np.where(held, 0, own.released_frame[rows] - own.frames[rows])
    serials = own.serial[rows]
    order = serials[np.lexsort((serials, own.level_db[rows], since, held))]
    for serial in dict.fromkeys(order.tolist()):
        yield [voices[place] for place in np.flatnonzero(serials == serial).tolist()]


def stolen_keys(voices: Sequence[Voice], needed: int) -> list[Voice]:
    """Voices to take away so that `needed` rows come free, whole unisons first to last."""
    gone: list[Voice] = []
    for unison in going(voices) if needed > 0 else ():
        gone += unison
        if len(gone) >= needed:
            break
    return gone
