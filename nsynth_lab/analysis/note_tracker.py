"""NoteTracker: activations and a spectrum become notes: when a key is struck, how long it sounds, how it bends.

    candidates --> OnsetNetwork --> struck, unless a surer strike of this key is close by
    sounding   --> a key that was struck sounds until it has been under a threshold for an eighth of a second

Nothing but the last second and the notes that sound now is kept, so a recording may be of any length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nsynth_lab.analysis.basic_pitch import BINS, KEYS, LOWEST_KEY, Activations
from nsynth_lab.analysis.onset_candidates import AROUND, candidates
from nsynth_lab.analysis.onset_network import OnsetNetwork
from nsynth_lab.analysis.semitone_spectrum import SEMITONES
from nsynth_lab.units import FloatArray

STRUCK = -0.5  # log-odds
APART_FRAMES = 7.0  # at least, between two strikes of a key
REACH_FRAMES = 40  # candidates further apart than that are never as close as `APART_FRAMES`
MOST_LATE, MOST_EARLY = 24.0, 6.0
LASTS = 0.28  # of `sounding`
PATIENCE_FRAMES = 11  # under the threshold before a note has ended
RISING_FRAMES = 24  # no note ends before: it may swell
LEAST_FRAMES = 6.0
REACH_BINS = 3


@dataclass(frozen=True, eq=False)
class Tracked:
    """A note in frames of 256 samples at 22,050 Hz.

    Attributes:
        key: MIDI note number.
        begin, end: frames with their fractions.
        bend_from: the frame that `bend` begins at, which is later if it was noticed later.
        bend: [frames] semitones above the key.
    """

    key: int
    begin: float
    end: float
    bend_from: int
    bend: FloatArray


class _Strike(NamedTuple):
    frame: int
    key: int
    at: float
    log_odds: float


class _Held(NamedTuple):
    strike: _Strike
    bend: list[float]


class _Rows(NamedTuple):
    sounding: FloatArray
    begins: FloatArray
    bend: FloatArray
    power: FloatArray

    @classmethod
    def silent(cls, count: int) -> _Rows:
        keys = np.zeros((count, KEYS), np.float32)
        return cls(keys, keys, keys, np.zeros((count, SEMITONES), np.float32))


class NoteTracker:
    """`hear(activations, power)` for each piece gives the notes that end in it, `end()` those that still sound."""

    def __init__(self) -> None:
        self._network = OnsetNetwork()
        self._rows = _Rows.silent(AROUND)
        self._first = -AROUND  # the frame of the first of these rows
        self._judged = self._frame = 0  # up to here candidates are judged, and notes are tracked
        self._strikes: list[_Strike] = []
        self._held: dict[int, _Held] = {}  # the notes that sound now
        self._below = np.zeros(KEYS, np.int64)

    def hear(self, given: Activations, power: FloatArray) -> list[Tracked]:
        """The notes that end in this piece; `power` [frames, semitones] is the spectrum of the same frames."""
        new = _Rows(given.sounding, given.begins, _bends(given.contour), power)
        self._rows = _Rows._make(np.concatenate(pair) for pair in zip(self._rows, new, strict=True))
        self._judge()
        return self._track(self._judged - REACH_FRAMES)

    def end(self) -> list[Tracked]:
        """The notes that are left when the sound ends."""
        after = self._first + len(self._rows.sounding)
        silence = _Rows.silent(AROUND)
        self._rows = _Rows._make(np.concatenate(pair) for pair in zip(self._rows, silence, strict=True))
        self._judge()
        found = self._track(after)
        return found + [self._close(key, after - int(self._below[key])) for key in list(self._held)]

    def _judge(self) -> None:
        """Judge the candidates that enough is known around."""
        until = self._first + len(self._rows.sounding) - AROUND
        if until <= self._judged:
            return
        known = slice(self._judged - AROUND - self._first, None)
        found = candidates(self._rows.sounding[known], self._rows.begins[known], self._rows.power[known])
        judged = self._network.judge(found.features)
        late = np.clip(judged.late_frames, -MOST_EARLY, MOST_LATE)
        frames = found.frames + self._judged
        for place in np.flatnonzero(judged.log_odds > STRUCK).tolist():
            frame, key = int(frames[place]), int(found.keys[place])
            at = max(float(frame - late[place]), 0.0)
            self._strikes.append(_Strike(frame, key, at, float(judged.log_odds[place])))
        self._judged = until

    def _track(self, until: int) -> list[Tracked]:
        """Follow the notes up to a frame; forget what is not needed any more."""
        found: list[Tracked] = []
        due = [one for one in self._strikes if self._frame <= one.frame < until and self._is_surest(one)]
        for frame in range(self._frame, until):
            for strike in (one for one in due if one.frame == frame):
                found += self._strike(strike)
            found += self._follow(frame)
        self._frame = max(until, self._frame)
        self._strikes = [one for one in self._strikes if one.frame >= self._frame - REACH_FRAMES]
        first = min(self._frame, self._judged - AROUND)
        self._rows = _Rows._make(rows[first - self._first :] for rows in self._rows)
        self._first = first
        return found

    def _is_surest(self, strike: _Strike) -> bool:
        """Whether no other strike of its key as close to it is surer; of two alike it is the first."""
        return not any(
            other.key == strike.key
            and abs(other.at - strike.at) < APART_FRAMES
            and (other.log_odds, -other.frame) > (strike.log_odds, -strike.frame)
            for other in self._strikes
        )

    def _strike(self, strike: _Strike) -> list[Tracked]:
        ended = [self._close(strike.key, strike.at)] if strike.key in self._held else []
        self._held[strike.key] = _Held(strike, [])
        return ended

    def _follow(self, frame: int) -> list[Tracked]:
        """The notes that are found to have ended at a frame."""
        row, ended = frame - self._first, []
        self._below = np.where(self._rows.sounding[row] < LASTS, self._below + 1, 0)
        for key, held in list(self._held.items()):
            held.bend.append(float(self._rows.bend[row, key]))
            below = int(self._below[key])
            if below > PATIENCE_FRAMES and frame - held.strike.frame > RISING_FRAMES:
                ended.append(self._close(key, frame - below + 1))
        return ended

    def _close(self, key: int, end: float) -> Tracked:
        strike, bend = self._held.pop(key)
        end = max(end, strike.at + LEAST_FRAMES)
        known = bend[: max(int(end) - strike.frame, 1)]
        return Tracked(LOWEST_KEY + key, strike.at, end, strike.frame, np.array(known, np.float32))


def _bends(contour: FloatArray) -> FloatArray:
    """Semitones [frames, 88] from each key to the strongest pitch within one of it (a parabola through three bins)."""
    padded = np.pad(contour.astype(np.float64), ((0, 0), (REACH_BINS + 1, REACH_BINS + 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH_BINS + 3, axis=1)[:, ::BINS]
    inner = windows[:, :, 1:-1]
    best = inner.argmax(axis=2)[..., None]
    left, middle, right = (np.take_along_axis(windows, best + step, 2)[..., 0] for step in (0, 1, 2))
    curve = left - 2.0 * middle + right
    shift = np.where(curve < -1e-6, 0.5 * (left - right) / np.minimum(curve, -1e-6), 0.0)
    return np.asarray((best[..., 0] - REACH_BINS + np.clip(shift, -0.5, 0.5)) / BINS, np.float32)
