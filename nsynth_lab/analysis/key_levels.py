"""KeyLevels: how loud each note of several that sound at once is, from the spectrum at its partials.

The spectrum is kept in semitones, 22 rows a second, so that of hours of sound a few megabytes are kept. Where
notes share a partial, its power is divided among them in proportion to what each has alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.analysis.basic_pitch import FRAME_SAMPLES, RATE
from nsynth_lab.dsp.loudness import FLOOR_DB, a_weighted_window
from nsynth_lab.units import Doubles, FloatArray

WINDOW, HOP = 4096, 1024
LOWEST, SEMITONES = 20, 108  # MIDI note numbers up to 9 kHz
PARTIALS = (0, 12, 19, 24, 28, 31, 34, 36)  # semitones above the fundamental
ROW_FRAMES, ROW_SECONDS = HOP // FRAME_SAMPLES, HOP / RATE
STRUCK_ROWS = 10  # at the beginning of a note, where it is at its loudest


class KeyLevels:
    """`hear(samples)` at 22,050 Hz, in blocks; then `end()`; then `of(notes)`.

    Attributes:
        rows: [rows, semitones] A-weighted level in dB of each semitone; filled in by `end`.
    """

    def __init__(self) -> None:
        self._held = np.zeros(WINDOW // 2, np.float32)
        self._parts: list[FloatArray] = []
        self.rows: FloatArray = np.zeros((0, SEMITONES), np.float16)
        self._window, self._weights = a_weighted_window(WINDOW, sample_rate=RATE)
        hz = np.fft.rfftfreq(WINDOW, 1.0 / RATE)
        key = 69.0 + 12.0 * np.log2(np.maximum(hz, 1.0) / 440.0)
        place = np.round(key).astype(np.int64) - LOWEST
        self._known = np.flatnonzero((place >= 0) & (place < SEMITONES))
        self._places = place[self._known]

    def hear(self, samples: FloatArray) -> None:
        """Take the next samples."""
        held = np.concatenate([self._held, samples])
        count = (len(held) - WINDOW) // HOP + 1
        if count > 0:
            windows = np.lib.stride_tricks.sliding_window_view(held, WINDOW)[::HOP][:count]
            self._parts.append(self._of(windows))
            held = held[count * HOP :]
        self._held = held

    def end(self) -> None:
        """Take the end of the sound: there are no more samples."""
        self.hear(np.zeros(WINDOW, np.float32))
        self.rows = np.concatenate(self._parts)
        self._parts = []

    def _of(self, windows: FloatArray) -> FloatArray:
        spectrum = np.fft.rfft(windows * self._window, axis=1)
        power = (np.square(spectrum.real) + np.square(spectrum.imag)) * self._weights
        rows = np.zeros((len(windows), SEMITONES))
        np.add.at(rows.T, self._places, power[:, self._known].T)
        return (10.0 * np.log10(rows + 1e-12)).astype(np.float16)

    def of(self, notes: Sequence[tuple[int, int, int]]) -> list[float]:
        """A-weighted level in dB of each note (key, first frame, end frame, of 256 samples) at its loudest."""
        spans = [self._span(begin, end) for _, begin, end in notes]
        claims = np.zeros(self.rows.shape, np.float32)
        for (key, _, _), rows in zip(notes, spans, strict=True):
            claims[rows, _partials(key)] += 1.0
        own = [self._own(key, rows, claims) for (key, _, _), rows in zip(notes, spans, strict=True)]
        claims[:] = 0.0
        for (key, _, _), rows, power in zip(notes, spans, own, strict=True):
            claims[rows, _partials(key)] += power
        return [
            self._level(key, rows, power / claims[rows][:, _partials(key)])
            for (key, _, _), rows, power in zip(notes, spans, own, strict=True)
        ]

    def _span(self, begin: int, end: int) -> slice:
        first = min(begin // ROW_FRAMES, len(self.rows) - 1)
        return slice(first, min(max(end // ROW_FRAMES, first + 1), first + STRUCK_ROWS))

    def _own(self, key: int, rows: slice, claims: FloatArray) -> float:
        """The power of the partials that no other note has, or of the weakest of all."""
        at = _partials(key)
        power = self._power(rows, at).mean(axis=0)
        alone = claims[rows][:, at].max(axis=0) <= 1.0
        return float(power[alone].sum() if alone.any() else power.min()) + 1e-12

    def _level(self, key: int, rows: slice, shares: FloatArray) -> float:
        own = (self._power(rows, _partials(key)) * shares).sum(axis=1)
        return max(float(10.0 * np.log10(own.max() + 1e-12)), FLOOR_DB)

    def _power(self, rows: slice, at: list[int]) -> Doubles:
        power: Doubles = 10.0 ** (self.rows[rows][:, at].astype(np.float64) / 10.0)
        return power


def _partials(key: int) -> list[int]:
    return [key + step - LOWEST for step in PARTIALS if 0 <= key + step - LOWEST < SEMITONES]
