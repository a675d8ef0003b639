"""The control net of one voice in NumPy. `model.controls`, `model.stack` and `model.distribution` say what it computes.

All of it is float32: a float64 among the operands would make all that follows several times slower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.model.detail_offsets import detail_matrix
from nsynth_lab.model.scales import (
    AUDIBLE_HZ,
    BUMP_NOTES,
    DB_PER_UNIT,
    FADE_HZ,
    GAIN_PER_DB,
    KNEE_DB,
    LEAST_POWER,
    LEAST_WEIGHTED,
    LOUDEST_DB,
    LOWEST_HZ,
    MIDDLE_DB,
    MIDDLE_NOTE,
    PARTIALS_SCALE,
    POWER_PER_DB,
    QUIET_DB,
    QUIETEST_DB,
    SPREAD_DB,
    SPREAD_NOTES,
    TOP_GAIN_DB,
    WEIGHTING_STEP_HZ,
    noise_audible,
    noise_lines,
    noise_weighting,
    oscillator_orders,
    pitch_centres,
    warp_ends,
    weighting_table,
)
from nsynth_lab.model.sizes import (
    CONTROL_STACK,
    HALF_PARTIALS,
    SEEN_PARTIALS,
    TAPS,
    control_outputs,
    dilations,
)
from nsynth_lab.model.weights import ModelWeights
from nsynth_lab.units import FloatArray, Ints

Past = tuple[FloatArray, ...]
Linear = tuple[FloatArray, FloatArray]  # weights [outputs, inputs], bias [outputs]
ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)  # Abramowitz and Stegun, formula 7.1.26
ERF_SCALE = 0.3275911


@dataclass(frozen=True)
class Controls:
    """As `model.controls.Controls`, of one voice.

    Attributes:
        partials: [frames, oscillators] amplitudes at the end of each frame.
        noise: [frames, 513] magnitudes.
        gains: [frames * 4, 2] of the partials and of the noise.
    """

    partials: FloatArray
    noise: FloatArray
    gains: FloatArray


class NumpyControls:
    """timbre, loudness, f0 and partials of one voice -> Controls."""

    def __init__(self, weights: ModelWeights) -> None:
        self.config = weights.config
        self.stack = NumpyStack(weights)
        self._outputs = np.cumsum(control_outputs(self.config))[:-1]
        self._detail = detail_matrix(*control_outputs(self.config)[:3])
        self._lines = noise_lines(self.config.noise_bands)
        self._weighting, self._audible = noise_weighting(), noise_audible()

    def step(
        self,
        timbre: FloatArray,
        level_db: FloatArray,
        f0_hz: FloatArray,
        ratios: FloatArray,
        partials: FloatArray,
        past: Past,
        detail: FloatArray | None = None,
    ) -> tuple[Controls, Past]:
        """One step of as many frames as the streams have, `timbre` [frames, 16] and so on.

        `ratios` [frames, oscillators] are the frequencies of the oscillators that are wanted, in units of f0. `detail`
        [frames, 129] is as in `NumpyDecoder.step`.
        """
        out, past = self.stack.step(_inputs(timbre, level_db, f0_hz, partials), past)
        if detail is not None:
            out += detail @ self._detail
        envelope, corrections, noise, partial_gain, noise_gain = np.split(out * DB_PER_UNIT, self._outputs, axis=1)
        raw_gains = np.stack([partial_gain.ravel(), noise_gain.ravel()], axis=1)
        controls = Controls(
            partials=_amplitudes(envelope, corrections, f0_hz[:, None] * ratios),
            noise=self._magnitudes(noise),
            gains=_gains(level_db.repeat(len(raw_gains) // len(level_db))[:, None], raw_gains),
        )
        return controls, past

    def _magnitudes(self, bands_db: FloatArray) -> FloatArray:
        power = _power(bands_db @ self._lines)
        mean = (power @ self._weighting)[:, None]
        return np.sqrt(power / (mean + LEAST_WEIGHTED) + LEAST_POWER) * self._audible


class NumpyStack:
    """The causal stack of one voice."""

    def __init__(self, weights: ModelWeights) -> None:
        config = weights.config

        def linear(name: str) -> Linear:
            return weights.linear(f"{CONTROL_STACK}.{name}")

        self.channels = config.controls_channels
        self.dilations = dilations(config.controls_layers, config.controls_cycle)
        self.first, self.mix, self.last = linear("first"), linear("mix"), linear("last")
        layers = range(config.controls_layers)
        self.taps = [linear(f"layers.{layer}.taps") for layer in layers]
        self.out = [linear(f"layers.{layer}.out") for layer in layers]

    def start(self) -> Past:
        """Silence: the last 2 * dilation inputs of each layer."""
        return tuple(np.zeros(((TAPS - 1) * dilation, self.channels), np.float32) for dilation in self.dilations)

    def step(self, x: FloatArray, past: Past) -> tuple[FloatArray, Past]:
        """`x` [frames, inputs] -> [frames, outputs], and the past after it."""
        x, kept = _applied(self.first, x), list[FloatArray]()
        total = np.zeros_like(x)
        for taps, out, dilation, before in zip(self.taps, self.out, self.dilations, past, strict=True):
            padded = np.concatenate([before, x])
            kept.append(padded[-len(before) :])
            shifted = np.concatenate([padded[tap * dilation : tap * dilation + len(x)] for tap in range(TAPS)], axis=1)
            residual, skip = np.hsplit(_applied(out, _gated(_applied(taps, shifted))), 2)
            x, total = x + residual, total + skip
        return _applied(self.last, _gelu(_applied(self.mix, _gelu(total)))), tuple(kept)


def partial_ratios(partials: FloatArray, count: int) -> FloatArray:
    """Frequency of each oscillator in units of f0, [frames, count], from the measured offsets [frames, 128]."""
    ratios = np.tile(oscillator_orders(count), (len(partials), 1))
    known = partials[:, 1 : count - HALF_PARTIALS + 1]
    ratios[:, 0] += partials[:, 0]
    ratios[:, HALF_PARTIALS : HALF_PARTIALS + known.shape[1]] += known
    return ratios


def oscillators_below_top(f0_hz: float) -> int:
    """Number of oscillators at or below 20 kHz plus the next one."""
    return int(AUDIBLE_HZ / max(1.0, f0_hz)) + HALF_PARTIALS + 1


def _applied(linear: Linear, x: FloatArray) -> FloatArray:
    weight, bias = linear
    out: FloatArray = x @ weight.T
    out += bias
    return out


def _gated(both: FloatArray) -> FloatArray:
    """tanh(signal) * sigmoid(gate) of [frames, signal and gate]; the sigmoid of x is half of 1 + tanh(x / 2)."""
    signal, gate = np.hsplit(both, 2)
    return np.asarray(np.tanh(signal) * (0.5 + 0.5 * np.tanh(0.5 * gate)))


def _gelu(x: FloatArray) -> FloatArray:
    """X / 2 * (1 + erf(x / sqrt(2))), the error function within 2e-7."""
    size = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1.0 / (1.0 + ERF_SCALE * size)
    series = np.zeros_like(t)
    for coefficient in reversed(ERF):
        series = (series + np.float32(coefficient)) * t
    return np.asarray(0.5 * x * (1.0 + np.copysign(1.0 - series * np.exp(-size * size), x)))


def _inputs(timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray) -> FloatArray:
    note = 69.0 + 12.0 * np.log2(np.maximum(f0_hz, LOWEST_HZ) / 440.0)
    bumps = np.exp(-0.5 * np.square((note[:, None] - pitch_centres()) / BUMP_NOTES))
    level, quiet = (level_db - MIDDLE_DB) / SPREAD_DB, np.maximum(level_db, -QUIET_DB) / QUIET_DB
    scalars = np.stack([level, (note - MIDDLE_NOTE) / SPREAD_NOTES, quiet], axis=1)
    return np.concatenate([timbre, scalars, bumps, PARTIALS_SCALE * partials[:, :SEEN_PARTIALS]], axis=1)


def _amplitudes(envelope_db: FloatArray, corrections_db: FloatArray, hz: FloatArray) -> FloatArray:
    """Amplitudes of the oscillators at `hz` [frames, oscillators], with an A-weighted level of 0 dB."""
    low, high = warp_ends()
    points, known = envelope_db.shape[1], corrections_db.shape[1]
    place, share = _between((np.log1p(hz / 700.0) - low) * ((points - 1) / (high - low)), points)
    rows = np.arange(len(hz))[:, None]
    level_db = _mixed(envelope_db[rows, place], envelope_db[rows, place + 1], share)
    level_db[:, :known] += corrections_db[:, : hz.shape[1]]
    power = _power(level_db) * np.square(np.clip((AUDIBLE_HZ - hz) / FADE_HZ, 0.0, 1.0))
    table = weighting_table()
    place, share = _between(hz / WEIGHTING_STEP_HZ, len(table))
    weighted = (power * _mixed(table[place], table[place + 1], share)).sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(2.0 * power / (weighted + LEAST_WEIGHTED) + LEAST_POWER))


def _between(place: FloatArray, points: int) -> tuple[Ints, FloatArray]:
    """Index of the point of a table below `place`, and the share of the point above; what is no number is 0."""
    place = np.fmin(np.fmax(place, 0.0), points - 1.0)
    below = np.minimum(place.astype(np.int64), points - 2)
    return below, place - below.astype(np.float32)


def _mixed(low: FloatArray, high: FloatArray, share: FloatArray) -> FloatArray:
    return np.asarray(low + (high - low) * share)


def _power(db: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.clip(db, -LOUDEST_DB, LOUDEST_DB) * POWER_PER_DB))


def _gains(level_db: FloatArray, raw_db: FloatArray) -> FloatArray:
    """Amplitude factors: at most 6 dB above the frame's loudness."""
    softplus = np.logaddexp(0.0, raw_db / KNEE_DB)
    return np.asarray(np.exp(np.maximum(level_db + TOP_GAIN_DB - KNEE_DB * softplus, QUIETEST_DB) * GAIN_PER_DB))
