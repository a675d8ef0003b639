"""Where the bar lines of a melody are: its upbeat where the metre is known, and the metre where it is not.

Bar lines are where notes begin, long ones above all; a tune closes on one, or on the middle of a bar; an upbeat is
short. The weights were set on a collection of Irish dance tunes: about seven in eight of their upbeats are found, and
71 % of others'. `melody.bar_lines`, which asks the writer too, finds more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from nsynth_lab.tune.find.key import Heard
from nsynth_lab.tune.metre import Metre

BarFinder = Callable[[Sequence[Heard], Metre | None], tuple[Metre, Fraction]]  # see `find_bars`
LONGEST_COUNTED = 4.0  # usual notes: a longer one says no more
CANDIDATES = {  # and how common they are
    Metre((4,), 4): 1.6,
    Metre((6,), 8): 1.2,
    Metre((3,), 4): 0.0,
    Metre((2,), 4): -0.7,
    Metre((9,), 8): -1.9,
}


class _Rhythm:
    """When notes begin and how long they are, in whole numbers of the finest part that occurs."""

    def __init__(self, notes: Sequence[Heard]) -> None:
        self.parts = math.lcm(64, *{time.denominator for at, length, _ in notes for time in (at, length)})
        usual = float(sorted(length for _, length, _ in notes)[len(notes) // 2])
        self.length_at = {self.count(at): self.count(length) for at, length, _ in notes}
        self.weight_at = {self.count(at): min(float(length) / usual, LONGEST_COUNTED) for at, length, _ in notes}
        self.last = self.count(notes[-1][0])
        self.end = self.last + self.count(notes[-1][1])

    def count(self, time: Fraction) -> int:
        """A time in parts."""
        return int(time * self.parts)

    def at_lines(self, first: int, period: int) -> tuple[float, float]:
        """(share of the lines at which a note begins, mean length of these notes in usual notes)."""
        lines = [self.weight_at.get(at, 0.0) for at in range(first, max(self.end, first + 1), period)]
        return sum(line > 0 for line in lines) / len(lines), sum(lines) / len(lines)

    def alike(self, lag: int) -> float:
        """Share of the notes that have one of the same length so much later."""
        followed = [(at, length) for at, length in self.length_at.items() if at + lag <= self.last]
        return sum(self.length_at.get(at + lag) == length for at, length in followed) / max(1, len(followed))


def find_bars(notes: Sequence[Heard], metre: Metre | None) -> tuple[Metre, Fraction]:
    """The metre, if it is not given, and the length of the upbeat; the melody begins at 0."""
    chosen = metre or find_metre(notes)
    return chosen, find_upbeat(notes, chosen)


def find_upbeat(notes: Sequence[Heard], metre: Metre) -> Fraction:
    """Length of what comes before the first bar line, in whole notes; the melody begins at 0.

    >>> lengths = [1, 3, 1, 2, 2, 3, 1, 2, 2, 3, 1, 2, 2, 4, 3]
    >>> notes = [(Fraction(sum(lengths[:at]), 8), Fraction(length, 8), 60) for at, length in enumerate(lengths)]
    >>> find_upbeat(notes, Metre((4,), 4))
    Fraction(1, 8)
    """
    return upbeats(notes, metre)[0][0]


def upbeats(notes: Sequence[Heard], metre: Metre) -> list[tuple[Fraction, float]]:
    """What may come before the first bar line, nothing or some of the first notes, and its score; the best first."""
    rhythm = _Rhythm(notes)
    return [(Fraction(upbeat, rhythm.parts), score) for upbeat, score in _upbeats(rhythm, metre)]


def _upbeats(rhythm: _Rhythm, metre: Metre) -> list[tuple[int, float]]:
    bar = rhythm.count(metre.length)
    tried = sorted({0, *(at for at in rhythm.length_at if at < bar)})
    return sorted(((at, _upbeat_score(rhythm, metre, at)) for at in tried), key=lambda row: -row[1])


def _upbeat_score(rhythm: _Rhythm, metre: Metre, upbeat: int) -> float:
    bar, beats = rhythm.count(metre.length), [rhythm.count(beat) for beat in metre.beats]
    hit, length = rhythm.at_lines(upbeat, bar)
    closes = (rhythm.last - upbeat) % bar
    halves = 2 * closes == bar and len(beats) % 2 == 0
    return (
        1.2 * hit
        + 2.6 * length
        + (2.1 if closes == 0 or halves else 0.7 if closes % beats[0] == 0 else 0.0)
        + 1.0 * ((rhythm.end - upbeat) % bar == 0)
        + 1.0 * ((rhythm.end - upbeat) % bar / bar)
        - 1.3 * (upbeat / bar)
        - 1.1 * (2 * upbeat > bar)
        + (1.4 if upbeat == rhythm.count(Fraction(1, 8)) else 0.9 if upbeat == beats[-1] else 0.0)
        - 0.7 * (upbeat == 0)
    )


def find_metre(notes: Sequence[Heard]) -> Metre:
    """The metre that explains a melody best: 4/4, 6/8, 3/4, 2/4 or 9/8.

    Rhythms come back after a bar, beats are begun by notes, and bars by long ones.
    """
    rhythm = _Rhythm(notes)
    return max(CANDIDATES, key=lambda metre: _metre_score(rhythm, metre))


def _metre_score(rhythm: _Rhythm, metre: Metre) -> float:
    bar, beat = rhythm.count(metre.length), rhythm.count(metre.beats[0])
    upbeat = _upbeats(rhythm, metre)[0][0]
    hit, at_bars = rhythm.at_lines(upbeat, bar)
    on_beats, at_beats = rhythm.at_lines(upbeat % beat, beat)
    return (
        CANDIDATES[metre]
        + 1.0 * rhythm.alike(bar)
        + 1.6 * rhythm.alike(2 * bar)
        + 2.1 * on_beats
        + 3.6 * at_beats
        + 1.0 * hit
        + 2.3 * at_bars
    )
