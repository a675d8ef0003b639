"""The control net laid out for compiled loops: its weights and tables, and what each voice remembers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nsynth_lab.compiled.controls import ExcitationControls, control
from nsynth_lab.compiled.inputs import Scales
from nsynth_lab.compiled.outputs import Tables
from nsynth_lab.compiled.products import Float16Bits, float16_bits, in_panels, whole_panels
from nsynth_lab.compiled.stack import Past, Stack
from nsynth_lab.detail import DIMS
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.detail_offsets import detail_shares
from nsynth_lab.model.scales import (
    AUDIBLE_HZ,
    BUMP_NOTES,
    DB_PER_UNIT,
    FADE_HZ,
    GAIN_PER_DB,
    KNEE_DB,
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
    noise_audible,
    noise_bands_of_bins,
    noise_weighting,
    oscillator_orders,
    pitch_centres,
    warp_ends,
    weighting_table,
)
from nsynth_lab.model.sizes import CONTROL_STACK, HALF_PARTIALS, SEEN_PARTIALS, TAPS, control_outputs, dilations
from nsynth_lab.model.weights import ModelWeights
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.units import FloatArray, Ints

F = np.float32
NO_DETAIL = np.empty((0, DIMS), np.float32)
KEPT = 2  # models whose layers stay laid out
SCALES = Scales(
    middle_db=F(MIDDLE_DB),
    spread_db=F(SPREAD_DB),
    quiet_db=F(QUIET_DB),
    middle_note=F(MIDDLE_NOTE),
    spread_notes=F(SPREAD_NOTES),
    lowest_hz=F(LOWEST_HZ),
    centres=pitch_centres(),
    bump=F(-0.5 / BUMP_NOTES**2),
    partials=F(PARTIALS_SCALE),
    seen=SEEN_PARTIALS,
)


class NumbaControls:
    """The control net of many slots, in compiled loops."""

    def __init__(self, weights: ModelWeights, slots: int) -> None:
        self.stack = NumbaStack(weights, slots)
        self.tables = _tables(weights.config)

    def step(self, slots: Ints, streams: FrameStreams) -> ExcitationControls:
        """As many next frames of each of `slots`: streams [all frames, ...], those of a slot one after the other."""
        stack, own = self.stack, (streams.timbre, streams.level_db, streams.f0_hz, streams.partials)
        offsets = NO_DETAIL if streams.detail is None else streams.detail
        return control(stack.weights, stack.past, SCALES, self.tables, slots, *own, offsets)


@lru_cache(maxsize=KEPT)
def _tables(config: ModelConfig) -> Tables:
    points, corrections, bands, *_ = control_outputs(config)
    low_end, high_end = warp_ends()
    warp_scale = (points - 1) / (high_end - low_end)
    low, share = noise_bands_of_bins(bands)
    columns, shares = detail_shares(points, corrections, bands)
    return Tables(
        order=oscillator_orders(config.oscillators),
        halves=HALF_PARTIALS,
        points=points,
        corrections=corrections,
        bands=bands,
        power_per_unit=F(DB_PER_UNIT * POWER_PER_DB),
        loudest=F(LOUDEST_DB * POWER_PER_DB),
        warp_scale=F(warp_scale),
        warp_offset=F(low_end * warp_scale),
        audible_hz=F(AUDIBLE_HZ),
        fades_per_hz=F(1.0 / FADE_HZ),
        weighting=weighting_table(),
        low=low,
        share=share,
        noise_weighting=noise_weighting(),
        noise_audible=noise_audible(),
        detail_columns=columns,
        detail_shares=shares,
        knee_db=F(KNEE_DB),
        top_gain_db=F(TOP_GAIN_DB),
        quietest_db=F(QUIETEST_DB),
        db_per_unit=F(DB_PER_UNIT),
        gain_per_db=F(GAIN_PER_DB),
    )


class NumbaStack:
    """The control net's stack for many slots, each of which keeps its past in a ring of its own.

    Weights are taken as float16, which is what checkpoints keep.

    Attributes:
        ring: how many frames the ring holds, and a step may take.
    """

    def __init__(self, weights: ModelWeights, slots: int) -> None:
        self.weights = _stack(weights)
        layers = len(self.weights.dilations)
        self.ring = (TAPS - 1) * int(self.weights.dilations.max()) + 1
        self.past = Past(
            # filled so that memory is there before the first block that needs it
            frames=np.full((slots, layers, self.ring, weights.config.controls_channels), 0.0, np.float32),
            at=np.zeros(slots, np.int64),
            age=np.zeros(slots, np.int64),
        )


@lru_cache(maxsize=KEPT)
def _stack(weights: ModelWeights) -> Stack:
    """The layers as the loops read them; laid out once for a model: it takes as long as the rest of an engine."""
    config, channels = weights.config, weights.config.controls_channels
    layers = range(config.controls_layers)
    first, mix, last = (_linear(weights, name) for name in ("first", "mix", "last"))
    taps = [_linear(weights, f"layers.{layer}.taps") for layer in layers]
    out = [_linear(weights, f"layers.{layer}.out") for layer in layers]
    out_bias = np.stack([bias for _, bias in out])
    return Stack(
        dilations=np.array(dilations(config.controls_layers, config.controls_cycle)),
        first=in_panels(first[0]),
        first_bias=whole_panels(first[1]),
        taps=np.stack([in_panels(weight) for weight, _ in taps]),
        taps_bias=np.stack([whole_panels(bias) for _, bias in taps]),
        residual=np.stack([in_panels(weight[:, :channels]) for weight, _ in out]),
        residual_bias=whole_panels(out_bias[:, :channels]),
        skip=np.stack([in_panels(weight[:, channels:]) for weight, _ in out]),
        skip_bias=whole_panels(out_bias[:, channels:].sum(axis=0)),
        mix=in_panels(mix[0]),
        mix_bias=whole_panels(mix[1]),
        last=in_panels(last[0]),
        last_bias=whole_panels(last[1]),
    )


def _linear(weights: ModelWeights, name: str) -> tuple[Float16Bits, FloatArray]:
    """A layer's weights as [inputs, outputs], and its bias."""
    weight, bias = weights.linear(f"{CONTROL_STACK}.{name}")
    return float16_bits(weight.T), bias
