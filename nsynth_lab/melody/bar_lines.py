"""Bar lines that a melody does not name: metres and upbeats are tried, and the writer says in which it is a likely one.

The writer is told metre and place in the bar before each note. So the first notes are heard once in each metre, with
the likeliest upbeats; what it expects of them, how common such a beginning is, and what `tune.find` says of long notes
and closes are added. Of 200 notated tunes as bare MIDI files, others than those by which the weights were chosen, the
metre is found of 188 and the upbeat too of 169; by the rhythm alone of 128 and 93.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from nsynth_lab.melody.conditions import (
    ANY_STYLE,
    LAST_NOT_TOLD,
    METRES,
    NOT_TOLD,
    bar_ticks_of,
    metre_at,
    metre_number,
    mode_number,
)
from nsynth_lab.melody.draft import Draft, row
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.steps import DURATIONS, GOES_ON, MIDDLE, PITCHES, REST, TICKS
from nsynth_lab.tune.find.bar_lines import find_bars, upbeats
from nsynth_lab.tune.find.key import Heard, find_key
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.units import Doubles

NOTES = 48  # that are heard, rests among them
UPBEATS = 3  # that are tried in each metre
WRITERS_WEIGHT = 0.4  # notes in a row are not as independent as their probabilities say
DOUBT = 0.3  # tunes: of beginnings that no tune has had


class _Candidate(NamedTuple):
    metre: int
    upbeat: Fraction
    score: float


class BarLines:
    """Finds metre and upbeat, as `find_bars` does; the default model is read when something is to be found."""

    def __init__(self, model: MelodyModel | None = None) -> None:
        self._given = model

    @cached_property
    def _model(self) -> MelodyModel:
        return self._given or MelodyModel()

    @cached_property
    def _common(self) -> Counter[tuple[int, int]]:
        """How many tunes begin so: metre, and ticks of the upbeat."""
        counted: Counter[tuple[int, int]] = Counter()
        for metre, _, upbeat, count in self._model.weights.about["usual"]:
            counted[metre, int(upbeat)] += count
        return counted

    def __call__(self, notes: Sequence[Heard], metre: Metre | None) -> tuple[Metre, Fraction]:
        """The metre, if it is not given, and the length of the upbeat; the melody begins at 0."""
        known = (*METRES, "2/2")
        if metre is not None and metre.name not in known:
            return find_bars(notes, metre)
        tried = range(len(METRES)) if metre is None else (metre_number(metre),)
        candidates = [
            _Candidate(number, upbeat, score)
            for number in tried
            for upbeat, score in upbeats(notes, metre or metre_at(number))[:UPBEATS]
        ]
        whole = sum(self._common.values())
        scores = WRITERS_WEIGHT * self._heard(notes, candidates) + [
            np.log((self._common[one.metre, round(one.upbeat * TICKS)] + DOUBT) / whole) + one.score
            for one in candidates
        ]
        best = candidates[int(scores.argmax())]
        return metre or metre_at(best.metre), best.upbeat

    def _heard(self, notes: Sequence[Heard], candidates: Sequence[_Candidate]) -> Doubles:
        """The log-probability of the first notes with each candidate's bar lines."""
        key = find_key(notes)
        mode, writer = mode_number(key.mode), self._model.writer
        conditions = np.array([(one.metre, mode, ANY_STYLE) for one in candidates])
        drafts = [
            Draft(bar := bar_ticks_of(one.metre), position=-round(one.upbeat * TICKS) % bar) for one in candidates
        ]
        begins = [draft.at for draft in drafts]
        memory, total = writer.begin(len(candidates)), np.zeros(len(candidates))
        for at, duration, pitch in _steps(notes, key)[:NOTES]:
            for draft, begin in zip(drafts, begins, strict=True):
                draft.wait_until_tick(begin + at)
            told = [[*row(draft.context()), NOT_TOLD, LAST_NOT_TOLD] for draft in drafts]
            state = writer.hear(memory, told, conditions)
            chosen = np.full(len(candidates), duration)
            total += writer.durations(state)[:, duration] + writer.pitches(state, chosen)[:, pitch]
            for draft in drafts:
                draft.add(duration, pitch, GOES_ON)
        return total


def _steps(notes: Sequence[Heard], key: Key) -> list[tuple[int, int, int]]:
    """Ticks, duration and pitch of notes and rests; what no step has is moved to what is nearest."""
    middle = sorted(note for _, _, note in notes)[len(notes) // 2] - MIDDLE
    lowest = middle - (middle - key.tonic) % 12
    found, reached = list[tuple[int, int, int]](), 0
    for begin, length, note in notes:
        at = round(begin * TICKS)
        if at > reached:
            found.append((reached, _nearest(at - reached), REST))
        pitch = note - lowest
        while not 0 <= pitch < PITCHES:
            pitch += 12 if pitch < 0 else -12
        found.append((at, _nearest(round(length * TICKS)), pitch))
        reached = round((begin + length) * TICKS)
    return found


def _nearest(ticks: int) -> int:
    return min(range(len(DURATIONS)), key=lambda place: abs(DURATIONS[place] - ticks))
