"""Snapping: by how much a pitch is moved so that its note stands on a scale, and keeps its vibrato.

What is moved onto the scale is where the pitch rests, a mean over an eighth of a second. Halfway between two notes of
the scale it stays with the one that it has, so a voice a quarter tone out of tune does not jump to and fro.
"""

from __future__ import annotations

from nsynth_lab.analysis.follower import HOP_SECONDS
from nsynth_lab.translate.rules import Rules

RESTS_SECONDS, MOVED_SECONDS = 0.125, 0.015
NEARER_SEMITONES = 0.5  # the next note of the scale has to be nearer by so much


class Snapping:
    """`shift(note)` for each hop of a note that begins at `note`, on the key `key`: semitones to be added."""

    def __init__(self, rules: Rules, note: float, key: int) -> None:
        self._rules = rules
        self._key, self._rest = key, note
        self._shift = key - note

    def shift(self, note: float) -> float:
        """The shift of the next hop; `note` is where it would be played without."""
        best = self._rules.key(note)
        if abs(note - self._key) - abs(note - best) > NEARER_SEMITONES:
            self._key, self._rest = best, note
        self._rest += HOP_SECONDS / RESTS_SECONDS * (note - self._rest)
        self._shift += min(HOP_SECONDS / MOVED_SECONDS, 1.0) * (self._key - self._rest - self._shift)
        return self._shift
