"""The path of the fundamental from moment to moment: of all candidates the one on the cheapest way here.

A leap costs, and so does the change between a tone and none (Boersma 1993). The path is known up to now only, so it
is the same live and offline: at every moment the end of the best path so far is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from nsynth_lab.analysis.pitch_candidates import WINDOWS, Candidate
from nsynth_lab.compiled.pitch import OCTAVE

OCTAVE_LEAP, MOST_LEAP = 0.6, 0.9  # cost of a leap: of each octave, and at most
VOICE_CHANGE = 0.25  # cost of a tone's beginning or ending
NO_TONE = 0.5 + 3 * OCTAVE  # worth of there being no tone
FORGOTTEN = 1.2  # a path so far behind the best can win within two moments
UNVOICED = Candidate(0.0, 0.0, NO_TONE, WINDOWS[1])


class PitchPath:
    """`step(candidates)` for every moment gives the fundamental then."""

    def __init__(self) -> None:
        self._ends: list[tuple[float, float]] = [(0.0, 0.0)]  # scores and frequencies in Hz of all paths; 0 Hz: no tone

    def step(self, found: Sequence[Candidate], *, quiet: float = 0.0) -> Candidate:
        """The end of the best path; `UNVOICED`, 0 Hz, where there is no tone. `quiet` speaks for that."""
        here = [*found, UNVOICED._replace(worth=NO_TONE + quiet)]
        scores = [one.worth + max(score - _cost(hz, one.hz) for score, hz in self._ends) for one in here]
        best = max(scores)
        self._ends = [(max(score - best, -FORGOTTEN), one.hz) for score, one in zip(scores, here, strict=True)]
        return here[scores.index(best)]


def _cost(before_hz: float, hz: float) -> float:
    if before_hz == hz == 0.0:
        return 0.0
    if before_hz == 0.0 or hz == 0.0:
        return VOICE_CHANGE
    return min(OCTAVE_LEAP * abs(math.log2(hz / before_hz)), MOST_LEAP)
