"""RowControls: `ControlNet` for some of many rows, its scalings folded into its weights.

Products are torch's. What lies between them is NumPy's, whose operations on a few hundred numbers begin several times
sooner. `controls` and `distribution` say the same in a form to read; tests hold the two together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.latents import TIMBRE_DIMS
from nsynth_lab.model.controls import (
    BUMP_NOTES,
    DB_PER_UNIT,
    GAINS_PER_FRAME,
    INPUTS,
    KNEE_DB,
    LOWEST_HZ,
    MIDDLE_DB,
    MIDDLE_NOTE,
    PARTIALS_SCALE,
    PITCH_CENTRES,
    QUIET_DB,
    QUIETEST_DB,
    SEEN_PARTIALS,
    SPREAD_DB,
    SPREAD_NOTES,
    TOP_GAIN_DB,
    ControlNet,
    pitch_centres,
)
from nsynth_lab.model.distribution import TOP_HZ, noise_tables, warp_ends, weighting_table
from nsynth_lab.model.stack_rows import StackRows
from nsynth_lab.units import FloatArray, Ints

POWER_PER_DB, AMPLITUDE_PER_DB = math.log(10.0) / 10.0, math.log(10.0) / 20.0
LOUDEST = 120.0 * POWER_PER_DB
LEVEL, NOTE, QUIET = TIMBRE_DIMS, TIMBRE_DIMS + 1, TIMBRE_DIMS + 2
BUMPS = slice(TIMBRE_DIMS + 3, TIMBRE_DIMS + 3 + PITCH_CENTRES)
SEEN = slice(INPUTS - SEEN_PARTIALS, INPUTS)


@dataclass(frozen=True)
class RowFrames:
    """`Controls` of the frames that are due, those of a row one after the other.

    Attributes:
        partials: [due, count] amplitudes of A-weighted level 0 dB together.
        noise: [due, 513] magnitudes likewise.
        gains: [due, 2, 4] amplitude factors of partials and noise, four times a frame.
    """

    partials: FloatArray
    noise: FloatArray
    gains: FloatArray


class RowControls:
    """`step(rows, streams) -> RowFrames`; what it remembers of a row is its stack's."""

    def __init__(self, controls: ControlNet, rows: int) -> None:
        self.stack = StackRows(controls.stack, rows)
        self._fold(controls)
        envelope, corrections, noise, *_ = controls.sizes
        self.points, self.corrections = envelope, corrections
        self.noise_at = envelope + corrections
        self.gains_at = self.noise_at + noise
        self.centres: FloatArray = pitch_centres().numpy()
        self.lines, weighting = noise_tables(noise, torch.device("cpu"))
        self.noise_weighting: FloatArray = weighting.numpy()
        low, high = warp_ends()
        self.warp_scale = np.float32((envelope - 1) / (high - low))
        self.warp_offset = np.float32(low) * self.warp_scale
        self.weighting: FloatArray = weighting_table(torch.device("cpu")).numpy()
        self.weighting_slope = np.append(np.diff(self.weighting), np.float32(0.0))

    @torch.no_grad()
    def _fold(self, controls: ControlNet) -> None:
        """`stack_inputs`' scales into the first layer, units and logarithms into the last."""
        weight, bias = controls.stack.first.weight.float().clone(), controls.stack.first.bias.float()
        weight[:, LEVEL] /= SPREAD_DB
        weight[:, NOTE] /= SPREAD_NOTES
        weight[:, QUIET] /= QUIET_DB
        weight[:, SEEN] *= PARTIALS_SCALE
        self.first_bias = bias - weight[:, LEVEL] * MIDDLE_DB - weight[:, NOTE] * MIDDLE_NOTE
        self.first_weight = weight.T.contiguous()
        self.mix_weight, self.mix_bias = (
            (0.5 * controls.stack.mix.weight.float()).T.contiguous(),
            controls.stack.mix.bias,
        )
        scales = torch.full((sum(controls.sizes),), DB_PER_UNIT * POWER_PER_DB)
        scales[-2 * GAINS_PER_FRAME :] = DB_PER_UNIT / KNEE_DB
        self.last_weight = (0.5 * controls.stack.last.weight.float() * scales[:, None]).T.contiguous()
        self.last_bias = controls.stack.last.bias.float() * scales

    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray, *,
        partial_hz: FloatArray,
    ) -> RowFrames:  # fmt: skip
        """The next frames of `rows`, as many of each: streams [due, ...], the frames of a row one after the other.

        `partial_hz` [due, count] of all oscillators that any of them needs.
        """
        x = torch.from_numpy(self._inputs(timbre, level_db, f0_hz, partials))
        skips = self.stack.step(torch.addmm(self.first_bias, x, self.first_weight), rows)
        hidden = _gelu(torch.addmm(self.mix_bias, _gelu(skips), self.mix_weight))
        out = torch.addmm(self.last_bias, hidden, self.last_weight)
        numbers: FloatArray = out.numpy()
        return RowFrames(
            partials=self._amplitudes(numbers, partial_hz),
            noise=self._magnitudes(out[:, self.noise_at : self.gains_at]),
            gains=_gains(level_db, numbers[:, self.gains_at :]),
        )

    def _inputs(self, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray) -> FloatArray:
        note = 69.0 + 12.0 * np.log2(np.maximum(f0_hz, np.float32(LOWEST_HZ)) * np.float32(1.0 / 440.0))
        x = np.empty((len(timbre), INPUTS), np.float32)
        x[:, :LEVEL] = timbre
        x[:, LEVEL], x[:, NOTE], x[:, QUIET] = level_db, note, np.maximum(level_db, np.float32(-QUIET_DB))
        away = note[:, None] - self.centres
        away *= away
        away *= np.float32(-0.5 / BUMP_NOTES**2)
        np.exp(away, out=x[:, BUMPS])
        x[:, SEEN] = partials[:, :SEEN_PARTIALS]
        return x

    def _amplitudes(self, out: FloatArray, hz: FloatArray) -> FloatArray:
        """As `partial_amplitudes`; `out` holds logarithms of power."""
        due, count = hz.shape
        place = np.log(hz * np.float32(1 / 700.0) + np.float32(1.0))
        place *= self.warp_scale
        place -= self.warp_offset
        np.clip(place, np.float32(0.0), np.float32(self.points - 1), out=place)
        below = np.minimum(np.floor(place), np.float32(self.points - 2))
        place -= below
        index = below.astype(np.int64)
        index += np.arange(due)[:, None] * out.shape[1]
        power = out.take(index)
        index += 1
        place *= out.take(index) - power
        power += place
        known = min(self.corrections, count)
        power[:, :known] += out[:, self.points : self.points + known]
        np.clip(power, np.float32(-LOUDEST), np.float32(LOUDEST), out=power)
        np.exp(power, out=power)
        power *= np.clip((np.float32(TOP_HZ) - hz) * np.float32(1e-3), np.float32(0.0), np.float32(1.0))
        weighted = np.einsum("ij,ij->i", power, self._weights(hz))
        power *= (np.float32(2.0) / (weighted + np.float32(1e-12)))[:, None]
        power += np.float32(1e-14)
        return np.asarray(np.sqrt(power))

    def _weights(self, hz: FloatArray) -> FloatArray:
        """A-weighting of power at each frequency."""
        place: FloatArray = np.minimum(hz * np.float32(0.1), np.float32(len(self.weighting) - 2))
        index = place.astype(np.int64)
        place -= index
        place *= self.weighting_slope.take(index)
        place += self.weighting.take(index)
        return place

    def _magnitudes(self, bands: Tensor) -> FloatArray:
        """As `noise_magnitudes`; `bands` holds logarithms of power."""
        power: FloatArray = (bands @ self.lines).numpy()
        np.clip(power, np.float32(-LOUDEST), np.float32(LOUDEST), out=power)
        np.exp(power, out=power)
        weighted = np.einsum("ij,j->i", power, self.noise_weighting)
        power *= (np.float32(1.0) / (weighted + np.float32(1e-12)))[:, None]
        power += np.float32(1e-14)
        return np.asarray(np.sqrt(power))


def _gelu(x: Tensor) -> Tensor:
    """As torch's, whose own takes ten times as long to begin."""
    return torch.erf(x * math.sqrt(0.5)).add_(1.0).mul_(x)  # twice as much: the half is in the next weights


def _gains(level_db: FloatArray, raw: FloatArray) -> FloatArray:
    """As `controls._gain`, of partials and noise at once; `raw` [due, 8] in knees."""
    gain = np.logaddexp(raw, np.float32(0.0))
    gain *= np.float32(-KNEE_DB)
    gain += level_db[:, None] + np.float32(TOP_GAIN_DB)
    np.maximum(gain, np.float32(QUIETEST_DB), out=gain)
    gain *= np.float32(AMPLITUDE_PER_DB)
    return np.exp(gain, out=gain).reshape(-1, 2, GAINS_PER_FRAME)
