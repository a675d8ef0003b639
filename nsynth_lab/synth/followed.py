"""Followed: how high and how loud the notes of a channel are while they follow a phrase, as curves over time.

A voice is planned a frame at a time, up to 24 ms before that frame ends. A value given by an event would therefore
reach each voice at another moment, and a glide would stagger. Curves are read 24 ms late instead, when what they were
at the end of the frame is known, so every voice follows them alike.
"""

from __future__ import annotations

import math
from collections import deque

from nsynth_lab.blend.velocity import REFERENCE_VELOCITY

REFERENCE_DB, STEPS_PER_DB = -20.0, 2.0  # of the bank's instruments
LAG_SAMPLES = 1152  # a frame, its look-ahead and two update phases, see `voice_allocator`
MOST_POINTS = 64


def velocity_at(level_db: float) -> float:
    """The velocity, 1 to 127 with its fraction, whose sound goes with an A-weighted level.

    >>> velocity_at(-20.0), velocity_at(-30.0)
    (100.0, 80.0)
    """
    return min(max(REFERENCE_VELOCITY + STEPS_PER_DB * (level_db - REFERENCE_DB), 1.0), 127.0)


class Curve:
    """A value over time, straight between the points that have been given; NaN without any."""

    def __init__(self) -> None:
        self._points: deque[tuple[int, float]] = deque(maxlen=MOST_POINTS)

    def add(self, sample: int, value: float) -> None:
        """The value at a sample that is not before the last one. NaN forgets what was before."""
        if math.isnan(value):
            self._points.clear()
        else:
            self._points.append((sample, value))

    @property
    def last(self) -> float:
        """The value given last."""
        return self._points[-1][1] if self._points else math.nan

    def at(self, sample: int) -> float:
        """The value `LAG_SAMPLES` before `sample`; the first or the last one outside of what was given."""
        if not self._points:
            return math.nan
        when = sample - LAG_SAMPLES
        after, value = self._points[-1]
        if when >= after:
            return value
        for before, early in reversed(self._points):
            if before <= when:
                return early + (value - early) * (when - before) / (after - before)
            after, value = before, early
        return value
