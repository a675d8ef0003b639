"""NoteSpectrogram: how loud each pitch is over time, to be drawn under a pitch curve: one row for half a semitone."""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

LOWEST, HIGHEST, ROWS_A_SEMITONE = 24, 120, 2
ROWS = (HIGHEST - LOWEST) * ROWS_A_SEMITONE
MOST_COLUMNS = 1500
WINDOW, HOP = 4096, 512
POINTS = 4  # of the spectrum in each row: the loudest of them is shown
RANGE_DB = 66.0


class NoteSpectrogram:
    """`hear(samples)` mono at 48 kHz, in blocks; then `pixels()`.

    Columns are as short as they can be without there being too many: when there would be, each two become one.
    """

    def __init__(self) -> None:
        notes = LOWEST - 0.5 / ROWS_A_SEMITONE + np.arange(ROWS * POINTS) / (ROWS_A_SEMITONE * POINTS)
        bins = np.array([note_to_hz(float(note)) for note in notes]) * WINDOW / SAMPLE_RATE
        self._below = bins.astype(np.int64)
        self._share = (bins - self._below).astype(np.float32)
        self._window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
        self._held = np.zeros(WINDOW // 2, np.float32)
        self._columns: list[FloatArray] = []
        self._part: FloatArray | None = None  # the column that is not complete
        self._parts, self._hops = 0, 1  # hops that it is made of, and of how many each is

    def hear(self, samples: FloatArray) -> None:
        """Take the next samples."""
        held = np.concatenate([self._held, samples])
        count = max((len(held) - WINDOW) // HOP + 1, 0)
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(held, WINDOW)[::HOP][:count]
            for column in self._of(windows):
                self._add(column)
        self._held = held[count * HOP :]

    def pixels(self) -> bytes:
        """Levels [ROWS, columns] from the lowest pitch on: 255 is the loudest, 0 is 66 dB less and below."""
        self.hear(np.zeros(WINDOW // 2, np.float32))
        columns = self._columns if self._part is None else [*self._columns, self._part]
        level_db = 20.0 * np.log10(np.maximum(np.array(columns, np.float32).reshape(-1, ROWS).T, 1e-7))
        shares = 1.0 + (level_db - level_db.max(initial=-140.0)) / RANGE_DB
        return bytes((255.0 * shares.clip(0.0, 1.0)).round().astype(np.uint8).ravel())

    def _of(self, windows: FloatArray) -> FloatArray:
        """[windows, ROWS] amplitudes."""
        spectrum = np.abs(np.fft.rfft(windows * self._window, axis=1)).astype(np.float32)
        points = spectrum[:, self._below] * (1.0 - self._share) + spectrum[:, self._below + 1] * self._share
        return np.asarray(points.reshape(len(windows), ROWS, POINTS).max(axis=2))

    def _add(self, column: FloatArray) -> None:
        self._part = column if self._part is None else np.maximum(self._part, column)
        self._parts += 1
        if self._parts < self._hops:
            return
        self._columns.append(self._part)
        self._part, self._parts = None, 0
        if len(self._columns) == 2 * MOST_COLUMNS:
            pairs = np.array(self._columns, np.float32).reshape(MOST_COLUMNS, 2, ROWS).max(axis=1)
            self._columns, self._hops = list(pairs), 2 * self._hops
