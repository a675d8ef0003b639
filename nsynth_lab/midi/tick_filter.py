"""TickFilter: when the ticks of a clock were meant to come, and how far apart they are.

Ticks come late by a jitter. A line through many of them has little noise while the tempo is steady; where it changes, a
parabola through fewer follows it; and after a sudden change all ticks before it are forgotten. So several windows are
fitted, and the longest is believed that agrees with the shorter ones (after Lepski, 1991). The value of a fitted
polynomial at the end of its window is a weighted sum of the window (Savitzky and Golay, Analytical Chemistry 36, 1964),
so nothing is solved while ticks come in.
"""

from __future__ import annotations

import math
from collections import deque
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from nsynth_lab.units import Doubles

FITS = ((24, 2), (48, 2), (96, 2))  # ticks of a window and degree of its polynomial; then a line through all
MOST_TICKS = 192  # eight beats
AGREE = 1.5  # standard deviations of their difference by which two fits may differ
LEAST_JITTER_SECONDS = 0.00015
OUTLIER = 3.0  # standard deviations: a tick further away is taken for so much, unless it is the third on one side
STEP_TICKS = 3
FORGET = 0.02  # share of each tick in the measured jitter
SETTLED_TICKS = 12  # before as many nothing is an outlier


class TickFilter:
    """`take(seconds)` each tick; then `meant_seconds` is when it was meant, and `tick_seconds` how far apart they are.

    A tick less than half of `shortest` seconds after another is none, unless it was due by then: what a wire has held
    up comes all at once. Neither is the first one after more than `longest`.
    """

    def __init__(self, *, shortest: float, longest: float) -> None:
        self._shortest, self._longest = shortest, longest
        self.reset()

    def reset(self) -> None:
        """Begin anew, with the next tick."""
        self.meant_seconds = 0.0
        self.tick_seconds: float | None = None
        self._times: deque[float] = deque(maxlen=MOST_TICKS)
        self._came = -math.inf
        self._jitter = 0.001
        self._strays: list[float] = []  # outliers in a row, all early or all late
        self._away = 0.0  # how far the last of them was

    def take(self, seconds: float) -> bool:
        """Whether this is a tick."""
        gap, self._came = seconds - self._came, seconds
        at_once = bool(self._times) and gap < self._shortest / 2.0
        if at_once and not self._is_due(seconds):
            return False
        if self.tick_seconds is not None:
            expected = self.meant_seconds + self.tick_seconds
            seconds = expected if at_once else self._believed(seconds, expected)
        elif self._times and gap > self._longest:
            self._times.clear()
        self._times.append(seconds)
        self._fit()
        return True

    def _is_due(self, seconds: float) -> bool:
        """Whether the next tick was meant to come by then."""
        return self.tick_seconds is not None and seconds >= self.meant_seconds + self.tick_seconds

    def _believed(self, seconds: float, expected: float) -> float:
        """The time of a tick, or what is believed of it; after a step of the tempo what was before is forgotten."""
        error, limit = seconds - expected, OUTLIER * self._jitter
        if len(self._times) < SETTLED_TICKS or abs(error) <= limit:
            self._strays.clear()
            self._away = 0.0
            return seconds
        side = math.copysign(1.0, error)
        if error * side < self._away * side:
            self._strays.clear()
        self._away = error
        self._strays.append(seconds)
        if len(self._strays) < STEP_TICKS:
            return expected + side * limit
        self._times.clear()
        self._times.extend(self._strays[:-1])
        self._strays.clear()
        return seconds

    def _fit(self) -> None:
        times = np.array(self._times)
        if len(times) < 2:
            self.meant_seconds = times[-1]
            return
        times -= (latest := times[-1])
        fits = [_fitted(times, count, degree) for count, degree in FITS if len(times) >= count]
        fits.append(_fitted(times, len(times), 1))
        self._measure(fits[0])
        believed = fits[0]
        for place, fit in enumerate(fits):
            if all(abs(fit.end - one.end) <= AGREE * self._jitter * one.noise for one in fits[:place]):
                believed = fit
        self.meant_seconds, self.tick_seconds = latest + believed.end, max(believed.step, self._shortest)

    def _measure(self, fit: _Fit) -> None:
        """Take the latest tick's distance from the shortest fit into the jitter."""
        if len(self._times) >= SETTLED_TICKS:
            variance = fit.end**2 / (1.0 - fit.noise**2)
            mean = (1.0 - FORGET) * self._jitter**2 + FORGET * variance
            self._jitter = max(math.sqrt(mean), LEAST_JITTER_SECONDS)


class _Fit(NamedTuple):
    """Value and slope of a polynomial at the last of its times, and the standard deviation of that value per jitter."""

    end: float
    step: float
    noise: float


def _fitted(times: Doubles, count: int, degree: int) -> _Fit:
    value, slope = _weights(count, degree)
    return _Fit(float(value @ times[-count:]), float(slope @ times[-count:]), math.sqrt(float(value @ value)))


@lru_cache(maxsize=512)
def _weights(count: int, degree: int) -> tuple[Doubles, Doubles]:
    """Weights [count] of times one tick apart, for value and slope of the fitted polynomial at the last of them."""
    fit = np.linalg.pinv(np.vander(np.arange(1.0 - count, 1.0), degree + 1, increasing=True))
    return fit[0], fit[1]
