"""Distributions of A-weighted level 0 dB: how partials and noise bands share one loudness.

The spectral envelope and the noise bands are given in dB at points that lie evenly on a scale linear below 700 Hz
and logarithmic above (mel, O'Shaughnessy 1987). Each is normalised by the A-weighted power it comes to, so that a
gain of 1 sounds as loud as a 1 kHz sine of level 0 dB, whatever the pitch.

Nothing sounds above 20 kHz: no loss hears what lies there, so no weights can know it. Partials share the loudness among
those that sound. Of the noise, the bins above fall silent after the level is normalised: weights that have put power
there to keep what lies below quiet keep it so.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.loudness import a_weighting_db
from nsynth_lab.dsp.noise import bin_hz
from nsynth_lab.units import SAMPLE_RATE

TOP_HZ = 0.45 * SAMPLE_RATE  # where envelope and noise bands end
AUDIBLE_HZ, FADE_HZ = 20_000.0, 500.0  # nothing sounds from here on; what lies up to so far below it fades
LOWEST_HZ = 40.0
WEIGHTING_FLOOR_DB = -40.0
LOUDEST_DB = 120.0  # of anything before it is normalised


def partial_amplitudes(envelope_db: Tensor, corrections_db: Tensor, places_hz: Tensor) -> Tensor:
    """Amplitudes [voices, frames, oscillators]: a spectral envelope read at each partial, plus its own correction."""
    level_db = _read_envelope(envelope_db, places_hz)
    known = min(corrections_db.shape[-1], level_db.shape[-1])
    extra = functional.pad(corrections_db[..., :known], (0, level_db.shape[-1] - known))
    power = torch.exp((level_db + extra).clamp(-LOUDEST_DB, LOUDEST_DB) * (math.log(10.0) / 10.0))
    power = power * audible(places_hz).square()
    weighted = (power * _weighting(places_hz)).sum(dim=-1, keepdim=True)
    return torch.sqrt(2.0 * power / (weighted + 1e-12) + 1e-14)


def audible(hz: Tensor) -> Tensor:
    """Factor on amplitude: 1 up to 19.5 kHz, 0 from 20 kHz on, a straight line between."""
    return ((AUDIBLE_HZ - hz) / FADE_HZ).clamp(0.0, 1.0)


def _read_envelope(envelope_db: Tensor, places_hz: Tensor) -> Tensor:
    """Straight lines between the points of the envelope, [voices, frames, oscillators]."""
    points = envelope_db.shape[-1]
    position = _warp(places_hz) * (points - 1)
    below = position.floor().clamp(0, points - 2)
    index = below.long()
    left, right = envelope_db.gather(-1, index), envelope_db.gather(-1, index + 1)
    return torch.lerp(left, right, (position - below).clamp(0.0, 1.0))


def noise_magnitudes(bands_db: Tensor) -> Tensor:
    """Magnitudes [voices, frames, 513] of A-weighted level 0 dB, straight lines in dB between band centres."""
    lines, weighting, heard = noise_tables(bands_db.shape[-1], bands_db.device)
    power = torch.exp((bands_db @ lines).clamp(-LOUDEST_DB, LOUDEST_DB) * (math.log(10.0) / 10.0))
    mean = (power * weighting).sum(dim=-1, keepdim=True)
    return torch.sqrt(power / (mean + 1e-12) + 1e-14) * heard


@functools.cache
def noise_tables(bands: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Interpolation [bands, 513]; each bin's share of A-weighted power of white noise [513]; `audible` of it [513]."""
    hz = bin_hz()
    position = (_warp(hz) * (bands - 1)).clamp(0, bands - 1)
    lines = (1.0 - (position - torch.arange(bands)[:, None]).abs()).clamp(min=0.0)
    weighting = _weighting(hz) / (len(hz) - 1)
    weighting[0] = weighting[-1] = 0.0
    return lines.to(device), weighting.to(device), audible(hz).to(device)


def warp_ends() -> tuple[float, float]:
    """log(1 + hz / 700) of the first and of the last point."""
    return math.log1p(LOWEST_HZ / 700.0), math.log1p(TOP_HZ / 700.0)


def _warp(hz: Tensor) -> Tensor:
    """Frequency to 0..1 on a scale that is linear below 700 Hz and logarithmic above (mel, O'Shaughnessy 1987)."""
    low, high = warp_ends()
    return ((torch.log1p(hz / 700.0) - low) / (high - low)).clamp(0.0, 1.0)


def centres_hz(points: int) -> Tensor:
    """Frequencies [points] at which an envelope of so many points is given."""
    low, high = warp_ends()
    return 700.0 * torch.expm1(torch.linspace(low, high, points))


def _weighting(hz: Tensor) -> Tensor:
    """A-weighting as a factor on power, not below -40 dB so that a lone low partial is not blown up."""
    table = weighting_table(hz.device)
    position = hz.clamp(0.0, SAMPLE_RATE / 2 - 1.0) / 10.0
    below = position.floor()
    return torch.lerp(table[below.long()], table[below.long() + 1], position - below)


@functools.cache
def weighting_table(device: torch.device) -> Tensor:
    """A-weighting every 10 Hz, as a factor on power."""
    db = np.maximum(a_weighting_db(np.arange(0.0, SAMPLE_RATE / 2 + 20.0, 10.0)), WEIGHTING_FLOOR_DB)
    return torch.from_numpy(10.0 ** (db / 10.0)).float().to(device)
