"""Spectra of partials and noise, normalised to an A-weighted level of 0 dB.

The spectral envelope and the noise bands are given in dB at points evenly spaced on the mel scale (linear below 700 Hz,
logarithmic above; O'Shaughnessy 1987). Each is divided by its total A-weighted power, so that with a gain of 1 it is as
loud as a 1 kHz sine at 0 dB, at any pitch.

Nothing sounds above 20 kHz: the training losses end there, so the weights' output above it is arbitrary. Partials above
20 kHz are removed before normalisation. Noise above 20 kHz is removed after it, because trained weights may rely on the
power up there to keep the noise below at the right level.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.on_device import on_device
from nsynth_lab.model.scales import (
    AUDIBLE_HZ,
    FADE_HZ,
    LEAST_POWER,
    LEAST_WEIGHTED,
    LOUDEST_DB,
    POWER_PER_DB,
    WEIGHTING_STEP_HZ,
    noise_audible,
    noise_lines,
    noise_weighting,
    warp_ends,
    weighting_table,
)
from nsynth_lab.units import SAMPLE_RATE


def partial_amplitudes(envelope_db: Tensor, corrections_db: Tensor, oscillator_hz: Tensor) -> Tensor:
    """Amplitudes [voices, frames, oscillators]: the envelope at each partial's frequency plus its own correction."""
    level_db = _read_envelope(envelope_db, oscillator_hz)
    known = min(corrections_db.shape[-1], level_db.shape[-1])
    extra = functional.pad(corrections_db[..., :known], (0, level_db.shape[-1] - known))
    power = torch.exp((level_db + extra).clamp(-LOUDEST_DB, LOUDEST_DB) * POWER_PER_DB)
    power = power * audible(oscillator_hz).square()
    weighted = (power * _weighting(oscillator_hz)).sum(dim=-1, keepdim=True)
    return torch.sqrt(2.0 * power / (weighted + LEAST_WEIGHTED) + LEAST_POWER)


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
    device = bands_db.device
    lines = on_device(noise_lines, int(bands_db.shape[-1]), device=device)  # while it is traced, a shape holds tensors
    power = torch.exp((bands_db @ lines).clamp(-LOUDEST_DB, LOUDEST_DB) * POWER_PER_DB)
    mean = (power * on_device(noise_weighting, device=device)).sum(dim=-1, keepdim=True)
    return torch.sqrt(power / (mean + LEAST_WEIGHTED) + LEAST_POWER) * on_device(noise_audible, device=device)


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
    table = on_device(weighting_table, device=hz.device)
    position = hz.clamp(0.0, SAMPLE_RATE / 2 - 1.0) / WEIGHTING_STEP_HZ
    below = position.floor()
    return torch.lerp(table[below.long()], table[below.long() + 1], position - below)
