"""The beat of a phrase: tempo, beat, swing, and where on the beat each note is meant to be.

Each onset is explained by a place in a beat (halves, quarters and thirds of it; or, in a compound metre, sixths), a
tempo that may drift, and the timing of hands. Of all explanations the likeliest is found by dynamic programming
(after Cemgil and Kappen, 2003), for several tempi and swings side by side: a note of usual length on a simple place of
a beat of usual length is likely, what is far from it is not. NumPy alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from nsynth_lab.duet.beat_choice import likeliest
from nsynth_lab.duet.pulse import COMPOUND_TICKS, SIMPLE_TICKS, STRAIGHT, USUAL_SECONDS, Explained
from nsynth_lab.units import Doubles, Ints

TRIED_SECONDS = np.geomspace(0.22, 1.3, 52)  # a beat
FOLDED_SECONDS = (0.35, 0.8)  # in which a beat lies that is taken from a single length
SWINGS = (STRAIGHT, 0.57, 0.62, 0.667)  # where the second half of a beat begins
FREE_UNEVENNESS = 0.11  # beats: a phrase whose onsets lie further from their places has no beat
REFINED, FEW_HALVES = 3, 2
RECENT_BEATS = 30.0  # how far back the last beats are believed

PLACE_COST = {0.0: 0.0, 1 / 2: 0.35, 1 / 4: 0.9, 3 / 4: 0.9, 1 / 3: 1.0, 2 / 3: 1.0, 1 / 6: 1.1, 5 / 6: 1.1}
COMPOUND_COST = {0.0: 0.0, 1 / 3: 0.5, 2 / 3: 0.4, 1 / 6: 1.5, 1 / 2: 1.5, 5 / 6: 1.5}
COMPOUND_PRIOR, SWING_PRIOR = 0.1, 0.05  # a note
TEMPO_WEIGHT, LIKE_BEFORE_WEIGHT, LENGTH_WEIGHT, USUAL_LENGTH = 0.6, 2.0, 0.15, 0.7
HANDS_SECONDS, HANDS_SHARE = 0.016, 0.035  # how far off a note is: always, and of the time since the one before
PHASE_GAIN, TEMPO_GAIN, MOST_DRIFT = 0.5, 0.15, 0.15


@dataclass(frozen=True)
class Beat:
    """The beat that was found.

    Attributes:
        first_seconds, period_seconds: beats are at `first + n * period`, as at the end of the phrase.
        ticks: where each onset is meant to be, from the first beat on (a quarter has 24).
        beat_ticks: 24, or 36 in a compound metre.
        swing: where the second half of a beat begins; 0.5 is straight.
        unevenness: how far onsets are from their places, root of the mean square in beats.
    """

    first_seconds: float
    period_seconds: float
    ticks: Ints
    beat_ticks: int
    swing: float
    unevenness: float

    @property
    def is_free(self) -> bool:
        """Whether there is no beat to wait for."""
        return self.unevenness > FREE_UNEVENNESS


@dataclass(frozen=True)
class _Grid:
    """A way to divide a beat: where its parts fall, the ticks they stand for, and the cost of each."""

    places: Doubles
    ticks: Ints
    costs: Doubles
    beat_ticks: int
    swing: float


def _grids() -> list[_Grid]:
    grids = []
    for swing in SWINGS:
        straight = swing == STRAIGHT
        chosen = [place for place in PLACE_COST if straight or place in (0.0, 1 / 4, 1 / 2, 3 / 4)]
        warped = [swung(place, swing) for place in chosen]
        ticks = [round(place * SIMPLE_TICKS) for place in chosen]
        more = 0.0 if straight else SWING_PRIOR
        costs = [PLACE_COST[place] + more for place in chosen]
        grids.append(_Grid(np.array(warped), np.array(ticks), np.array(costs), SIMPLE_TICKS, swing))
    ticks = [round(place * COMPOUND_TICKS) for place in COMPOUND_COST]
    costs = [cost + COMPOUND_PRIOR for cost in COMPOUND_COST.values()]
    places = np.array(list(COMPOUND_COST))
    return [*grids, _Grid(places, np.array(ticks), np.array(costs), COMPOUND_TICKS, STRAIGHT)]


def swung(place: float, swing: float) -> float:
    """Where in a beat something is played that stands at `place` in it.

    >>> swung(0.5, 0.6), swung(0.25, 0.6), swung(1.75, 0.6)
    (0.6, 0.3, 1.8)
    """
    beats = math.floor(place)
    inside = place - beats
    moved = 2 * inside * swing if inside < 0.5 else swing + 2 * (inside - 0.5) * (1 - swing)
    return beats + round(moved, 9)


_GRIDS = _grids()


def find_beat(
    onsets_seconds: Sequence[float],
    pitches: Sequence[int],
    velocities: Sequence[int],
    last_seconds: float,
    *,
    period_seconds: float = 0.0,
    like_seconds: float = 0.0,
    compound: bool | None = None,
) -> Beat:
    """The beat of onsets in order; it takes time in proportion to their number, which `score` bounds.

    Args:
        onsets_seconds: when notes begin; one at least.
        pitches: their MIDI notes.
        velocities: how hard they are struck.
        last_seconds: how long the last of them lasts.
        period_seconds: the beat, if it is known; 0 if not.
        like_seconds: the beat of what was played before, near which this one is likely; 0 if nothing was.
        compound: whether beats are divided in three, as in 6/8; None if that is to be found.
    """
    onsets = np.asarray(onsets_seconds, np.float64)
    if len(onsets) == 1:
        period = period_seconds or like_seconds or _folded(last_seconds)
        ticks = COMPOUND_TICKS if compound else SIMPLE_TICKS
        return Beat(float(onsets[0]), period, np.zeros(1, np.int64), ticks, STRAIGHT, 0.0)
    if period_seconds:
        explained = explanations(onsets, np.array([period_seconds]), like_seconds, compound=compound)
        return _refined(onsets, min(explained, key=lambda one: one.cost), known_seconds=period_seconds)
    explained = explanations(onsets, TRIED_SECONDS, like_seconds, compound=compound)
    return _refined(onsets, _at_the_beat(explained, pitches, velocities, compound=compound), known_seconds=0.0)


def explanations(onsets: Doubles, tempi: Doubles, like_seconds: float, *, compound: bool | None) -> list[Explained]:
    """The likeliest explanation by each way to divide a beat, whose length is one of `tempi` at first."""
    grids = [one for one in _GRIDS if compound in (None, one.beat_ticks == COMPOUND_TICKS)]
    return [_explained(onsets, grid, tempi, like_seconds) for grid in grids]


def _at_the_beat(
    explained: Sequence[Explained], pitches: Sequence[int], velocities: Sequence[int], *, compound: bool | None
) -> Explained:
    """The likeliest explanation, counted in the pulse that is the beat."""
    found, pulse = likeliest(explained, pitches, velocities, compound=compound)
    return replace(
        found,
        ticks=pulse.written(found.ticks),
        beat_ticks=pulse.beat_ticks,
        swing=found.swing if pulse.length == found.beat_ticks else STRAIGHT,
        period_seconds=pulse.length * found.tick_seconds,
    )


def _folded(seconds: float) -> float:
    """A length as a beat: halved or doubled until it is one."""
    if seconds <= 0:
        return USUAL_SECONDS
    low, high = FOLDED_SECONDS
    while seconds < low:
        seconds *= 2
    while seconds > high:
        seconds /= 2
    return seconds if seconds >= low else USUAL_SECONDS


def _explained(onsets: Doubles, grid: _Grid, tempi: Doubles, like_seconds: float) -> Explained:
    count, places = len(tempi), len(grid.places)
    away = np.log2(tempi / (like_seconds or USUAL_SECONDS)) ** 2
    usual = (LIKE_BEFORE_WEIGHT if like_seconds else TEMPO_WEIGHT) * away[:, None] * (len(tempi) > 1)
    cost = np.tile(grid.costs, (count, 1)) + usual  # [tempi, places]
    at = np.full((count, places), onsets[0])
    period = np.tile(tempi[:, None], (1, places))
    back: list[tuple[Ints, Ints]] = []
    apart = grid.places[None, :] - grid.places[:, None]  # [from, to]
    each = np.arange(places)[None, :]
    rows = np.arange(count)[:, None]
    for before, onset in pairwise(onsets.tolist()):
        passed = (onset - at)[:, :, None]  # [tempi, from, 1]
        steps = passed / period[:, :, None]
        beats = np.maximum(np.rint(steps - apart), (apart <= 0).astype(np.float64))
        length = beats + apart
        error = passed - period[:, :, None] * length
        hands = HANDS_SECONDS + HANDS_SHARE * (onset - before)
        away = np.log2(length / USUAL_LENGTH) ** 2
        total = cost[:, :, None] + 0.5 * (error / hands) ** 2 + LENGTH_WEIGHT * away
        best = total.argmin(1)  # [tempi, to]
        cost = total[rows, best, each] + grid.costs + usual
        error, length = error[rows, best, each], length[rows, best, each]
        gain = TEMPO_GAIN * error / np.maximum(length, 0.5)
        period = np.clip(
            period[rows, best] + gain, tempi[:, None] * (1 - MOST_DRIFT), tempi[:, None] * (1 + MOST_DRIFT)
        )
        at = onset - (1 - PHASE_GAIN) * error
        back.append((best, beats[rows, best, each].astype(np.int64)))
    return _traced(cost, period, back, grid, len(onsets))


def _traced(cost: Doubles, period: Doubles, back: list[tuple[Ints, Ints]], grid: _Grid, count: int) -> Explained:
    tempo, place = np.unravel_index(int(cost.argmin()), cost.shape)
    places, beats = [int(place)], list[int]()
    for best, passed in back[::-1]:
        beats.append(int(passed[tempo, places[-1]]))
        places.append(int(best[tempo, places[-1]]))
    reached = np.cumsum([0, *beats[::-1]])
    ticks = reached * grid.beat_ticks + grid.ticks[places[::-1]]
    return Explained(float(cost.min()) / count, ticks, grid.beat_ticks, grid.swing, float(period[tempo, place]))


def _refined(onsets: Doubles, found: Explained, *, known_seconds: float) -> Beat:
    """Period, beat and swing by least squares, the latest onsets counting most."""
    written = found.ticks / found.beat_ticks
    period, first, swing = found.period_seconds, 0.0, found.swing
    for _ in range(REFINED):  # the beat says what the swing is, and the swing where beats are
        meant = np.array([swung(place, swing) for place in written.tolist()])
        period, first = _line(onsets, meant, known_seconds or period, fixed=bool(known_seconds))
        if found.beat_ticks == SIMPLE_TICKS:
            swing = _swing((onsets - first) / period, found)
    off = (onsets - first) / period - [swung(place, swing) for place in written.tolist()]
    local = np.exp((written - written[-1]) / RECENT_BEATS)
    unevenness = math.sqrt(float(np.average(off**2, weights=local)))
    return Beat(first, period, found.ticks, found.beat_ticks, swing, unevenness)


def _line(seconds: Doubles, beats: Doubles, period: float, *, fixed: bool) -> tuple[float, float]:
    """(period, time of beat 0) of the line that is closest to the latest onsets."""
    weights = np.exp((beats - beats[-1]) / RECENT_BEATS)
    middle = float(np.average(beats, weights=weights))
    spread = float(np.average((beats - middle) ** 2, weights=weights))
    if spread > 0.0 and not fixed:
        slope = float(np.average((beats - middle) * seconds, weights=weights)) / spread
        period = slope if abs(slope / period - 1) < MOST_DRIFT else period
    return period, float(np.average(seconds, weights=weights)) - period * middle


def _swing(beats: Doubles, found: Explained) -> float:
    """Where the second half of beats begins, by the notes that begin there; few of them say little."""
    halves = found.ticks % SIMPLE_TICKS == SIMPLE_TICKS // 2
    if not halves.any():
        return found.swing
    inside = float(np.median(beats[halves] - found.ticks[halves] // SIMPLE_TICKS))
    share = halves.sum() / (halves.sum() + FEW_HALVES)
    return float(np.clip(found.swing + share * (inside - found.swing), STRAIGHT - 0.04, SWINGS[-1] + 0.05))
