"""What stereo sounds are filtered with: octaves without delay and a decorrelator for each, as spectra of 2048 samples.

A band has no delay in the sense that its response, which is causal, has exactly the band's shape as its real part: the
even part of a causal response is half of it. So the cross power of a sound and its band is that of a band of zero
phase, and all bands add up to the sound itself.

The decorrelators are velvet noise: sparse pulses of random sign, here 24 to a band that decay by 20 dB within 22 ms
(Alary, Politis and Välimäki, "Velvet-noise decorrelator", DAFx 2017). They are late enough for bands of zero phase.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles
from nsynth_lab.width import BANDS, LOWEST_CENTRE_HZ

SIZE = 4 * HOP_SAMPLES
TAPS = SIZE - HOP_SAMPLES + 1  # a frame of 512 samples then needs no more than the 1536 before it
BINS = SIZE // 2 + 1
SLOPE_OCTAVES = 0.25  # on either side of a band's edge
EXACT = 16 * SIZE
PULSES, LAST_SAMPLE, DECAY_DB = 24, 1056, 20.0
WIDEST, NARROWEST = 480, 60  # samples on either side of the response of a band of zero phase
SEED = 22


@lru_cache(maxsize=1)
def width_filters() -> NDArray[np.complex64]:
    """Spectra [16, 1025] of the bands, then of the bands decorrelated; made when they are first asked for."""
    return np.asarray(np.fft.rfft(responses(), SIZE), np.complex64)


@lru_cache(maxsize=1)
def responses() -> Doubles:
    """Impulse responses [16, 1537] of the bands, then of the bands decorrelated."""
    direct = _causal(band_shapes(EXACT))
    direct[-1] = -direct[:-1].sum(axis=0)
    direct[-1, 0] += 1.0
    return np.concatenate([direct, _decorrelators()])


def band_shapes(samples: int) -> Doubles:
    """How much of each bin of a spectrum of `samples` belongs to each octave, [8, bins], in all 1 at each bin.

    The outermost octaves reach to 0 Hz and to the highest frequency.
    """
    hz = np.arange(samples // 2 + 1) * (SAMPLE_RATE / samples)
    octave = np.log2(np.maximum(hz, 1.0) / LOWEST_CENTRE_HZ)
    edges = np.arange(1, BANDS) - 0.5
    risen = ((octave - edges[:, None]) / (2.0 * SLOPE_OCTAVES) + 0.5).clip(0.0, 1.0)
    above = np.concatenate([np.ones((1, len(hz))), np.sin(risen * np.pi / 2.0) ** 2, np.zeros((1, len(hz)))])
    return np.asarray(above[:-1] - above[1:])


def _causal(shapes: Doubles) -> Doubles:
    """Causal responses [bands, 1537] whose real part is `shapes`."""
    even = np.fft.irfft(shapes, EXACT)[:, :TAPS] * _taper()
    even[:, 1:] *= 2.0
    return np.asarray(even)


def _taper() -> Doubles:
    return np.cos(np.linspace(0.0, np.pi / 2.0, TAPS)) ** 0.5


def _decorrelators() -> Doubles:
    """Velvet noise in each band [8, 1537], of the band's own power."""
    draw = np.random.default_rng(SEED)
    shapes = band_shapes(EXACT)
    out = np.zeros((BANDS, TAPS))
    for band in range(BANDS):
        reach = max(NARROWEST, WIDEST >> max(band - 1, 0))
        kernel = np.roll(np.fft.irfft(shapes[band], EXACT), reach)[: 2 * reach + 1] * np.hanning(2 * reach + 3)[1:-1]
        spacing = (LAST_SAMPLE - reach) / PULSES
        at = (reach + spacing * (np.arange(PULSES) + draw.random(PULSES))).astype(np.int64)
        pulses = draw.choice([-1.0, 1.0], PULSES) * 10.0 ** (-DECAY_DB / 20.0 * np.arange(PULSES) / PULSES)
        for place, height in zip(at - reach, pulses / np.sqrt(np.square(pulses).sum()), strict=True):
            out[band, place : place + len(kernel)] += height * kernel
    return out
