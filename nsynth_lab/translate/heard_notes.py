"""Turns a phrase that was followed into notes: when each begins and ends, its pitch, its level and its bends."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.follower import HOP, LEVEL_SAMPLES
from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.phrase import Phrase
from nsynth_lab.translate.note_path import note_runs
from nsynth_lab.units import Doubles, FloatArray

Flags = NDArray[np.bool_]

SHORTEST_HOPS = 8  # with a tone
BACK_HOPS, SOON_HOPS, LOUD_HOPS = 9, 3, 14
ATTACK_DB, FAR_DB, SHARE = 6.0, 18.0, 0.1
LOUD_PERCENTILE = 90.0
AROUND_HOPS, APART_SEMITONES = 9, 4.0


def heard_notes(phrase: Phrase) -> list[HeardNote]:
    """The notes of a phrase in order of time; they do not overlap, and each has a tone for at least 43 ms."""
    note, level = phrase.note, phrase.level_db
    middles = (np.arange(len(note)) + 1) * HOP - phrase.delay_samples.astype(np.float64)
    heard = np.asarray(middles, np.float64)  # the middle of what was measured
    runs = [(begin, end) for begin, end in note_runs(note, level) if _tones(note[begin:end]) >= SHORTEST_HOPS]
    begins = [
        _begin(begin, after, heard, phrase) for (begin, _), (_, after) in zip(runs, [(0, -99), *runs], strict=False)
    ]
    found = []
    for place, ((first, after), begin) in enumerate(zip(runs, begins, strict=True)):
        end = int(heard[after - 1]) + HOP
        if place + 1 < len(runs):
            end = min(end, begins[place + 1])
        if end > begin:
            found.append(_note(phrase, heard, slice(first, after), begin, end))
    return found


def _begin(first: int, last_end: int, heard: Doubles, phrase: Phrase) -> int:
    """The sample at which a note begins: where its level came up, if it did, or where its pitch was heard first."""
    level, late = phrase.level_db, 0 if phrase.is_in_time else LEVEL_SAMPLES // 2
    own = max(int(heard[first]) - HOP // 2, 0)
    near = slice(max(first - BACK_HOPS, last_end, 0), first + SOON_HOPS)
    loud = float(level[first : first + LOUD_HOPS].max())
    trough = near.start + int(level[near].argmin())
    if loud - level[trough] < ATTACK_DB:
        return own
    threshold = max(loud - FAR_DB, level[trough] + SHARE * (loud - float(level[trough])))
    before = np.flatnonzero(level[near] < threshold)
    return max((near.start + int(before[-1]) + 2) * HOP - late, 0)


def _note(phrase: Phrase, heard: Doubles, hops: slice, begin: int, end: int) -> HeardNote:
    known = np.flatnonzero(~_doubtful(phrase.note[hops])) + hops.start
    pitch = float(np.median(phrase.note[known]))
    times = np.arange(begin, end, HOP)
    bend = np.interp(times, heard[known], phrase.note[known]) - pitch
    level = float(np.percentile(phrase.level_db[hops], LOUD_PERCENTILE))
    return HeardNote(begin, end, pitch, level, np.asarray(bend, np.float32))


def _doubtful(note: FloatArray) -> Flags:
    """Hops without a tone, and short stretches far from the pitch around them, which are octave errors."""
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(note, AROUND_HOPS, constant_values=np.nan), 2 * AROUND_HOPS + 1
    )
    with np.errstate(invalid="ignore"), warnings.catch_warnings(action="ignore"):
        apart = np.abs(note - np.nanmedian(around, axis=1)) > APART_SEMITONES
    return np.asarray(np.isnan(note) | apart)


def _tones(note: FloatArray) -> int:
    return int((~np.isnan(note)).sum())
