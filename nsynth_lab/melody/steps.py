"""A tune as steps, a note each: what a model of melodies is told and asked.

A step is a duration, a pitch counted from the tonic, and a flag. Beside it stands what a player knows as well: the
place in the bar, the bar of the section, and what sounded 1, 2, 4, 8 and 16 bars and one section ago at the very place
(the look-back of Waite's Lookback RNN, 2016, for notes of any length).
"""

from __future__ import annotations

from bisect import bisect_right
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


@dataclass(frozen=True)
class Steps:
    """A tune as steps. All arrays are [steps] but `ago`.

    Attributes:
        duration: index into `DURATIONS`.
        pitch: semitones above `lowest`, which is a tonic; `REST`.
        position: ticks from the bar line before the note.
        bar: bars since the section's first whole one, 0 to 16; 0 for an upbeat.
        flag: whether a section or the tune ends with it.
        ago: pitch and duration of what sounded so many bars ago, and one section ago [steps, 6, 2]; `NO_PITCH` and
            `NO_DURATION` where nothing was.
        lowest: MIDI note of pitch 0.
    """

    duration: Ints
    pitch: Ints
    position: Ints
    bar: Ints
    flag: Ints
    ago: Ints
    lowest: int


@dataclass
class _Step:
    at: int  # ticks from a bar line before the tune
    length: int
    note: int | None
    position: int
    bar: int
    section: int
    number: int  # of its bar, as musicians count
    flag: int = GOES_ON


def steps_of(tune: Tune) -> Steps:
    """The steps of a tune as it is written, later endings left out.

    Raises:
        TuneError: it has no metre or changes it, or a note lies off the grid or has a duration that is none of
            `DURATIONS`, or its compass is too wide; the bar is named.
    """
    if tune.metre is None or any(bar.metre for bar in tune.bars):
        raise TuneError("free or changing metre; expected one metre throughout")
    bar_ticks = _ticks(tune.metre.length, 1)
    steps, starts = _written(tune, bar_ticks)
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
    begins = [step.at for step in steps]

    def sounding(at: int) -> tuple[int, int]:
        found = bisect_right(begins, at) - 1
        if found < 0 or at >= begins[found] + steps[found].length:
            return NO_PITCH, NO_DURATION
        return pitch[found], duration[found]

    ago = [
        [sounding(at) for at in (*(step.at - bars * bar_ticks for bars in BARS_AGO), _section_ago(step, starts))]
        for step in steps
    ]
    return Steps(
        np.array(duration), np.array(pitch), np.array([step.position for step in steps]),
        np.array([step.bar for step in steps]), np.array([step.flag for step in steps]), np.array(ago), lowest,
    )  # fmt: skip


def _written(tune: Tune, bar_ticks: int) -> tuple[list[_Step], list[int]]:
    """(the steps without their neighbours, where each section's first whole bar begins)."""
    section_of = {index: number for number, one in enumerate(sections(tune)) for index in range(one.first, one.end)}
    steps: list[_Step] = []
    starts: list[int] = []
    end, tied = bar_ticks, False
    for index, (bar, place) in enumerate(zip(tune.bars, places(tune), strict=True)):
        if bar.ending and 1 not in bar.ending:
            continue
        offset = _ticks(place.offset, place.number)
        end += (offset - end) % bar_ticks  # what is missing of the bar before is silence
        section = section_of[index]
        if section == len(starts):
            starts.append(end - offset + bar_ticks * (offset > 0))
            if steps:
                steps[-1].flag = END_OF_SECTION
        for note in bar.notes:
            length, number = _ticks(note.length, place.number), note.pitch.note if note.pitch else None
            if tied and steps and number == steps[-1].note and number is not None:
                steps[-1].length += length
            else:
                since = max(0, (end - starts[section]) // bar_ticks)
                position = end % bar_ticks
                steps.append(_Step(end, length, number, position, min(since, LATEST_BAR), section, place.number))
            end, tied = end + length, note.tied
    steps[-1].flag = END_OF_TUNE
    return steps, starts


def _section_ago(step: _Step, starts: list[int]) -> int:
    """The same place of the section before; before everything if there is none, or if that section has ended there."""
    if not step.section:
        return -1
    at = step.at - starts[step.section] + starts[step.section - 1]
    return at if at < starts[step.section] else -1


def _ticks(length: Fraction, bar: int) -> int:
    ticks = length * TICKS
    if ticks.denominator > 1:
        raise TuneError(f"bar {bar}: a length of {length}, finer than the grid of 1/{TICKS}")
    return int(ticks)
