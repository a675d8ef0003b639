"""Tells steps of a pitch from glides and vibrato.

Where a note follows another without a break, the pitch leaves one note and stays at another within a twelfth of a
second: a step. A glide takes longer, and vibrato turns back before it has stayed anywhere.
"""

from __future__ import annotations

from collections import deque

from nsynth_lab.analysis.follower import HOP_SECONDS

NEAR_SEMITONES = 0.4
STEP_SECONDS = 0.085
STEP_SEMITONES_PER_SECOND = 18.0  # slower is a glide
LEAP_SEMITONES, LEAP_REST_SECONDS, LEAP_REST_SEMITONES = 2.5, 0.021, 0.2
SMALL_SEMITONES, SMALL_REST_SECONDS, SMALL_REST_SEMITONES = 0.75, 0.1, 0.4
SOON_REST_SECONDS, SOON_REST_SEMITONES = 0.053, 0.25


def _hops(seconds: float) -> int:
    return max(round(seconds / HOP_SECONDS), 1)


class Stability:
    """Call `step` once for each hop of a note that began at the pitch `note`, a fractional MIDI note.

    With `soon`, small steps are found in half the time: for instruments whose notes have to be struck.
    """

    def __init__(self, note: float, *, soon: bool = False) -> None:
        self._rest = note
        self._small = (SOON_REST_SECONDS, SOON_REST_SEMITONES) if soon else (SMALL_REST_SECONDS, SMALL_REST_SEMITONES)
        self._last: deque[float] = deque([note], maxlen=_hops(SMALL_REST_SECONDS))
        self._away, self._fastest = 0, 0.0  # hops since it was last near its rest, and semitones a second meanwhile

    def step(self, note: float) -> float | None:
        """The pitch, a fractional MIDI note, that has just been reached by a step; None otherwise."""
        speed = abs(note - self._last[-1]) / HOP_SECONDS
        self._last.append(note)
        if abs(note - self._rest) < NEAR_SEMITONES:
            self._rest += 0.1 * (note - self._rest)
            self._away, self._fastest = 0, 0.0
            return None
        self._away, self._fastest = self._away + 1, max(self._fastest, speed)
        far = abs(note - self._rest) >= LEAP_SEMITONES
        seconds, semitones = (LEAP_REST_SECONDS, LEAP_REST_SEMITONES) if far else self._small
        needed = _hops(seconds)
        own = list(self._last)[-needed:]
        if len(own) < needed or max(own) - min(own) > semitones:
            return None
        quick = self._away <= _hops(STEP_SECONDS) + needed and self._fastest >= STEP_SEMITONES_PER_SECOND
        by_step = quick and abs(note - self._rest) >= SMALL_SEMITONES
        self._rest, self._away, self._fastest = sum(own) / needed, 0, 0.0
        return self._rest if by_step else None
