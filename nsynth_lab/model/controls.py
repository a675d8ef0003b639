"""Controls: a causal WaveNet stack at frame rate turns the streams into what drives the excitation.

The levels are tied to loudness. Partials and noise bands get a distribution, normalised so that its A-weighted
level is 0 dB; four times a frame each gets a gain in dB relative to the frame's loudness, at most +6. So the
model starts at the right level at any pitch, and no part of it can die before it has learnt its shape.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.dsp.loudness import a_weighting_db
from nsynth_lab.dsp.noise import bin_hz
from nsynth_lab.latents import TIMBRE_DIMS
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.stack import GatedStack, StackState
from nsynth_lab.units import SAMPLE_RATE

GAINS_PER_FRAME = 4
SEEN_PARTIALS = 32
HALF_PARTIALS = 16
PITCH_CENTRES = 24
TOP_GAIN_DB = 6.0
KNEE_DB = 3.0
TOP_HZ = 0.45 * SAMPLE_RATE
LOWEST_HZ = 40.0
DB_PER_UNIT = 10.0
WEIGHTING_FLOOR_DB = -40.0
INPUTS = TIMBRE_DIMS + 3 + PITCH_CENTRES + SEEN_PARTIALS


@dataclass(frozen=True)
class Controls:
    """What drives the excitation, at the end of each block.

    Attributes:
        partials: [voices, frames, oscillators] amplitudes of A-weighted level 0 dB together.
        noise: [voices, frames, 513] magnitudes of A-weighted level 0 dB together.
        partial_gain: [voices, frames, 4] amplitude factor, four times a block.
        noise_gain: [voices, frames, 4] amplitude factor, four times a block.
        raw: [voices, frames, sum of the net's sizes] what they were made from, for the band stack.
    """

    partials: Tensor
    noise: Tensor
    partial_gain: Tensor
    noise_gain: Tensor
    raw: Tensor


class ControlNet(nn.Module):
    """timbre, loudness, f0 and partials -> Controls."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        corrections = HALF_PARTIALS + config.partial_corrections
        self.sizes = [config.envelope_points, corrections, config.noise_bands, GAINS_PER_FRAME, GAINS_PER_FRAME]
        outputs = sum(self.sizes)
        self.stack = GatedStack(
            INPUTS, config.controls_channels, outputs, layers=config.controls_layers, cycle=config.controls_cycle
        )
        with torch.no_grad():
            self.stack.last.weight.mul_(0.3)
            self.stack.last.bias.copy_(self._first_bias() / DB_PER_UNIT)

    def _first_bias(self) -> Tensor:
        """Partials as 1/k, noise flat and about 35 dB below."""
        envelope = -20.0 * torch.log10(_centres_hz(self.config.envelope_points) / 100.0)
        corrections = torch.zeros(HALF_PARTIALS + self.config.partial_corrections)
        corrections[:HALF_PARTIALS] = -40.0
        gains = torch.tensor([KNEE_DB * 2] * 4 + [41.0] * 4)
        return torch.cat([envelope, corrections, torch.zeros(self.config.noise_bands), gains])

    def start(self, voices: int, *, device: torch.device | str = "cpu") -> StackState:
        """State of so many silent voices."""
        return self.stack.start(voices, device=device)

    def forward(
        self, timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor, state: StackState
    ) -> tuple[Controls, StackState]:
        """One step.

        Args:
            timbre: [voices, frames, 16].
            loudness_db: [voices, frames].
            f0_hz: [voices, frames].
            partials: [voices, frames, 128] offsets in units of f0.
            state: from `start` or the last step.
        """
        seen = _inputs(timbre, loudness_db, f0_hz, partials)
        out, state = self.stack.step(seen, state)
        envelope, corrections, noise, partial_gain, noise_gain = torch.split(out * DB_PER_UNIT, self.sizes, dim=-1)
        level = loudness_db[..., None]
        places_hz = f0_hz[..., None] * partial_places(partials, self._count(f0_hz))
        return (
            Controls(
                partials=_distribution(envelope, corrections, places_hz),
                noise=_noise_shape(noise),
                partial_gain=_gain(level, partial_gain),
                noise_gain=_gain(level, noise_gain),
                raw=out,
            ),
            state,
        )

    def _count(self, f0_hz: Tensor) -> int:
        """Oscillators that any voice of this step needs."""
        return min(self.config.oscillators, int(oscillators_below_top(f0_hz.min()).item()))


def partial_places(partials: Tensor, count: int) -> Tensor:
    """Frequency of each oscillator in units of f0, [.., count], from the slots' offsets [.., 128].

    First 16 half-way places 0.5, 1.5 .. 15.5, where a rank an octave below the key has what k * f0 cannot hold (the
    first takes slot 0's offset), then 1, 2 .. plus their slots' offsets; beyond the table none is known.
    """
    whole = count - HALF_PARTIALS
    known = partials[..., 1 : whole + 1]
    order = torch.arange(1, whole + 1, device=partials.device, dtype=partials.dtype)
    places = order + functional.pad(known, (0, whole - known.shape[-1]))
    halves = torch.arange(HALF_PARTIALS, device=partials.device, dtype=partials.dtype) + 0.5
    halves = halves + functional.pad(partials[..., :1], (0, HALF_PARTIALS - 1))
    return torch.cat([halves, places], dim=-1)


def oscillators_below_top(f0_hz: Tensor) -> Tensor:
    """How many of them lie below 21.6 kHz, and the next."""
    return (TOP_HZ / f0_hz.clamp(min=1.0)).floor() + HALF_PARTIALS + 1


def _inputs(timbre: Tensor, loudness_db: Tensor, f0_hz: Tensor, partials: Tensor) -> Tensor:
    """[voices, frames, inputs]: each stream scaled to about -1..1; pitch also as bumps four semitones apart."""
    note = 69.0 + 12.0 * torch.log2(f0_hz.clamp(min=8.0) / 440.0)
    centres = torch.linspace(12.0, 120.0, PITCH_CENTRES, device=note.device)
    bumps = torch.exp(-0.5 * ((note[..., None] - centres) / 4.0).square())
    scalars = torch.stack([(loudness_db + 40.0) / 25.0, (note - 64.0) / 24.0, loudness_db.clamp(min=-80) / 80], dim=-1)
    return torch.cat([timbre, scalars, bumps, 4.0 * partials[..., :SEEN_PARTIALS]], dim=-1)


def _gain(level_db: Tensor, raw_db: Tensor) -> Tensor:
    """Amplitude factor: at most 6 dB above the frame's loudness, as far below as it likes."""
    relative_db = TOP_GAIN_DB - KNEE_DB * functional.softplus(raw_db / KNEE_DB)
    return torch.exp((level_db + relative_db).clamp(min=-140.0) * (math.log(10.0) / 20.0))


def _distribution(envelope_db: Tensor, corrections_db: Tensor, places_hz: Tensor) -> Tensor:
    """Amplitudes [voices, frames, oscillators]: a spectral envelope read at each partial, plus its own correction."""
    level_db = _read_envelope(envelope_db, places_hz)
    known = min(corrections_db.shape[-1], level_db.shape[-1])
    extra = functional.pad(corrections_db[..., :known], (0, level_db.shape[-1] - known))
    power = torch.exp((level_db + extra).clamp(-120.0, 120.0) * (math.log(10.0) / 10.0))
    power = power * ((TOP_HZ - places_hz) / 1000.0).clamp(0.0, 1.0)
    weighted = (power * _weighting(places_hz)).sum(dim=-1, keepdim=True)
    return torch.sqrt(2.0 * power / (weighted + 1e-12) + 1e-14)


def _read_envelope(envelope_db: Tensor, places_hz: Tensor) -> Tensor:
    """Straight lines between the points of the envelope, [voices, frames, oscillators]."""
    points = envelope_db.shape[-1]
    position = _warp(places_hz) * (points - 1)
    below = position.floor().clamp(0, points - 2)
    index = below.long()
    left, right = envelope_db.gather(-1, index), envelope_db.gather(-1, index + 1)
    return torch.lerp(left, right, (position - below).clamp(0.0, 1.0))


def _noise_shape(bands_db: Tensor) -> Tensor:
    """Magnitudes [voices, frames, 513] of A-weighted level 0 dB, straight lines in dB between band centres."""
    lines, weighting = _noise_tables(bands_db.shape[-1], bands_db.device)
    power = torch.exp((bands_db @ lines).clamp(-120.0, 120.0) * (math.log(10.0) / 10.0))
    mean = (power * weighting).sum(dim=-1, keepdim=True)
    return torch.sqrt(power / (mean + 1e-12) + 1e-14)


@functools.cache
def _noise_tables(bands: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Interpolation [bands, 513], and each bin's share of A-weighted power of white noise [513]."""
    hz = bin_hz()
    position = (_warp(hz) * (bands - 1)).clamp(0, bands - 1)
    lines = (1.0 - (position - torch.arange(bands)[:, None]).abs()).clamp(min=0.0)
    weighting = _weighting(hz) / (len(hz) - 1)
    weighting[0] = weighting[-1] = 0.0
    return lines.to(device), weighting.to(device)


def _warp(hz: Tensor) -> Tensor:
    """Frequency to 0..1 on a scale that is linear below 700 Hz and logarithmic above (mel, O'Shaughnessy 1987)."""
    low, high = math.log1p(LOWEST_HZ / 700.0), math.log1p(TOP_HZ / 700.0)
    return ((torch.log1p(hz / 700.0) - low) / (high - low)).clamp(0.0, 1.0)


def _centres_hz(points: int) -> Tensor:
    low, high = math.log1p(LOWEST_HZ / 700.0), math.log1p(TOP_HZ / 700.0)
    return 700.0 * torch.expm1(torch.linspace(low, high, points))


def _weighting(hz: Tensor) -> Tensor:
    """A-weighting as a factor on power, not below -40 dB so that a lone low partial is not blown up."""
    table = _weighting_table(hz.device)
    position = hz.clamp(0.0, SAMPLE_RATE / 2 - 1.0) / 10.0
    below = position.floor()
    return torch.lerp(table[below.long()], table[below.long() + 1], position - below)


@functools.cache
def _weighting_table(device: torch.device) -> Tensor:
    """A-weighting every 10 Hz."""
    db = np.maximum(a_weighting_db(np.arange(0.0, SAMPLE_RATE / 2 + 20.0, 10.0)), WEIGHTING_FLOOR_DB)
    return torch.from_numpy(10.0 ** (db / 10.0)).float().to(device)
