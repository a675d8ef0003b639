"""The mel spectrum of a whole sound, in NumPy; `dsp.mel` has the same in torch, with gradients.

Slaney's mel scale and normalisation (Auditory Toolbox, 1998), which are librosa's defaults.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.framing import frames_of
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray

LOWEST_HZ, HIGHEST_HZ = 30.0, 20_000.0
WHOLE_HZ = 24_000.0  # Nyquist frequency at 48 kHz
BANDS, WINDOW_SAMPLES = 128, 2048
POWER_FLOOR, QUIETEST = 1e-14, 1e-8
RANGE_DB, AUDIBLE_DB = 60.0, 5.0  # of what is compared; above that range, frames that count
# Slaney's mel scale: linear up to 1 kHz, 27 steps for a factor of 6.4 above it
HZ_PER_MEL, LINEAR_TO_HZ, MELS_PER_FACTOR, FACTOR = 200.0 / 3.0, 1000.0, 27.0, 6.4


def mel_db(samples: FloatArray, *, highest_hz: float = HIGHEST_HZ) -> FloatArray:
    """Mel spectrum [frames, 128] in dB of `samples` [samples], from 30 Hz to `highest_hz`, of whole frames.

    Hann windows of 2048 samples, centred on the end of each block; in their spectrum a sine of amplitude 1 peaks at 1.
    """
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)
    frames = frames_of(samples, WINDOW_SAMPLES)[: len(samples) // HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * window, axis=1)
    magnitudes = np.sqrt(np.square(spectrum.real) + np.square(spectrum.imag) + POWER_FLOOR) * (2.0 / window.sum())
    bands = magnitudes.astype(np.float32, copy=False) @ _weights(highest_hz)
    return np.asarray(20.0 * np.log10(np.maximum(bands, QUIETEST)), np.float32)


def mel_distance_frames_db(decoded: FloatArray, reference: FloatArray) -> FloatArray:
    """Mel error of each audible frame of two mel spectra [frames, 128] in dB, [audible frames].

    Both are clamped 60 dB below the reference's loudest band. A frame is audible if the reference exceeds that floor by
    5 dB.
    """
    floor = reference.max() - RANGE_DB
    audible = reference.max(axis=1) > floor + AUDIBLE_DB
    distance = np.abs(np.maximum(decoded, floor) - np.maximum(reference, floor))
    return np.asarray(distance[audible].mean(axis=1), np.float32)


def band_edges_hz(highest_hz: float = HIGHEST_HZ) -> NDArray[np.float64]:
    """Where the bands begin, peak and end: band b at b, b + 1 and b + 2 of these [130]."""
    return _hz(np.linspace(_mel(LOWEST_HZ), _mel(highest_hz), BANDS + 2))


@functools.cache
def _weights(highest_hz: float) -> FloatArray:
    """Triangular weights [bins, bands]; each sums to 1 if it spans whole bins."""
    edges = band_edges_hz(highest_hz)
    bin_hz = np.linspace(0.0, SAMPLE_RATE / 2, WINDOW_SAMPLES // 2 + 1)
    away = edges[None, :] - bin_hz[:, None]
    widths = np.diff(edges)
    triangles = np.maximum(0.0, np.minimum(-away[:, :-2] / widths[:-1], away[:, 2:] / widths[1:]))
    return np.asarray(triangles * (2.0 / (edges[2:] - edges[:-2]) * bin_hz[1]), np.float32)


def _mel(hz: float) -> float:
    if hz < LINEAR_TO_HZ:
        return hz / HZ_PER_MEL
    return LINEAR_TO_HZ / HZ_PER_MEL + MELS_PER_FACTOR * float(np.log(hz / LINEAR_TO_HZ) / np.log(FACTOR))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = LINEAR_TO_HZ / HZ_PER_MEL
    above = LINEAR_TO_HZ * FACTOR ** ((mel - bend) / MELS_PER_FACTOR)
    return np.where(mel < bend, mel * HZ_PER_MEL, above)
