"""A-weighted level per frame.

Source: IEC 61672-1:2013, annex E (A-weighting; 0 dB at 1 kHz).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.framing import frames_of
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SHORTEST_SAMPLES, LONGEST_SAMPLES = 1024, 4096
FLOOR_DB = -100.0
HEARD_DB = 60.0


def a_weighting_db(hz: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """A-weighting in dB at each frequency; at least -80 dB.

    >>> a_weighting_db(np.array([1000.0])).round(2)
    array([0.])
    """
    f2 = np.maximum(hz, 1.0) ** 2
    top = 12194.0**2 * f2**2
    bottom = (f2 + 20.6**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12194.0**2)
    return np.asarray(np.maximum(20.0 * np.log10(top / bottom) + 2.0, -80.0))


def a_weighted_window(
    length: int, *, sample_rate: int = SAMPLE_RATE, fft_samples: int | None = None
) -> tuple[FloatArray, NDArray[np.float64]]:
    """A Hann window [length], and the weights of the bins [fft_samples / 2 + 1] of a spectrum of `length` or more.

    The squared magnitudes of the windowed spectrum times the weights add up to the A-weighted power, 0.5 for a 1 kHz
    sine of amplitude 1.
    """
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    size = fft_samples or length
    hz = np.fft.rfftfreq(size, 1.0 / sample_rate)
    return window, 10.0 ** (a_weighting_db(hz) / 10.0) * 2.0 / (size * float((window**2).sum()))


def loudness_db(samples: FloatArray, *, f0_hz: float = 440.0) -> FloatArray:
    """A-weighted level [frames] in dB of `samples` [samples] at 48 kHz; a 1 kHz sine of amplitude 1 is -3 dB.

    Hann windows of 1024 samples, centred on the end of each block; longer (up to 4096) so that they hold two periods of
    `f0_hz`, because a shorter one would turn the single pulses of a low note into tremolo. The floor is -100 dB.
    """
    length = SHORTEST_SAMPLES
    while length < 2 * SAMPLE_RATE / f0_hz and length < LONGEST_SAMPLES:
        length *= 2
    window, weights = a_weighted_window(length)
    spectrum = np.fft.rfft(frames_of(samples, length) * window, axis=1)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)) @ weights
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10.0))), np.float32)


def level_bias_db(came: FloatArray, wanted: FloatArray) -> float:
    """How much louder `came` is than `wanted`, both levels [frames] in dB: the error a volume control would fix.

    The mean over the frames of `wanted` within 60 dB of its loudest.
    """
    heard = wanted > wanted.max() - HEARD_DB
    return float((came - wanted)[heard].mean())
