"""What unpitched sounds are made of: one steady noise for each of the 64 bands of `nsynth_lab.unpitched`, in NumPy.

Neighbouring bands overlap so that their powers add up to a flat spectrum. Each band's noise has nearly no fluctuation
of its own ("low-noise noise"): those of a recording are in its levels, and would otherwise be heard twice.

Source: Pumplin, Low-noise noise (1985); made as by Kohlrausch et al. (1997), by dividing by the envelope and filtering
again.
"""

from __future__ import annotations

import functools

import numpy as np

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray
from nsynth_lab.unpitched import BANDS, band_of

LENGTHS = (65_536, 60_025)  # of the tables of odd and even bands; both repeat together after a day
ROUNDS = 3
SEED = 1985


@functools.cache
def band_bins(length: int) -> list[tuple[int, Doubles]]:
    """Of each band, its first bin in a real FFT of `length` samples, and the amplitudes from there on."""
    place = band_of(np.asarray(np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE), np.float64))
    found = []
    for band in range(BANDS):
        first, last = np.searchsorted(place, [band - 1.0, band + 1.0])
        inside = np.cos(np.pi / 2 * np.minimum(np.abs(place[first : max(last, first + 1)] - band), 1.0))
        found.append((int(first), np.asarray(inside)))
    return found


@functools.cache
def carriers() -> tuple[FloatArray, ...]:
    """Noise of variance 1 for even and for odd bands, [32, length + 512] each; its end repeats its beginning."""
    rng = np.random.default_rng(SEED)
    tables = []
    for parity, length in enumerate(LENGTHS):
        table = np.empty((BANDS // 2, length + HOP_SAMPLES), np.float32)
        for band, (first, shape) in list(enumerate(band_bins(length)))[parity::2]:
            spectrum = np.zeros(length // 2 + 1, np.complex128)
            spectrum[first : first + len(shape)] = _steady(shape, rng)
            wave = np.fft.irfft(spectrum, length)
            table[band // 2, :length] = wave / np.sqrt(np.mean(wave**2))
        table[:, length:] = table[:, :HOP_SAMPLES]
        tables.append(table)
    return tuple(tables)


def _steady(shape: Doubles, rng: np.random.Generator) -> Doubles:
    """Complex bins of a noise with that amplitude, and with as little movement of its envelope as it allows."""
    count = len(shape)
    size = 1 << int(np.ceil(np.log2(4 * count)))
    bins = shape * (rng.standard_normal(count) + 1j * rng.standard_normal(count))
    for _ in range(ROUNDS):
        wave = np.fft.ifft(bins, size)
        flat = np.fft.fft(wave / np.maximum(np.abs(wave), 1e-12))[:count]
        strength = np.abs(flat)
        bins = shape * flat / np.maximum(strength, 1e-12) * np.minimum(strength / np.sqrt(np.mean(strength**2)), 3.0)
    return np.asarray(bins)
