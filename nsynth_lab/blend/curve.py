"""Curve: a position that moves in time, given as breakpoints with linear interpolation; the path of a morph."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsynth_lab.errors import UsageError
from nsynth_lab.units import FRAME_RATE_HZ

MAX_POINTS = 4_096
MAX_SECONDS = 1_000.0


@dataclass(frozen=True)
class Curve:
    """Positions 0..1 at times in seconds, linear in between, held before the first and after the last.

    Attributes:
        seconds: ascending times from 0; two equal times make a step.
        positions: a position from 0 to 1 for each.

    Raises:
        UsageError: no point, too many, descending times, or positions outside 0 to 1.

    >>> Curve((0.0, 2.0), (0.0, 1.0)).at([-1.0, 0.5, 9.0])
    array([0.  , 0.25, 1.  ])
    """

    seconds: tuple[float, ...]
    positions: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.seconds) <= MAX_POINTS or len(self.seconds) != len(self.positions):
            raise UsageError(f"curve: expected 1 to {MAX_POINTS} points, came {len(self.seconds)}")
        for time in self.seconds:
            if not 0 <= time <= MAX_SECONDS:
                raise UsageError(f"curve: time {time:g} s is outside 0 to {MAX_SECONDS:g} s")
        for earlier, later in zip(self.seconds, self.seconds[1:], strict=False):
            if later < earlier:
                raise UsageError(f"curve: times must ascend, but {later:g} s comes after {earlier:g} s")
        for position in self.positions:
            if not 0 <= position <= 1:
                raise UsageError(f"curve: position {position:g} is outside 0 to 1 (0 = the first source, 1 = the last)")

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """[seconds, position] each, as a patch has them for its path."""
        return tuple(zip(self.seconds, self.positions, strict=True))

    def at(self, seconds: ArrayLike) -> NDArray[np.float64]:
        """Positions at the times `seconds` [n], [n]."""
        return np.asarray(np.interp(np.asarray(seconds, np.float64), self.seconds, self.positions))

    def over(self, frames: int) -> NDArray[np.float64]:
        """Positions [frames] over a note of `frames` frames; its first frame is at 0 s."""
        return self.at(np.arange(frames) / FRAME_RATE_HZ)


def parse_curve(text: str) -> Curve:
    """Read "time:position" pairs separated by commas; times in seconds.

    Raises:
        UsageError: the text is not such a list, or `Curve` refuses it.

    >>> parse_curve("0:0, 1.5:1")
    Curve(seconds=(0.0, 1.5), positions=(0.0, 1.0))
    """
    points = text.split(",", MAX_POINTS + 1)
    if len(points) > MAX_POINTS:
        raise UsageError(f"curve: more than {MAX_POINTS} points")
    pairs = [_point(point) for point in points]
    return Curve(tuple(time for time, _ in pairs), tuple(position for _, position in pairs))


def _point(text: str) -> tuple[float, float]:
    time, colon, position = text.partition(":")
    try:
        values = float(time), float(position)
    except ValueError:
        values = math.nan, math.nan
    if not colon or not all(math.isfinite(value) for value in values):
        shown = text.strip()[:40]
        raise UsageError(f"curve: '{shown}' is not time:position; write for example 0:0,1.5:1 (seconds:0 to 1)")
    return values
