"""Finds the hum of the mains in a recording: 50 or 60 Hz and its harmonics, at a level that never changes.

    HumFinder.hear(samples) --> level and frequency of each harmonic, once a second --> HumFinder.found()

What tells a hum from a low note is that it does not stop. It is softer than the music, stands out of the spectrum
around it, and is as loud in the rests as under the notes. The notes nearest to it, G1 at 49.0 Hz and B1 at 61.7 Hz, are
not taken for one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nsynth_lab.dsp.quick_median import quick_median
from nsynth_lab.units import Doubles, FloatArray

MAINS_HZ, STRAY_HZ = (50.0, 60.0), 0.3
HARMONICS, FIRST = 8, 2  # one of the first two is found, and then the others where that says
KEPT_RATE_HZ = 1500.0  # of the sound in which it is looked for, about
WINDOW_SECONDS, HOP_SECONDS = 2.0, 1.0
LEAST_WINDOWS = 3
AROUND_HZ, APART_HZ = 6.0, 1.5  # what a line is compared with, to either side
STANDS_OUT_DB, FALLS_DB = 12.0, 2.5  # over its surroundings; from its median to its softest tenth
NEAR_DB, MOSTLY = 2.5, 0.6  # of its windows are so near its median
STEADY_HZ = 0.1
SOFTEST, STAYS_DB, STAYS_HZ = 25.0, 9.0, 0.3  # the softest quarter of the windows
SOFTER_DB, SOFT_DB = 10.0, -40.0  # than the loudest tenth of a second; softer than this anything may be hum
LEAST_DB = -70.0  # what is softer is not followed anyway
LOUD_SECONDS = 0.1


@dataclass(frozen=True)
class MainsHum:
    """A hum of the mains.

    Attributes:
        hz: its fundamental, near 50 or 60 Hz.
        harmonics: the multiples of it that sound; 1 is the fundamental.
        level_db: the level of the stronger of the first two; a sine at full scale is 0 dB.
    """

    hz: float
    harmonics: tuple[int, ...]
    level_db: float

    def told(self) -> str:
        """A line for the user, which says that it is removed."""
        return f"a steady hum of {self.hz:.0f} Hz from the mains is left out"


class _Moment(NamedTuple):
    hz: Doubles  # of each line
    level_db: Doubles
    over_db: Doubles  # its surroundings
    loud_db: float


class HumFinder:
    """Listens to a mono sound, block by block, and says whether a hum sounds all through it.

    Args:
        rate: of the sound, in Hz.
        seconds: only the last so many seconds count; all of the sound if it is not given.
    """

    def __init__(self, rate: int, *, seconds: float | None = None) -> None:
        self._fold = max(round(rate / KEPT_RATE_HZ), 1)
        self._rate = rate / self._fold
        self._rise = (np.arange(self._fold) + 1.0) / self._fold**2  # a triangle: high partials are not folded down
        self._last = 0.0
        self._window = np.hanning(round(WINDOW_SECONDS * self._rate) + 1)[:-1]
        self._hop = round(HOP_SECONDS * self._rate)
        self._rest, self._held = np.zeros(0, np.float32), np.zeros(0)
        most = None if seconds is None else round((seconds - WINDOW_SECONDS) / HOP_SECONDS) + 1
        self._moments: deque[_Moment] = deque(maxlen=most)
        self._lines = np.array([k * hz for hz in MAINS_HZ for k in range(1, HARMONICS + 1)])

    def hear(self, samples: FloatArray) -> bool:
        """Take the next samples [samples], any number; True if another second has been analysed with them."""
        fed = np.concatenate([self._rest, samples])
        whole = len(fed) // self._fold * self._fold
        self._rest = fed[whole:]
        parts = fed[:whole].reshape(-1, self._fold)
        rising = np.concatenate([[self._last], parts @ self._rise])
        self._last = float(rising[-1])
        self._held = np.concatenate([self._held, rising[:-1] + parts @ (1.0 / self._fold - self._rise)])
        before = len(self._held)
        while len(self._held) >= len(self._window):
            self._moments.append(self._moment(self._held[: len(self._window)]))
            self._held = self._held[self._hop :]
        return len(self._held) < before

    def found(self) -> MainsHum | None:
        """The hum; None if there is none, or if less than four seconds were heard."""
        if len(self._moments) < max(LEAST_WINDOWS, self._moments.maxlen or 0):
            return None
        hz, level_db, over_db, loud_db = (np.array(rows) for rows in zip(*self._moments, strict=True))
        softer_db = max(float(loud_db.max()) - SOFTER_DB, SOFT_DB)
        for place, mains_hz in enumerate(MAINS_HZ):
            own = slice(place * HARMONICS, (place + 1) * HARMONICS)
            lines = [_Line(*rows) for rows in zip(hz.T[own], level_db.T[own], over_db.T[own], strict=True)]
            found = _hum(lines, mains_hz)
            if found is not None and LEAST_DB < found.level_db < softer_db:
                return found
        return None

    def _moment(self, sound: Doubles) -> _Moment:
        spectrum = np.abs(np.fft.rfft(sound * self._window)) * 2.0 / self._window.sum()
        level = 20.0 * np.log10(spectrum + 1e-9)
        bin_hz = self._rate / len(self._window)
        found = [_line(level, bin_hz, hz) for hz in self._lines.tolist()]
        short = round(LOUD_SECONDS * self._rate)
        parts = sound[: len(sound) // short * short].reshape(-1, short)
        loud = 10.0 * np.log10(2.0 * float(np.square(parts).mean(axis=1).max()) + 1e-12)
        hz, level_db, over_db = np.array(found).T
        return _Moment(hz, level_db, over_db, loud)


def _line(level_db: Doubles, bin_hz: float, hz: float) -> tuple[float, float, float]:
    """The highest peak near `hz`: its frequency in Hz, its level in dB, and how many dB it stands out."""
    near = round(STRAY_HZ * FIRST / bin_hz) + 1
    middle = round(hz / bin_hz)
    best = middle - near + int(level_db[middle - near : middle + near + 1].argmax())
    left, peak, right = level_db[best - 1 : best + 2].tolist()
    curve = left - 2.0 * peak + right
    shift = 0.5 * (left - right) / curve if curve < -1e-6 else 0.0
    wide, apart = round(AROUND_HZ / bin_hz), round(APART_HZ / bin_hz)
    around = np.concatenate([level_db[best - wide : best - apart], level_db[best + apart + 1 : best + wide + 1]])
    return (best + shift) * bin_hz, peak, peak - quick_median(around)


class _Line(NamedTuple):
    """One harmonic in every window, each [windows]: its frequency, its level, and how far it stands out."""

    hz: Doubles
    level_db: Doubles
    over_db: Doubles

    def steady_hz(self) -> float | None:
        """Its frequency in Hz if that, and its level, are the same in almost every window; else None."""
        middle_db = float(np.median(self.level_db))
        near = np.abs(self.level_db - middle_db) < NEAR_DB
        if near.mean() < MOSTLY or middle_db - float(np.percentile(self.level_db, 10)) > FALLS_DB:
            return None
        low, high = np.percentile(self.hz[near], (10, 90)).tolist()
        clear = float(np.median(self.over_db[near])) > STANDS_OUT_DB
        return float(np.median(self.hz[near])) if clear and high - low < STEADY_HZ else None

    def stays(self, hz: float) -> bool:
        """Whether it stands out at `hz` even in the windows where it is softest, where a note near it has stopped."""
        softest = self.level_db <= np.percentile(self.level_db, SOFTEST)
        near = abs(float(np.median(self.hz[softest])) - hz) < STAYS_HZ
        return near and float(np.median(self.over_db[softest])) > STAYS_DB


def _hum(lines: Sequence[_Line], mains_hz: float) -> MainsHum | None:
    """The hum of which `lines` are the first eight harmonics, if they are those of one."""
    for order, line in enumerate(lines[:FIRST], start=1):
        steady_hz = line.steady_hz()
        if steady_hz is not None and abs(steady_hz / order - mains_hz) < STRAY_HZ:
            hz = steady_hz / order
            orders = tuple(k for k, one in enumerate(lines, start=1) if one.stays(k * hz))
            levels = [float(np.median(one.level_db)) for one in lines[:FIRST]]
            return MainsHum(hz, orders, max(levels)) if orders else None
    return None
