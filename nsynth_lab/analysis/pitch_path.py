"""The path of the fundamental from moment to moment: of all candidates the one on the cheapest way here.

A leap costs, and so does the change between a tone and none (Boersma 1993). The path is known up to now only, so it
is the same live and offline: at every moment the end of the best path so far is given, or where that path was some
moments ago, which is surer: what came after has been heard.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from nsynth_lab.analysis.pitch_candidates import WINDOWS, Candidate
from nsynth_lab.compiled.pitch import OCTAVE

OCTAVE_LEAP, MOST_LEAP = 0.6, 0.9  # cost of a leap: of each octave, and at most
VOICE_CHANGE = 0.25  # cost of a tone's beginning or ending
NO_TONE = 0.5 + 3 * OCTAVE  # worth of there being no tone
FORGOTTEN = 1.2  # a path so far behind the best can win within two moments
UNVOICED = Candidate(0.0, 0.0, NO_TONE, WINDOWS[1])


class PitchPath:
    """`step(candidates)` for every moment gives the fundamental `lag` moments ago; None while it is younger."""

    def __init__(self, *, lag: int = 0) -> None:
        self._ends: list[tuple[float, float]] = [(0.0, 0.0)]  # scores and frequencies in Hz of all paths; 0 Hz: no tone
        self._moments: deque[tuple[list[Candidate], list[int]]] = deque(maxlen=lag + 1)  # and whence each path came

    def step(self, found: Sequence[Candidate], *, quiet: float = 0.0) -> Candidate | None:
        """A moment of the best path; `UNVOICED`, 0 Hz, where there is no tone. `quiet` speaks for that now."""
        here = [*found, UNVOICED._replace(worth=NO_TONE + quiet)]
        came, scores = [], []
        for one in here:
            ways = [score - _cost(hz, one.hz) for score, hz in self._ends]
            most = max(ways)
            came.append(ways.index(most))
            scores.append(one.worth + most)
        best = max(scores)
        self._ends = [(max(score - best, -FORGOTTEN), one.hz) for score, one in zip(scores, here, strict=True)]
        self._moments.append((here, came))
        return self._first(scores.index(best)) if len(self._moments) == self._moments.maxlen else None

    def _first(self, place: int) -> Candidate:
        """Where the path that ends at `place` was at the first of the moments that are kept."""
        for _, came in list(self._moments)[:0:-1]:
            place = came[place]
        return self._moments[0][0][place]


def _cost(before_hz: float, hz: float) -> float:
    if before_hz == hz == 0.0:
        return 0.0
    if before_hz == 0.0 or hz == 0.0:
        return VOICE_CHANGE
    return min(OCTAVE_LEAP * abs(math.log2(hz / before_hz)), MOST_LEAP)
