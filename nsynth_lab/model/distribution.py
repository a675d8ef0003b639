"""Spectra of partials and noise, normalised to an A-weighted level of 0 dB.

The spectral envelope and the noise bands are given in dB at points evenly spaced on the mel scale (linear below 700 Hz,
logarithmic above; O'Shaughnessy 1987). Each is divided by its total A-weighted power, so that with a gain of 1 it is as
loud as a 1 kHz sine at 0 dB, at any pitch.

Nothing sounds above 20 kHz: the training losses end there, so the weights' output above it is arbitrary. Partials above
20 kHz are removed before normalisation. Noise above 20 kHz is removed after it, because trained weights may rely on the
power up there to keep the noise below at the right level.
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

TOP_HZ = 0.45 * SAMPLE_RATE  # the last point of envelope and noise bands
AUDIBLE_HZ, FADE_HZ = 20_000.0, 500.0  # silent from here on, fading over the last 500 Hz below
LOWEST_HZ = 40.0
WEIGHTING_FLOOR_DB = -40.0
LOUDEST_DB = 120.0  # limit before normalisation


def partial_amplitudes(envelope_db: Tensor, corrections_db: Tensor, oscillator_hz: Tensor) -> Tensor:
    """Amplitudes [voices, frames, oscillators]: the envelope at each partial's frequency plus its own correction."""
    level_db = _read_envelope(envelope_db, oscillator_hz)
    known = min(corrections_db.shape[-1], level_db.shape[-1])
    extra = functional.pad(corrections_db[..., :known], (0, level_db.shape[-1] - known))
    power = torch.exp((level_db + extra).clamp(-LOUDEST_DB, LOUDEST_DB) * (math.log(10.0) / 10.0))
    power = power * audible(oscillator_hz).square()
    weighted = (power * _weighting(oscillator_hz)).sum(dim=-1, keepdim=True)
    return torch.sqrt(2.0 * power / (weighted + 1e-12) + 1e-14)


def audible(hz: Tensor) -> Tensor:
    """Amplitude factor: 1 up to 19.5 kHz, falling linearly to 0 at 20 kHz and above."""
    return ((AUDIBLE_HZ - hz) / FADE_HZ).clamp(0.0, 1.0)


def _read_envelope(envelope_db: Tensor, oscillator_hz: Tensor) -> Tensor:
    """The envelope, interpolated linearly at `oscillator_hz`, in dB [voices, frames, oscillators]."""
    points = envelope_db.shape[-1]
    position = _warp(oscillator_hz) * (points - 1)
    below = position.floor().clamp(0, points - 2)
    index = below.long()
    left, right = envelope_db.gather(-1, index), envelope_db.gather(-1, index + 1)
    return torch.lerp(left, right, (position - below).clamp(0.0, 1.0))


def noise_magnitudes(bands_db: Tensor) -> Tensor:
    """Magnitudes [voices, frames, 513] with an A-weighted level of 0 dB, linear in dB between band centres."""
    lines, weighting, heard = noise_tables(bands_db.shape[-1], bands_db.device)
    power = torch.exp((bands_db @ lines).clamp(-LOUDEST_DB, LOUDEST_DB) * (math.log(10.0) / 10.0))
    mean = (power * weighting).sum(dim=-1, keepdim=True)
    return torch.sqrt(power / (mean + 1e-12) + 1e-14) * heard


@functools.cache
def noise_tables(bands: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """(interpolation [bands, 513], each bin's share of white noise's A-weighted power [513], `audible` of it [513])."""
    hz = bin_hz()
    position = (_warp(hz) * (bands - 1)).clamp(0, bands - 1)
    lines = (1.0 - (position - torch.arange(bands)[:, None]).abs()).clamp(min=0.0)
    weighting = _weighting(hz) / (len(hz) - 1)
    weighting[0] = weighting[-1] = 0.0
    return lines.to(device), weighting.to(device), audible(hz).to(device)


def warp_ends() -> tuple[float, float]:
    """log(1 + hz / 700) of the first and the last point."""
    return math.log1p(LOWEST_HZ / 700.0), math.log1p(TOP_HZ / 700.0)


def _warp(hz: Tensor) -> Tensor:
    """Frequency to a position 0..1 on the mel scale (O'Shaughnessy 1987)."""
    low, high = warp_ends()
    return ((torch.log1p(hz / 700.0) - low) / (high - low)).clamp(0.0, 1.0)


def centres_hz(points: int) -> Tensor:
    """Frequencies in Hz of the `points` points of an envelope, [points]."""
    low, high = warp_ends()
    return 700.0 * torch.expm1(torch.linspace(low, high, points))


def _weighting(hz: Tensor) -> Tensor:
    """A-weighting as a power factor, at least -40 dB so that normalisation does not inflate a single low partial."""
    table = weighting_table(hz.device)
    position = hz.clamp(0.0, SAMPLE_RATE / 2 - 1.0) / 10.0
    below = position.floor()
    return torch.lerp(table[below.long()], table[below.long() + 1], position - below)


@functools.cache
def weighting_table(device: torch.device) -> Tensor:
    """A-weighting as a power factor, every 10 Hz from 0."""
    db = np.maximum(a_weighting_db(np.arange(0.0, SAMPLE_RATE / 2 + 20.0, 10.0)), WEIGHTING_FLOOR_DB)
    return torch.from_numpy(10.0 ** (db / 10.0)).float().to(device)
