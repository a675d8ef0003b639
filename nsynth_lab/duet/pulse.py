"""Pulses that the onsets of a phrase may have: eighths, quarters, halves or others that its notes keep to.

An explanation says for each onset at which place of a beat it is meant to be. Its beat need not be the one that is
heard: that may be twice as long, or half of it, or begin on another of its parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nsynth_lab.tune.metre import Metre
from nsynth_lab.units import Ints

STRAIGHT = 0.5
SIMPLE_TICKS, COMPOUND_TICKS = 24, 36  # of a beat: a quarter, a dotted quarter
DOTTED_QUARTER = Fraction(3, 8)
USUAL_SECONDS = 0.5
FASTEST_SECONDS, SLOWEST_SECONDS = 0.2, 1.5

# (length of the beat in ticks as they were found, whether it is compound), by how long the beat found has been
LEVELS = {
    SIMPLE_TICKS: ((24, False), (12, False), (48, False), (36, True), (18, True)),
    COMPOUND_TICKS: ((36, True), (24, False), (12, False), (48, False), (18, True), (72, True)),
}
FINEST = 6  # ticks: beats begin on multiples of it, where notes do


def beat_ticks_of(metre: Metre) -> int:
    """Ticks of a beat of a metre as it is played here: a dotted quarter in 6/8 and the like, else a quarter."""
    return COMPOUND_TICKS if metre.beats[0] == DOTTED_QUARTER else SIMPLE_TICKS


@dataclass(frozen=True)
class Explained:
    """An explanation of onsets by one way to divide a beat.

    Attributes:
        cost: a note; the likeliest explanation costs least.
        ticks: where each onset is meant to be, from a beat on.
        beat_ticks: of its beat.
        swing: where the second half of a beat begins.
        period_seconds: of its beat.
    """

    cost: float
    ticks: Ints
    beat_ticks: int
    swing: float
    period_seconds: float

    @property
    def swings(self) -> bool:
        """Whether beats are swung: then its beat is the beat, or half of it."""
        return self.swing > STRAIGHT

    @property
    def tick_seconds(self) -> float:
        """Length of a tick."""
        return self.period_seconds / self.beat_ticks


@dataclass(frozen=True)
class Pulse:
    """A pulse: its length and the place of one of its beats, in ticks as they were found."""

    length: int
    first: int
    is_compound: bool

    @property
    def beat_ticks(self) -> int:
        """Of its beat on paper."""
        return COMPOUND_TICKS if self.is_compound else SIMPLE_TICKS

    def written(self, ticks: Ints) -> Ints:
        """Places as found -> places on paper, from one of its beats on."""
        return np.asarray(np.rint((ticks - self.first) * (self.beat_ticks / self.length)), np.int64)


def pulses(found: Explained, *, compound: bool | None) -> list[Pulse]:
    """What the beat may be if this explains the onsets; at least its own.

    Args:
        found: an explanation.
        compound: whether beats are divided in three; None if that is not known.
    """
    return list(_pulses(found, compound=compound)) or [Pulse(found.beat_ticks, 0, found.beat_ticks == COMPOUND_TICKS)]


def _pulses(found: Explained, *, compound: bool | None) -> Iterator[Pulse]:
    for length, is_compound in LEVELS[found.beat_ticks]:
        seconds = length * found.tick_seconds
        if not FASTEST_SECONDS <= seconds <= SLOWEST_SECONDS or compound not in (None, is_compound):
            continue
        if found.swings and (is_compound or length < found.beat_ticks):
            continue
        step = found.beat_ticks if found.swings else FINEST
        begun = set((found.ticks % length).tolist())
        for first in range(0, length, step):
            if first in begun:
                yield Pulse(length, first, is_compound)
