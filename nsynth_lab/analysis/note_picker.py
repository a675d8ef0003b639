"""NotePicker: activations, frame by frame, become notes: where a key begins, how long it sounds, how it bends.

    begins  --> a peak: the key is struck, again if it sounds already
    sounding --> over a threshold the key sounds, until it has been under it for an eighth of a second

Nothing but the notes that sound now is kept, so a recording may be of any length.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from nsynth_lab.analysis.basic_pitch import BINS, KEYS, LOWEST_KEY, Activations
from nsynth_lab.units import Doubles, FloatArray

STRUCK, AGAIN, SOUNDS, LASTS = 0.35, 0.5, 0.35, 0.28  # thresholds
STRUCK_FRAMES = 5
RISING, RISING_FRAMES = 0.25, 10  # a note that swells began before the network was sure of it
RISE_GAIN = 1.3  # a rise of `sounding` speaks for a beginning as well
PATIENCE_FRAMES = 11  # under the threshold before a note has ended
LEAST_FRAMES = 8
AGAIN_FRAMES = 12  # at least, between two strikes of a key: a chorus that beats is no repeated note
SURER_FRAMES, SURER = 6, 0.2  # sooner only where the second is so much surer: what came before was no strike
NEIGHBOUR_FRAMES = 8  # keys next to each other that begin so close together are one
REACH_BINS = 3


@dataclass(frozen=True, eq=False)
class Picked:
    """A note in frames of 256 samples at 22,050 Hz.

    Attributes:
        key: MIDI note number.
        begin, end: frames.
        struck: how sure the network is that it begins there, 0 to 1.
        sure, peak: mean and maximum of its `sounding`, 0 to 1.
        again: whether its key was still sounding when it began.
        bend: [frames] semitones above the key.
    """

    key: int
    begin: int
    end: int
    struck: float
    sure: float
    peak: float
    again: bool
    bend: FloatArray


class NotePicker:
    """`hear(activations)` for each piece gives the notes that end in it, `end()` those that still sound at the end."""

    def __init__(self) -> None:
        self._frame = 0
        self._past = np.zeros((2, KEYS), np.float32)  # `sounding`
        self._last_begins = np.zeros(KEYS, np.float32)
        self._held: Activations | None = None  # the last frame: a peak is known by the frame after it
        self._began = np.full(KEYS, -1)
        self._below = np.zeros(KEYS, np.int64)
        self._again, self._struck = np.zeros(KEYS, bool), np.zeros(KEYS)
        self._recent: deque[Doubles] = deque(maxlen=RISING_FRAMES)
        self._tracks: list[list[Doubles]] = [[] for _ in range(KEYS)]  # sounding, begins and bend of each frame

    def hear(self, given: Activations) -> list[Picked]:
        """The notes that end in this piece."""
        rows = given if self._held is None else Activations._make(map(_joined, self._held, given))
        self._held = Activations._make(row[-1:] for row in rows)
        return self._step(rows, len(rows.sounding) - 1)

    def end(self) -> list[Picked]:
        """The notes that are left when the sound ends."""
        found = [] if self._held is None else self._step(self._held, 1)
        for key in np.flatnonzero(self._began >= 0).tolist():
            found += self._close(key, self._frame - int(self._below[key]))
        return found

    def _step(self, rows: Activations, count: int) -> list[Picked]:
        sounding = rows.sounding
        before = np.concatenate([self._past, sounding])
        rise = np.minimum(sounding - before[1 : len(sounding) + 1], sounding - before[: len(sounding)])
        begins = np.maximum(rows.begins, RISE_GAIN * rise)
        edged = np.concatenate([self._last_begins[None], begins, np.zeros((1, KEYS), np.float32)])
        peaks = begins * ((begins >= STRUCK) & (begins > edged[:-2]) & (begins >= edged[2:]))
        frames = np.stack([sounding[:count], begins[:count], _bends(rows.contour[:count])], axis=2)
        found: list[Picked] = []
        for frame, peak in zip(frames, peaks[:count], strict=True):
            found += self._frame_of(frame, peak)
        self._past, self._last_begins = before[count : count + 2], begins[count - 1]
        return found

    def _frame_of(self, frame: Doubles, peak: FloatArray) -> list[Picked]:
        found: list[Picked] = []
        sounding = frame[:, 0]
        on = self._began >= 0
        self._below = np.where(on & (sounding < LASTS), self._below + 1, 0)
        for key in np.flatnonzero(on & (self._below > PATIENCE_FRAMES)).tolist():
            found += self._close(key, self._frame - int(self._below[key]) + 1)
        since = self._frame - self._began
        surer = (since >= SURER_FRAMES) & (peak > self._struck + SURER)
        again = on & (peak >= AGAIN) & (surer | (since >= AGAIN_FRAMES))
        for key in np.flatnonzero(again).tolist():
            found += self._close(key, self._frame - int(self._below[key]))
            self._open(key, struck=float(peak[key]), again=True)
        for key in np.flatnonzero(~on & ((peak > 0) | (sounding >= SOUNDS))).tolist():
            self._begin(key, sounding, struck=float(peak[key]))
        for key in np.flatnonzero(self._began >= 0).tolist():
            self._tracks[key].append(frame[key])
        self._recent.append(frame)
        self._frame += 1
        return found

    def _begin(self, key: int, sounding: Doubles, *, struck: float) -> None:
        """Begin a note, unless a neighbouring key explains it; a weaker neighbour that has just begun is dropped."""
        for other in (key - 1, key + 1):
            if not 0 <= other < KEYS or self._began[other] < 0:
                continue
            new = self._frame - self._began[other] <= NEIGHBOUR_FRAMES
            if new and sounding[other] < sounding[key]:
                self._began[other], self._tracks[other] = -1, []
            elif new or not struck:
                return
        self._open(key, struck=struck)

    def _open(self, key: int, *, struck: float, again: bool = False) -> None:
        rising: list[Doubles] = []
        for frame in () if struck else reversed(self._recent):
            if frame[key, 0] < RISING:
                break
            rising.insert(0, frame[key])
        self._began[key], self._below[key], self._tracks[key] = self._frame - len(rising), 0, rising
        self._again[key], self._struck[key] = again, struck

    def _close(self, key: int, end: int) -> list[Picked]:
        begin, track = int(self._began[key]), self._tracks[key][: end - int(self._began[key])]
        self._began[key], self._tracks[key] = -1, []
        if len(track) < LEAST_FRAMES:
            return []
        sounding, begins, bend = np.array(track, np.float32).T
        struck = float(begins[:STRUCK_FRAMES].max())
        again = bool(self._again[key])
        return [
            Picked(LOWEST_KEY + key, begin, end, struck, float(sounding.mean()), float(sounding.max()), again, bend)
        ]


def _joined(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.concatenate([first, second])


def _bends(contour: FloatArray) -> Doubles:
    """Semitones [frames, 88] from each key to the strongest pitch within one of it (a parabola through three bins)."""
    padded = np.pad(contour.astype(np.float64), ((0, 0), (REACH_BINS + 1, REACH_BINS + 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH_BINS + 3, axis=1)[:, ::BINS]
    inner = windows[:, :, 1:-1]
    best = inner.argmax(axis=2)[..., None]
    left, middle, right = (np.take_along_axis(windows, best + step, 2)[..., 0] for step in (0, 1, 2))
    curve = left - 2.0 * middle + right
    shift = np.where(curve < -1e-6, 0.5 * (left - right) / np.minimum(curve, -1e-6), 0.0)
    return np.asarray((best[..., 0] - REACH_BINS + np.clip(shift, -0.5, 0.5)) / BINS)
