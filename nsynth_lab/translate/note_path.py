"""Finds the notes in the pitch and level of a whole phrase: for every hop the note that it belongs to, or none.

    pitch, hop by hop  --> the cheapest path through notes a third of a semitone apart (Viterbi) --> runs of one note
    level              --> sharp rises: strikes, where a note may begin at no cost, or again
    pitch that rests, jumps and rests --> a step, at which a change of note costs little: trills and fast runs

A hop costs more the farther its pitch is from that of its note, up to a limit. A hop without a tone within a note
costs something too, and so does every change of note. So vibrato is cheaper as one note than as many, and a step is a
new note wherever the pitch stays. Source of the idea: the note model of Mauch and others, Computer-aided Melody Note
Transcription (TENOR 2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from nsynth_lab.translate.flutter import Flutter
from nsynth_lab.units import Doubles, FloatArray, Ints

NONE = -1  # no note
STEPS = 3  # a semitone
NEAR_STEPS = 1  # a note so near the last one is the same, out of tune
WIDTH_SEMITONES, MOST_OFF = 0.9, 2.0
CHANGE, BEGIN, END = 20.0, 3.0, 2.0  # in hops of cost 1
UNHEARD, LEFT_OUT = 0.7, 2.0  # a hop without a tone in a note, and one with a tone in none
STEP, STEP_HOPS, REST_HOPS, REST_SEMITONES = 3.0, 3, 6, 0.2  # a vibrato takes longer from one rest to the next
LEAST_STEP, LARGEST_STEP = 0.8, 11.0  # an octave may be an error of the follower
RISE_HOPS, RISE_DB, FROM_LOUDEST_DB, AROUND_HOPS = 5, 6.0, 14.0, 20
APART_HOPS = 9  # between two strikes
SCOOP_HOPS, SCOOP_SEMITONES, SCOOP_OFF = 40, 0.9, 0.3
GAP_HOPS = 40  # without a tone: what lies before and after is looked at by itself


def note_runs(note: FloatArray, level_db: FloatArray) -> list[tuple[int, int]]:
    """The first hop of each note and the hop after its last, in order; `note` and `level_db` [hops] as in `Phrase`."""
    struck = strikes(level_db)
    return [
        run
        for first, after in _stretches(np.isnan(note))
        for run in _runs(note[first:after], struck[(struck >= first) & (struck < after)] - first, first)
    ]


def strikes(level_db: FloatArray) -> Ints:
    """Where notes are struck: the hops after which the level [hops] rises by 6 dB within 27 ms, nearly to its loudest.

    Strikes are at least 48 ms apart, and a level that flutters has none.
    """
    count = len(level_db)
    if count <= RISE_HOPS:
        return np.zeros(0, np.int64)
    level = level_db.astype(np.float64)
    ahead = np.lib.stride_tricks.sliding_window_view(np.pad(level, (0, RISE_HOPS), mode="edge"), RISE_HOPS + 1)
    rise = ahead.max(axis=1) - level
    around = np.lib.stride_tricks.sliding_window_view(np.pad(level, AROUND_HOPS, mode="edge"), 2 * AROUND_HOPS + 1).max(
        axis=1
    )
    sharp = (rise >= RISE_DB) & (ahead.max(axis=1) >= around - FROM_LOUDEST_DB)
    found: list[int] = []
    taken = np.zeros(count + APART_HOPS, bool)
    for hop in sorted(np.flatnonzero(sharp).tolist(), key=lambda hop: -rise[hop]):
        if not taken[hop]:
            found.append(hop)
            taken[max(hop - APART_HOPS + 1, 0) : hop + APART_HOPS] = True
    return _without_flutter(np.array(sorted(found), np.int64), level)


def _without_flutter(struck: Ints, level_db: Doubles) -> Ints:
    """`struck` without those at which the level swings faster than anybody strikes."""
    flutter, swings = Flutter(float(level_db[0])), np.zeros(len(level_db), bool)
    for hop, one in enumerate(level_db.tolist()):
        flutter.hear(one)
        swings[hop] = flutter.swings
    return struck[~swings[np.minimum(struck + RISE_HOPS, len(level_db) - 1)]]


def _stretches(toneless: np.ndarray) -> Iterator[tuple[int, int]]:
    """Parts of the phrase between gaps: the first hop of each, and the hop after its last."""
    tones = np.flatnonzero(~toneless)
    if not len(tones):
        return
    breaks = np.flatnonzero(np.diff(tones) > GAP_HOPS)
    firsts, lasts = np.append(tones[0], tones[breaks + 1]), np.append(tones[breaks], tones[-1])
    yield from zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)


def _runs(note: FloatArray, struck: Ints, first: int) -> list[tuple[int, int]]:
    pitch = note.astype(np.float64)
    place = _path(pitch, dict.fromkeys(_steps(pitch), STEP) | dict.fromkeys(struck.tolist(), 0.0))
    edges = np.flatnonzero(np.diff(place)) + 1
    cuts = [hop for hop in struck.tolist() if 0 < hop < len(place) and place[hop] == place[hop - 1] != NONE]
    every = sorted({0, len(place), *edges.tolist(), *cuts})
    runs = [(begin, end) for begin, end in pairwise(every) if place[begin] != NONE]
    return [(first + begin, first + end) for begin, end in _with_scoops(runs, note, set(cuts))]


def _with_scoops(runs: Sequence[tuple[int, int]], note: FloatArray, cuts: set[int]) -> list[tuple[int, int]]:
    """What glides into a note and rests nowhere before belongs to that note."""
    found: list[tuple[int, int]] = []
    for begin, end in runs:
        before = found[-1] if found else (0, -1)
        tied = before[1] == begin and begin not in cuts and before[1] - before[0] <= SCOOP_HOPS
        if tied and _glides(note[slice(*before)]):
            found[-1] = (before[0], end)
        else:
            found.append((begin, end))
    return found


def _glides(note: FloatArray) -> bool:
    """Whether a pitch moves steadily from its first hop to its last."""
    known = note[~np.isnan(note)].astype(np.float64)
    if len(known) < 3:
        return False
    hops = np.arange(len(known))
    slope, start = np.polyfit(hops, known, 1)
    off = known - start - slope * hops
    return bool(abs(slope) * len(known) > SCOOP_SEMITONES and np.sqrt(np.mean(off**2)) < SCOOP_OFF)


def _steps(note: Doubles) -> list[int]:
    """The hops in which a pitch [hops] that rested goes to another within 16 ms, and rests there for 32 ms."""
    if len(note) < 2 * REST_HOPS + STEP_HOPS - 1:
        return []
    around = np.lib.stride_tricks.sliding_window_view(note, REST_HOPS)
    rests = np.ptp(around, axis=1) <= REST_SEMITONES  # not where a hop has no tone
    apart = REST_HOPS + STEP_HOPS - 1
    jump = np.abs(around[apart:].mean(axis=1) - around[:-apart].mean(axis=1))
    found = np.flatnonzero(rests[:-apart] & rests[apart:] & (jump >= LEAST_STEP) & (jump <= LARGEST_STEP)) + REST_HOPS
    hops: list[int] = np.unique(found[:, None] + np.arange(STEP_HOPS)).tolist()
    return hops


def _path(note: Doubles, cheap: Mapping[int, float]) -> Ints:
    """Index of the note of each hop, or `NONE`; `cheap` says what a change of note costs at some hops."""
    low = float(np.nanmin(note))
    grid = low + np.arange(int(np.ceil((float(np.nanmax(note)) - low) * STEPS)) + 1) / STEPS
    count = len(grid)
    score, none = np.full(count, -BEGIN), 0.0
    came = np.empty((len(note), count + 1), np.int16)  # the place before, by place; the last column is `NONE`
    stay = np.arange(count)
    after_tone = False
    for hop, pitch in enumerate(note.tolist()):
        best = int(score.argmax())
        cost = cheap.get(hop, CHANGE)
        entered = np.where(np.abs(stay - best) > NEAR_STEPS, score[best] - cost, -np.inf)
        begun = none - (cost if after_tone else BEGIN)
        after_tone = pitch == pitch
        before = np.where(entered > score, best, stay)
        now = np.maximum(score, entered)
        before[now < begun] = count
        now = np.maximum(now, begun)
        ends = score[best] - END > none
        came[hop, :count], came[hop, count] = before, best if ends else count
        none = max(none, score[best] - END)
        if pitch == pitch:
            off = np.square((grid - pitch) / WIDTH_SEMITONES)
            now, none = now - np.minimum(off, MOST_OFF), none - LEFT_OUT
        else:
            now = now - UNHEARD
        score = now
    place = int(score.argmax()) if score.max() > none else count
    path = np.empty(len(note), np.int64)
    for hop in range(len(note) - 1, -1, -1):
        path[hop] = place
        place = int(came[hop, place])
    return np.where(path == count, NONE, path)
