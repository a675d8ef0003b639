"""Chords for a melody: a hidden Markov model over half bars, counted on tunes whose chords people have written.

A chord is a root above the tonic and a kind. In major and in minor keys alike: which follows which, which notes sound
over it, and where in eight bars it stands; the likeliest row is found by Viterbi's algorithm. NumPy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from nsynth_lab.tune.chord_name import ChordName
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.pitch import spelled
from nsynth_lab.tune.places import places
from nsynth_lab.tune.tune import Bar, ChordSymbol, Tune
from nsynth_lab.units import Doubles, FloatArray, Ints

KINDS = ("", "m", "7", "dim")
PHRASE_BARS = 8
STRONG = 1.5  # how much more a note counts that begins with the half bar
NOTES_WEIGHT, PLACE_WEIGHT = 2.0, 0.5  # the best of some, on tunes held out of the count and of the measuring
TINY = 1e-6


@dataclass(frozen=True)
class Halves:
    """A tune in half bars: what sounds in each [halves, 12] above the tonic, and where each is in its eight bars.

    Attributes:
        sounding: how much of the half bar each pitch class takes.
        place: half bars since the section's phrase of eight bars began.
        spans: the bar of each half, its beginning and its end in the bar.
    """

    sounding: Doubles
    place: Ints
    spans: tuple[tuple[int, Fraction, Fraction], ...]


class Harmony:
    """Finds chords for a tune, by a table that was counted."""

    def __init__(self, weights: Mapping[str, FloatArray]) -> None:
        self._sounds, self._follows = weights["sounds"], weights["follows"]  # [2, chords, 12], [2, chords, chords]
        self._first, self._places = weights["first"], weights["places"]  # [2, chords], [2, 16, chords]
        self._roots, self._kinds = (weights["chords"][:, column].astype(int) for column in (0, 1))

    def chords(self, halves: Halves, *, minor: bool) -> list[tuple[int, int]]:
        """The likeliest chord of each half bar: semitones from tonic to root, and its place in `KINDS`."""
        mode = int(minor)
        prior = self._places[mode].mean(0)
        fits = NOTES_WEIGHT * halves.sounding @ np.log(self._sounds[mode] + TINY).T
        fits = fits + PLACE_WEIGHT * np.log(
            (self._places[mode] + TINY)[halves.place % (2 * PHRASE_BARS)] / (prior + TINY)
        )
        follows = np.log(self._follows[mode] + TINY)
        best, back = np.log(self._first[mode] + TINY) + fits[0], list[Ints]()
        for fit in fits[1:]:
            reached = best[:, None] + follows
            back.append(reached.argmax(0))
            best = reached.max(0) + fit
        path = [int(best.argmax())]
        for before in back[::-1]:
            path.append(int(before[path[-1]]))
        return [(int(self._roots[at]), int(self._kinds[at])) for at in path[::-1]]

    def with_chords(self, tune: Tune) -> Tune:
        """The tune with chord symbols where its harmony changes; those that it had are replaced."""
        halves = halves_of(tune)
        if not halves.spans:
            return tune
        symbols: dict[int, list[ChordSymbol]] = {}
        before = ""
        for (bar, begin, _), (root, kind) in zip(
            halves.spans, self.chords(halves, minor=tune.key.is_minor), strict=True
        ):
            name = chord_name(tune.key, root, kind)
            if name != before or (begin == 0 and tune.bars[bar].begins_repeat):
                symbols.setdefault(bar, []).append(ChordSymbol(begin, name))
            before = name
        bars = tuple(replace(bar, chords=tuple(symbols.get(index, ()))) for index, bar in enumerate(tune.bars))
        return tune.with_bars(bars)


def chord_name(key: Key, root: int, kind: int) -> str:
    """How a chord is written in a key, such as A7 on the fifth of D.

    >>> chord_name(Key("D"), 7, 2), chord_name(Key("E", 0, "minor"), 10, 0), chord_name(Key("C"), 8, 0)
    ('A7', 'D', 'Ab')
    """
    fifths = key.fifths if key.is_minor else key.fifths - 1  # chords have the lowered sixth, not the raised fifth
    pitch = spelled(60 + (key.tonic + root) % 12, fifths=fifths, minor=key.is_minor)
    return ChordName((pitch.letter, pitch.alter), KINDS[kind]).name


def halves_of(tune: Tune) -> Halves:
    """A tune in half bars; where a bar cannot be halved into beats, in bars. Upbeats have no chord."""
    found = places(tune)
    sounding: list[Doubles] = []
    place: list[int] = []
    spans: list[tuple[int, Fraction, Fraction]] = []
    since = 0
    for index, bar in enumerate(tune.bars):
        metre = found[index].metre
        if found[index].opens:
            since = 0
        if metre is None or found[index].offset > 0 or not bar.notes:
            continue
        half = metre.length / 2 if len(metre.beats) % 2 == 0 else metre.length
        begin = Fraction(0)
        while begin < bar.length:
            end = min(begin + half, bar.length)
            sounding.append(_sounding(bar, begin, end, half=half, tonic=tune.key.tonic))
            place.append(since)
            spans.append((index, begin, end))
            since += 1 if half < metre.length else 2
            begin = end
    return Halves(np.array(sounding).reshape(-1, 12), np.array(place, np.int64), tuple(spans))


def _sounding(bar: Bar, begin: Fraction, end: Fraction, *, half: Fraction, tonic: int) -> Doubles:
    found = np.zeros(12)
    at = Fraction(0)
    for note in bar.notes:
        first, last = max(at, begin), min(at + note.length, end)
        if note.pitch is not None and last > first:
            found[(note.pitch.note - tonic) % 12] += float((last - first) / half) * (STRONG if first == begin else 1.0)
        at += note.length
    return found


def written_chords(tune: Tune, halves: Halves) -> Sequence[ChordSymbol | None]:
    """The chord symbol that holds in each half bar; None before the first."""
    found: list[ChordSymbol | None] = []
    current: ChordSymbol | None = None
    bar_before = -1
    for bar, begin, end in halves.spans:
        for passed in range(bar_before + 1, bar):
            current = tune.bars[passed].chords[-1] if tune.bars[passed].chords else current
        for symbol in tune.bars[bar].chords:
            if symbol.at < end and (symbol.at <= begin or symbol.at < begin + (end - begin) / 2):
                current = symbol
        found.append(current)
        bar_before = bar
    return found
