"""KeyLevels: how loud each note of several that sound at once is, from the spectrum at its partials.

The spectrum is kept in semitones, 22 rows a second, so that of hours of sound a few megabytes are kept. Where
notes share a partial, its power is divided among them in proportion to what each has alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.analysis.basic_pitch import FRAME_SAMPLES, RATE
from nsynth_lab.analysis.semitone_spectrum import LOWEST, SEMITONES, SemitoneSpectrum
from nsynth_lab.dsp.loudness import FLOOR_DB
from nsynth_lab.units import Doubles, FloatArray

WINDOW, HOP = 4096, 1024
PARTIALS = (0, 12, 19, 24, 28, 31, 34, 36)  # semitones above the fundamental
ROW_FRAMES, ROW_SECONDS = HOP // FRAME_SAMPLES, HOP / RATE
STRUCK_ROWS = 10  # at the beginning of a note, where it is at its loudest


class KeyLevels:
    """`hear(samples)` at 22,050 Hz, in blocks; then `end()`; then `of(notes)`.

    Attributes:
        rows: [rows, semitones] A-weighted level in dB of each semitone; filled in by `end`.
    """

    def __init__(self) -> None:
        self._spectrum = SemitoneSpectrum(WINDOW, HOP, fft_samples=WINDOW)
        self._parts: list[FloatArray] = []
        self.rows: FloatArray = np.zeros((0, SEMITONES), np.float16)

    def hear(self, samples: FloatArray) -> None:
        """Take the next samples."""
        self._parts.append(_decibels(self._spectrum.hear(samples)))

    def end(self) -> None:
        """Take the end of the sound: there are no more samples."""
        self.rows = np.concatenate([*self._parts, _decibels(self._spectrum.end())])
        self._parts = []

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


def _decibels(power: FloatArray) -> FloatArray:
    return np.asarray(10.0 * np.log10(power + 1e-12), np.float16)


def _partials(key: int) -> list[int]:
    return [key + step - LOWEST for step in PARTIALS if 0 <= key + step - LOWEST < SEMITONES]
