"""Decides which pulse of a phrase is its beat: eighths, quarters, halves or another one that its notes keep to.

Candidates are compared by what musicians go by: how fast the beat would be, whether notes begin on it, long ones above
all, whether the phrase begins and ends on it, and whether rhythm and pitch come back after it. How much each says was
learnt from tunes of the collections that the melody model learns from, played at tempi and swings drawn by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nsynth_lab.tune.metre import Metre
from nsynth_lab.units import Doubles, Ints

SIMPLE_TICKS, COMPOUND_TICKS = 24, 36  # of a beat: a quarter, a dotted quarter
DOTTED_QUARTER = Fraction(3, 8)
USUAL_SECONDS = 0.5
LONGEST_COUNTED = 4.0  # usual notes: a longer one says no more
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


def pulses(ticks: Ints, beat_ticks: int, tick_seconds: float, *, swings: bool, compound: bool | None) -> list[Pulse]:
    """What the beat may be; at least the one that was found.

    Args:
        ticks: places of the onsets.
        beat_ticks: of the beat that was found.
        tick_seconds: length of a tick.
        swings: whether beats are swung: then it is found, or twice as long.
        compound: whether beats are divided in three; None if that is not known.
    """
    found = list(_pulses(ticks, beat_ticks, tick_seconds, swings=swings, compound=compound))
    return found or [Pulse(beat_ticks, 0, beat_ticks == COMPOUND_TICKS)]


def _pulses(
    ticks: Ints, beat_ticks: int, tick_seconds: float, *, swings: bool, compound: bool | None
) -> Iterator[Pulse]:
    for length, is_compound in LEVELS[beat_ticks]:
        if not FASTEST_SECONDS <= length * tick_seconds <= SLOWEST_SECONDS or compound not in (None, is_compound):
            continue
        if swings and (is_compound or length < beat_ticks):
            continue
        step = beat_ticks if swings else FINEST
        begun = set((ticks % length).tolist())
        for first in range(0, length, step):
            if first in begun:
                yield Pulse(length, first, is_compound)


# What each feature counts. With them 75 % of phrases that they were not learnt from get the beat that their tune's
# notation says; without them, 37 %.
WEIGHTS = {
    "compound": -0.14, "tempo": -0.14, "tempo squared": -3.11, "tempo of compound": 1.64, "found": 0.5,
    "beats with a note": 4.53, "notes on beats": -16.11, "length on beats": 16.99, "begins": 2.49, "ends": -1.31,
    "halves or thirds": 4.09, "rhythm after one": 2.14, "rhythm after two": 1.58, "rhythm after three": 1.03,
    "rhythm after four": 0.07, "pitch after one": 0.5, "pitch after two": 1.31, "leaps to beats": -0.63,
}  # fmt: skip


def features(pulse: Pulse, ticks: Ints, pitches: Sequence[int], found_ticks: int, tick_seconds: float) -> Doubles:
    """What speaks for a pulse, in the order of `WEIGHTS` [features]."""
    lengths = np.diff(ticks).astype(np.float64)
    usual = float(np.median(lengths)) or 1.0
    weights = np.minimum(np.append(lengths, usual) / usual, LONGEST_COUNTED)
    place = (ticks - pulse.first) % pulse.length
    on = place == 0
    beats = max(1, (int(ticks[-1]) - int(ticks[0])) // pulse.length)
    tempo = float(np.log2(pulse.length * tick_seconds / USUAL_SECONDS))
    parts = 3 if pulse.is_compound else 2
    notes = np.asarray(pitches)
    leaps = np.abs(np.diff(notes)).astype(np.float64)
    mean_leap = float(leaps.mean()) or 1.0
    return np.array(
        [
            float(pulse.is_compound),
            tempo,
            tempo**2,
            tempo * pulse.is_compound,
            float(pulse.length == found_ticks and pulse.first == 0),
            min(1.0, on.sum() / beats),
            float(on.mean()),
            float(weights[on].sum() / weights.sum()),
            float(on[0]),
            float(on[-1]),
            float((place % (pulse.length / parts) == 0).mean()),
            *(_alike(ticks[:-1], lengths, times * pulse.length) for times in (1, 2, 3, 4)),
            *(_alike(ticks, notes, times * pulse.length) for times in (1, 2)),
            (float(leaps[on[1:]].mean()) / mean_leap if on[1:].any() else 1.0),
        ]
    )


def _alike(at: Ints, values: Doubles | Ints, later: int) -> float:
    """Share of the onsets that have another so many ticks later, of the same value; of those that could."""
    place = np.searchsorted(at, at + later)
    could = at + later <= at[-1]
    place = np.minimum(place, len(at) - 1)
    same = could & (at[place] == at + later) & (values[place] == values)
    return float(same.sum() / max(1, could.sum()))


def likeliest(
    ticks: Ints,
    pitches: Sequence[int],
    beat_ticks: int,
    tick_seconds: float,
    *,
    swings: bool,
    compound: bool | None = None,
) -> Pulse:
    """The pulse that is the beat; of a phrase of two notes at least."""
    tried = pulses(ticks, beat_ticks, tick_seconds, swings=swings, compound=compound)
    weights = np.array([*WEIGHTS.values()])
    return max(tried, key=lambda one: float(features(one, ticks, pitches, beat_ticks, tick_seconds) @ weights))
