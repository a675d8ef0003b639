"""SemitoneSpectrum: the A-weighted power in each semitone of a sound at 22,050 Hz, row by row."""

from __future__ import annotations

import numpy as np

from nsynth_lab.analysis.basic_pitch import RATE
from nsynth_lab.dsp.loudness import a_weighted_window
from nsynth_lab.units import FloatArray

LOWEST, SEMITONES = 20, 108  # MIDI note numbers up to 12.5 kHz


class SemitoneSpectrum:
    """`hear(samples)` in blocks of any size, then `end()`; row t is of the window centred on sample t * `hop_samples`.

    A window shorter than `fft_samples` is filled up with zeros, which tells low semitones apart a little better.
    """

    def __init__(self, window_samples: int, hop_samples: int, *, fft_samples: int) -> None:
        self._length, self._hop, self._fft = window_samples, hop_samples, fft_samples
        self._held = np.zeros(window_samples // 2, np.float32)
        self._window, weights = a_weighted_window(window_samples, sample_rate=RATE, fft_samples=fft_samples)
        hz = np.fft.rfftfreq(fft_samples, 1.0 / RATE)
        place = np.round(69.0 + 12.0 * np.log2(np.maximum(hz, 1.0) / 440.0)).astype(np.int64) - LOWEST
        semitones = place[:, None] == np.arange(SEMITONES)
        self._bins = (weights[:, None] * semitones).astype(np.float32)

    def hear(self, samples: FloatArray) -> FloatArray:
        """Take the next samples; the rows [rows, semitones] that are known with them."""
        held = np.concatenate([self._held, samples])
        count = max((len(held) - self._length) // self._hop + 1, 0)
        self._held = held[count * self._hop :]
        if not count:
            return np.zeros((0, SEMITONES), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(held, self._length)[:: self._hop][:count]
        spectrum = np.fft.rfft(windows * self._window, self._fft, axis=1)
        return np.asarray((np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32) @ self._bins)

    def end(self) -> FloatArray:
        """The rows of the end of the sound: there are no more samples."""
        return self.hear(np.zeros(self._length, np.float32))
