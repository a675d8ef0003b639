"""chroma_correlation(source, result): whether two sounds have the same pitch classes at the same time.

    spectrum in semitones -> log(1 + 1000 x) -> less its mean over an octave -> 12 pitch classes -> smoothed over 1 s

The logarithm and the mean over an octave take most of the timbre out, which a plain chroma is full of. Sources: Müller,
Fundamentals of Music Processing (2015), 3.1.2.1 and 7.2.1; Mauch and Dixon, ISMIR 2010 (spectral whitening).
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.analysis.basic_pitch import RATE
from nsynth_lab.analysis.semitone_spectrum import LOWEST, SemitoneSpectrum
from nsynth_lab.units import Doubles, FloatArray

WINDOW, HOP = 8192, 1024
FIRST, LAST = 36, 108  # MIDI note numbers
COMPRESSION = 1000.0
AROUND = 6  # semitones to either side of which the mean is taken
SMOOTHED_SECONDS = 1.0
LEAST_SHARE = 0.03  # of the largest row; what is softer is silence


def chroma(samples: FloatArray) -> Doubles:
    """Pitch classes [rows, 12], 22 rows a second, of a sound [samples] at 22,050 Hz; 0 is C."""
    spectrum = SemitoneSpectrum(WINDOW, HOP, fft_samples=2 * WINDOW)
    power = np.concatenate([spectrum.hear(samples), spectrum.end()]).astype(np.float64)
    size = np.sqrt(power[:, FIRST - LOWEST : LAST - LOWEST])
    loud = np.log1p(COMPRESSION * size / max(size.max(initial=0.0), 1e-9))
    padded = np.pad(loud, ((0, 0), (AROUND, AROUND)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1, axis=1).mean(axis=2)
    whitened = np.maximum(loud - around, 0.0)
    classes = whitened.reshape(len(whitened), -1, 12).sum(axis=1)  # FIRST is a C
    return _smoothed(classes)


def chroma_correlation(source: FloatArray, result: FloatArray, *, transposed: int = 0) -> float:
    """The mean over time of the correlation of both chromas, -1 to 1; the result is `transposed` semitones higher."""
    before, after = chroma(source), np.roll(chroma(result), -transposed, axis=1)
    count = min(len(before), len(after))
    sums = before[:count].sum(axis=1)
    heard = sums > LEAST_SHARE * sums.max(initial=0.0)
    one, other = (rows[:count][heard] - rows[:count][heard].mean(axis=1, keepdims=True) for rows in (before, after))
    lengths = np.sqrt(np.square(one).sum(axis=1) * np.square(other).sum(axis=1))
    return float(((one * other).sum(axis=1) / np.maximum(lengths, 1e-12)).mean()) if heard.any() else 0.0


def _smoothed(rows: Doubles) -> Doubles:
    window = np.hanning(round(SMOOTHED_SECONDS * RATE / HOP) + 2)[1:-1]
    return np.stack([np.convolve(column, window / window.sum(), "same") for column in rows.T], axis=1)
