"""Constants and tables of the control net, in NumPy: torch, NumPy and compiled loops all take them from here.

What they mean is said where they are used: the inputs' and the gains' in `model.controls`, those of spectra in
`model.distribution`, the phases in `model.decoder`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.loudness import a_weighting_db
from nsynth_lab.dsp.noise_table import BINS, bins_hz
from nsynth_lab.model.sizes import HALF_PARTIALS, PITCH_CENTRES
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, Ints

# inputs, scaled to about -1..1
MIDDLE_DB, SPREAD_DB, QUIET_DB = -40.0, 25.0, 80.0
MIDDLE_NOTE, SPREAD_NOTES = 64.0, 24.0
LOWEST_HZ, BUMP_NOTES, LOWEST_CENTRE, HIGHEST_CENTRE = 8.0, 4.0, 12.0, 120.0
PARTIALS_SCALE = 4.0
# outputs
DB_PER_UNIT = 10.0
TOP_GAIN_DB, KNEE_DB = 6.0, 3.0
QUIETEST_DB = -140.0  # of a gain, before it is converted to amplitude
POWER_PER_DB, GAIN_PER_DB = math.log(10.0) / 10.0, math.log(10.0) / 20.0  # in the exponent of e
# spectra
FIRST_HZ, TOP_HZ = 40.0, 0.45 * SAMPLE_RATE  # the first and the last point of envelope and noise bands
AUDIBLE_HZ, FADE_HZ = 20_000.0, 500.0  # silent from here on, fading over the last 500 Hz below
WEIGHTING_FLOOR_DB, WEIGHTING_STEP_HZ = -40.0, 10.0
LOUDEST_DB = 120.0  # limit before normalisation
LEAST_WEIGHTED, LEAST_POWER = 1e-12, 1e-14  # so that nothing is divided by 0


def pitch_centres() -> FloatArray:
    """Centres [24] of the Gaussians that encode pitch, in MIDI notes."""
    return np.linspace(LOWEST_CENTRE, HIGHEST_CENTRE, PITCH_CENTRES, dtype=np.float32)


def oscillator_orders(count: int) -> FloatArray:
    """Multiples [count] of f0 before they are shifted by measured offsets: 0.5, 1.5 .. 15.5, then 1, 2 .."""
    halves, whole = np.arange(HALF_PARTIALS) + 0.5, np.arange(1, count - HALF_PARTIALS + 1)
    return np.concatenate([halves, whole]).astype(np.float32)


def start_turns(count: int) -> Doubles:
    """Starting phases [count] in cycles that keep the sum's peak low (Schroeder 1970)."""
    order = np.arange(count, dtype=np.float64)
    return np.asarray((0.5 * order * (order - 1) / count) % 1.0)


def warp_ends() -> tuple[float, float]:
    """log(1 + hz / 700) of the first and the last point."""
    return math.log1p(FIRST_HZ / 700.0), math.log1p(TOP_HZ / 700.0)


def weighting_table() -> FloatArray:
    """A-weighting as a power factor, every 10 Hz from 0; at least -40 dB."""
    hz = np.arange(0.0, SAMPLE_RATE / 2 + 2 * WEIGHTING_STEP_HZ, WEIGHTING_STEP_HZ)
    return _weighting(hz).astype(np.float32)


def noise_lines(bands: int) -> FloatArray:
    """Shares [bands, 513] of the bands of noise in each bin: linear interpolation between their centres."""
    low, high = warp_ends()
    position = ((np.log1p(bins_hz().astype(np.float64) / 700.0) - low) / (high - low)).clip(0.0, 1.0) * (bands - 1)
    return (1.0 - np.abs(position - np.arange(bands)[:, None])).clip(min=0.0).astype(np.float32)


def noise_bands_of_bins(bands: int) -> tuple[Ints, FloatArray]:
    """(for each bin the lower of the two bands that it lies between [513], the share of the upper one [513])."""
    lines = noise_lines(bands)
    low = np.minimum((lines > 0).argmax(axis=0), bands - 2)
    return low, np.take_along_axis(lines, low[None] + 1, axis=0)[0]


def noise_weighting() -> FloatArray:
    """Each bin's share of white noise's A-weighted power, [513]."""
    weighting = _weighting(bins_hz()) / (BINS - 1)
    weighting[[0, -1]] = 0.0
    return weighting.astype(np.float32)


def noise_audible() -> FloatArray:
    """Amplitude factor [513] that fades each bin out below 20 kHz."""
    return ((AUDIBLE_HZ - bins_hz()) / FADE_HZ).clip(0.0, 1.0).astype(np.float32)


def _weighting(hz: NDArray[np.floating[Any]]) -> Doubles:
    return np.asarray(10.0 ** (np.maximum(a_weighting_db(hz.astype(np.float64)), WEIGHTING_FLOOR_DB) / 10.0))
