"""A second voice under a tune: in thirds and sixths within its scale and chords, by Viterbi's algorithm.

Each note of the tune has one below it. What costs: an interval that is harsh or empty, a note outside the chord where a
beat begins, leaps, fifths and octaves in parallel, and long rows of the same interval. What pays a little: moving
against the tune.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.abc.writer import begins_beat
from nsynth_lab.tune.chord_name import chord_tones, parse_chord
from nsynth_lab.tune.pitch import spelled
from nsynth_lab.tune.places import places
from nsynth_lab.tune.scale import steps_of_mode
from nsynth_lab.tune.tune import Tune, TuneNote
from nsynth_lab.units import Doubles

NEAREST, FARTHEST = 0, 16  # semitones below the tune
BELOW = 19  # semitones below the tune's lowest note: nothing lies lower
INTERVALS = (2.5, 9, 7, 0, 0, 2.5, 7, 1.5, 0, 0, 6, 8)  # what each costs, in semitones, an octave taken off
HOLLOW = (0, 7)  # unisons, octaves and fifths, which do not follow each other
PARALLEL, ROW, LEAP, AGAINST = 6.0, 0.15, 0.25, 0.4
OUT_OF_CHORD, BETWEEN_BEATS = 2.5, 0.7
CLOSES_ON = 3.0  # at the end another note than one of the chord
EASY = 2  # semitones that are no leap


@dataclass(frozen=True)
class _Sung:
    """A note of the tune, tied ones joined: its pitch, the chord's tones, whether a beat begins with it."""

    note: int
    tones: frozenset[int]
    on_beat: bool


def with_second(tune: Tune) -> Tune:
    """The tune with a second voice under it, led by its chord symbols where it has some.

    Raises:
        TuneError: it has no notes.
    """
    groups = _groups(tune)
    if not groups:
        raise TuneError("has no notes that a second voice could go with")
    sung = _sung(tune, groups)
    key = tune.key
    scale = {(key.tonic + step) % 12 for step in steps_of_mode(key.mode)}
    lowest = min(one.note for one in sung) - BELOW
    found = _path(sung, scale, lowest)
    below = {place: note for group, note in zip(groups, found, strict=True) for place in group}
    second = []
    for index, bar in enumerate(tune.bars):
        notes = []
        for at, note in enumerate(bar.notes):
            pitch = spelled(below[index, at], fifths=key.fifths, minor=key.is_minor) if note.pitch else None
            notes.append(TuneNote(note.length, pitch, note.tied and note.pitch is not None))
        second.append(tuple(notes))
    return replace(tune, second=tuple(second))


def _groups(tune: Tune) -> list[list[tuple[int, int]]]:
    """Bar and place of each note; those that are tied together."""
    groups: list[list[tuple[int, int]]] = []
    tied = False
    for index, bar in enumerate(tune.bars):
        for at, note in enumerate(bar.notes):
            if note.pitch is not None:
                if tied:
                    groups[-1].append((index, at))
                else:
                    groups.append([(index, at)])
            tied = note.tied and note.pitch is not None
    return groups


def _sung(tune: Tune, groups: Sequence[Sequence[tuple[int, int]]]) -> list[_Sung]:
    """The notes, with what is known of each."""
    found = places(tune)
    known: dict[tuple[int, int], tuple[frozenset[int], bool]] = {}
    tones = frozenset[int]()
    for index, bar in enumerate(tune.bars):
        at, symbols = Fraction(0), list(bar.chords)
        for place, note in enumerate(bar.notes):
            while symbols and symbols[0].at <= at:
                chord = parse_chord(symbols.pop(0).name)
                tones = chord_tones(chord) if chord else frozenset()
            known[index, place] = tones, begins_beat(found[index].metre, found[index].offset + at)
            at += note.length
    return [
        _Sung(tune.bars[group[0][0]].notes[group[0][1]].pitch.note, *known[group[0]])  # type: ignore[union-attr]
        for group in groups
    ]


def _path(sung: Sequence[_Sung], scale: set[int], lowest: int) -> list[int]:
    """The cheapest voice: a note under each."""
    choices = [_choices(one, scale, lowest) for one in sung]
    costs = [
        _alone(one, below, last=at + 1 == len(sung)) for at, (one, below) in enumerate(zip(sung, choices, strict=True))
    ]
    best, back = costs[0], list[np.ndarray[tuple[int, ...], np.dtype[np.intp]]]()
    for at in range(1, len(sung)):
        reached = best[:, None] + _moves(sung[at - 1].note, sung[at].note, choices[at - 1], choices[at])
        back.append(reached.argmin(0))
        best = reached.min(0) + costs[at]
    place = int(best.argmin())
    path = [choices[-1][place]]
    for at in range(len(back) - 1, -1, -1):
        place = int(back[at][place])
        path.append(choices[at][place])
    return path[::-1]


def _choices(one: _Sung, scale: set[int], lowest: int) -> list[int]:
    """Notes of the scale or the chord below a note; itself, if there is no other."""
    below = range(max(one.note - FARTHEST, lowest, 0), one.note - NEAREST + 1)
    return [note for note in below if note % 12 in scale or note % 12 in one.tones] or [one.note]


def _alone(one: _Sung, below: Sequence[int], *, last: bool) -> Doubles:
    """What each costs by itself."""
    found = np.array([INTERVALS[(one.note - note) % 12] for note in below], float)
    found += np.array([0.15 * max(0, one.note - note - 9) for note in below])
    if one.tones:
        outside = np.array([note % 12 not in one.tones for note in below], float)
        found += outside * (OUT_OF_CHORD if one.on_beat else BETWEEN_BEATS)
        if last:
            found += outside * CLOSES_ON
    return found


def _moves(before: int, after: int, here: Sequence[int], there: Sequence[int]) -> Doubles:
    """What it costs to go from each of some notes to each of others, while the tune goes from one to another."""
    step = np.array(there)[None] - np.array(here)[:, None]
    old, new = (before - np.array(here))[:, None] % 12, (after - np.array(there))[None] % 12
    moved = after - before
    along = np.sign(step) == np.sign(moved)
    found = LEAP * np.maximum(np.abs(step) - EASY, 0.0)
    found = found + PARALLEL * (np.isin(new, HOLLOW) & along & (moved != 0) & ((old == new) | (np.abs(step) > EASY)))
    found = found + ROW * (_size(old) == _size(new)) * (moved != 0)
    return np.asarray(found - AGAINST * (np.sign(step) == -np.sign(moved)) * (moved != 0), np.float64)


def _size(interval: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """An interval as musicians call it: thirds of three and four semitones are the same."""
    return np.array((0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6))[interval]
