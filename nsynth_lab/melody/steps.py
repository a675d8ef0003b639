"""A tune as steps, a note each: what a model of melodies is asked.

A step is a duration, a pitch counted from the tonic, a place in the bar and a flag. What a model is told before each of
them, `draft` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.form import sections
from nsynth_lab.tune.places import places
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import Ints

TICKS = 96  # of a whole note
DURATIONS = (3, 4, 6, 8, 9, 12, 16, 18, 21, 24, 36, 42, 48, 60, 72, 96, 120, 144, 168, 192)  # in ticks
PITCHES, REST, NO_PITCH, NO_DURATION = 48, 48, 49, len(DURATIONS)
MIDDLE = 18  # semitones above the lowest pitch that a tune's middle note has at least
GOES_ON, END_OF_SECTION, END_OF_TUNE = 0, 1, 2
BARS_AGO = (1, 2, 4, 8, 16)
LATEST_BAR = 16

Note = tuple[int, int, int, int]  # duration, pitch, position, flag: see `Steps`


@dataclass(frozen=True)
class Steps:
    """A tune as steps. All arrays are [steps].

    Attributes:
        duration: index into `DURATIONS`.
        pitch: semitones above `lowest`, which is a tonic; `REST`.
        position: ticks from the bar line before the note.
        flag: whether a section or the tune ends with it.
        lowest: MIDI note of pitch 0.
    """

    duration: Ints
    pitch: Ints
    position: Ints
    flag: Ints
    lowest: int

    @property
    def notes(self) -> list[Note]:
        """Duration, pitch, position and flag of each step."""
        rows = (self.duration.tolist(), self.pitch.tolist(), self.position.tolist(), self.flag.tolist())
        return list(zip(*rows, strict=True))


@dataclass
class _Step:
    length: int
    note: int | None
    position: int
    number: int  # of its bar, as musicians count
    flag: int = GOES_ON


def steps_of(tune: Tune) -> Steps:
    """The steps of a tune as it is written, later endings left out.

    Tied notes are one step, unless no step is as long as they are together.

    Raises:
        TuneError: it has no metre or changes it, or a note lies off the grid or has a duration that is none of
            `DURATIONS`, or its compass is too wide; the bar is named.
    """
    if tune.metre is None or any(bar.metre for bar in tune.bars):
        raise TuneError("free or changing metre; expected one metre throughout")
    bar_ticks = _ticks(tune.metre.length, 1)
    steps = _written(tune, bar_ticks)
    notes = sorted(step.note for step in steps if step.note is not None)
    below = notes[len(notes) // 2] - MIDDLE
    lowest = below - (below - tune.key.tonic) % 12
    for step in steps:
        if step.note is not None and not 0 <= step.note - lowest < PITCHES:
            raise TuneError(f"bar {step.number}: a note far from the others; expected a compass of three octaves or so")
        if step.length not in DURATIONS:
            raise TuneError(f"bar {step.number}: a note of {Fraction(step.length, TICKS)}, which no step has")
    pitch = [REST if step.note is None else step.note - lowest for step in steps]
    duration = [DURATIONS.index(step.length) for step in steps]
    position, flag = [step.position for step in steps], [step.flag for step in steps]
    return Steps(np.array(duration), np.array(pitch), np.array(position), np.array(flag), lowest)


def _written(tune: Tune, bar_ticks: int) -> list[_Step]:
    """The steps with their lengths and notes as they are."""
    section_of = {index: number for number, one in enumerate(sections(tune)) for index in range(one.first, one.end)}
    steps: list[_Step] = []
    end, tied, before = bar_ticks, False, 0
    for index, (bar, place) in enumerate(zip(tune.bars, places(tune), strict=True)):
        if bar.ending and 1 not in bar.ending:
            continue
        offset = _ticks(place.offset, place.number)
        end += (offset - end) % bar_ticks  # what is missing of the bar before is silence
        if steps and section_of[index] > before:
            steps[-1].flag, before = END_OF_SECTION, section_of[index]
        for note in bar.notes:
            length, number = _ticks(note.length, place.number), note.pitch.note if note.pitch else None
            joined = steps[-1].length + length if steps else 0
            if tied and number == steps[-1].note and number is not None and joined in DURATIONS:
                steps[-1].length = joined
            else:
                steps.append(_Step(length, number, end % bar_ticks, place.number))
            end, tied = end + length, note.tied
    steps[-1].flag = END_OF_TUNE
    return steps


def bar_line_from(tick: int, bar_ticks: int) -> int:
    """The first bar line at or after a tick.

    >>> bar_line_from(96, 48), bar_line_from(97, 48)
    (96, 144)
    """
    return -(-tick // bar_ticks) * bar_ticks


def _ticks(length: Fraction, bar: int) -> int:
    ticks = length * TICKS
    if ticks.denominator > 1:
        raise TuneError(f"bar {bar}: a length of {length}, finer than the grid of 1/{TICKS}")
    return int(ticks)
