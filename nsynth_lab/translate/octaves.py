"""By how many octaves a tune is moved, so that it lies in the comfortable part of an instrument's range.

The middle half of its range counts as comfortable. An octave costs the sum of

    how far the tones lie outside of that, in semitones, on the average over their time
    a semitone for each hundredth of that time that lies beyond the range itself
    4 semitones for each octave away from where the tune was

and the cheapest one is taken. So a tune stays in its own octave unless another brings it nearer by more than a major
third. A cello keeps a tune that was played on a cello, a flute does not play a hum on its lowest notes, and a tone that
strays for a moment moves nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nsynth_lab.analysis.follower import HOP_SECONDS
from nsynth_lab.translate.rules import MOST_TRANSPOSED, Rules
from nsynth_lab.units import Doubles

BEYOND, MOVED = 100.0, 4.0  # semitones: for tones beyond the range, and for each octave
MOST_OCTAVES = 4
SURE_HOPS = round(0.1 / HOP_SECONDS)  # a note that has lasted so long did not begin at a wrong pitch
PAUSE_HOPS = round(0.5 / HOP_SECONDS)  # after which another phrase begins
FIFTH = 7.0  # up and down from where it begins a tune is expected to go
COUNTED_HOPS = round(0.1 / HOP_SECONDS)  # for a note that begins, or is expected
FORGOTTEN = 0.5  # of what was heard before, with each phrase
STAYS = 2.0  # semitones, by which another octave must be better before a tune that is played is moved
NOTES = 128


def octaves_for(pitches: ArrayLike, times: ArrayLike, rules: Rules) -> int:
    """The octaves by which a tune is moved up: `pitches` [tones] in MIDI notes, each heard for one of `times` [tones].

    Rules whose range is all of MIDI's say that no range is known; then nothing is moved.
    """
    costs = _costs(np.asarray(pitches, np.float64), np.asarray(times, np.float64), rules)
    return _cheapest(costs) if costs else 0


def _cheapest(costs: dict[int, float]) -> int:
    return min(costs, key=lambda octaves: (costs[octaves], abs(octaves)))


def _costs(pitches: Doubles, times: Doubles, rules: Rules) -> dict[int, float]:
    """The cost of each possible octave, in semitones; empty without tones, or without a range."""
    low, high = rules.lowest - 0.5, rules.highest + 0.5
    if not times.sum() or rules.is_unbounded:
        return {}
    edge = (high - low) / 4.0

    def cost(octaves: int) -> float:
        placed = pitches + rules.transpose + 12.0 * octaves
        off = np.maximum(np.maximum(low + edge - placed, placed - high + edge), 0.0)
        beyond = (placed < low) | (placed > high)
        return float(np.average(off + BEYOND * beyond, weights=times)) + MOVED * abs(octaves)

    possible = range(-MOST_OCTAVES, MOST_OCTAVES + 1)
    return {one: cost(one) for one in possible if abs(rules.transpose + 12.0 * one) <= MOST_TRANSPOSED}


class Placing:
    """By how many semitones each note of a tune is moved into the range, decided as the tune comes in.

    Call `hear` once for each hop, with the pitch of the note that is held or NaN, and `begin` where a note begins. One
    continuous tone keeps its octave to its end, even beyond the range, so that no glide breaks in two.

    With `Rules.keeps_octaves` the octave of a tune is decided by its first note, as if the tune went a fifth up and
    down from there, and at each pause of half a second anew, by all that was heard so far; the last phrases count most.
    Between pauses it is left only by what would lie beyond the range. Without it the rules have the octave of the whole
    tune, and only a note that lies beyond the range is moved.

    Attributes:
        semitones: by which the present note is moved.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._heard = np.zeros(NOTES)  # hops at each note
        self._own: list[float] = []  # the pitches of the present note that are not among those yet
        self._pause = 0
        self._sure = self._decided = False
        self._kept = self.semitones = 0.0

    def hear(self, note: float) -> None:
        """The next hop: the pitch of the note that is held, transposed, or NaN."""
        if math.isnan(note):
            self._pause += 1
            return
        self._pause = 0
        self._own.append(note)
        if self._sure or len(self._own) >= SURE_HOPS:
            self._believe()

    def begin(self, rest: float, *, tied: bool) -> None:
        """A note begins. `rest` is the pitch it settles at, transposed; `tied` if the tone before goes on in it."""
        if tied and self._sure:
            return
        if self._own and not tied:
            self._believe()
        kept = self._octave(rest) if self._rules.keeps_octaves else 0.0
        self.semitones = self._rules.in_range(rest + kept) - rest
        self._own, self._sure = [], False

    def _believe(self) -> None:
        """The present note is no mistake: it counts for those that come."""
        for note in self._own:
            self._heard[min(max(round(note - self._rules.transpose), 0), NOTES - 1)] += 1
        self._own, self._kept = [], self.semitones
        self._sure = self._decided = True

    def _octave(self, rest: float) -> float:
        """By how many semitones the tune is moved, decided anew where it begins and after a pause."""
        if self._decided and self._pause < PAUSE_HOPS:
            return self._kept
        if self._decided:
            self._heard *= FORGOTTEN
            self._decided = False
        around = (0.0,) if self._heard.any() else (-FIFTH, 0.0, FIFTH)
        pitches = np.append(np.arange(NOTES, dtype=np.float64), rest - self._rules.transpose + np.array(around))
        costs = _costs(pitches, np.append(self._heard, np.full(len(around), COUNTED_HOPS)), self._rules)
        if not costs:
            return 0.0
        best, now = _cheapest(costs), round(self._kept / 12.0)
        stays = self._heard.any() and costs.get(now, math.inf) < costs[best] + STAYS
        return 12.0 * (now if stays else best)
