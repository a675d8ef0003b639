"""The control net laid out for compiled loops: its weights and tables, and what each voice remembers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from nsynth_lab.compiled.controls import ExcitationControls, control
from nsynth_lab.compiled.inputs import Scales
from nsynth_lab.compiled.outputs import Tables
from nsynth_lab.compiled.products import Float16Bits, float16_bits, in_panels, whole_panels
from nsynth_lab.compiled.stack import Past, Stack
from nsynth_lab.model.controls import (
    BUMP_NOTES,
    DB_PER_UNIT,
    KNEE_DB,
    LOWEST_HZ,
    MIDDLE_DB,
    MIDDLE_NOTE,
    PARTIALS_SCALE,
    QUIET_DB,
    QUIETEST_DB,
    SPREAD_DB,
    SPREAD_NOTES,
    TOP_GAIN_DB,
    ControlNet,
    partial_ratios,
    pitch_centres,
)
from nsynth_lab.model.distribution import (
    AUDIBLE_HZ,
    FADE_HZ,
    LOUDEST_DB,
    noise_tables,
    warp_ends,
    weighting_table,
)
from nsynth_lab.model.sizes import HALF_PARTIALS, SEEN_PARTIALS, TAPS
from nsynth_lab.model.stack import GatedLayer, GatedStack
from nsynth_lab.units import FloatArray, Ints

F = np.float32
POWER_PER_DB, GAIN_PER_DB = np.log(10.0) / 10.0, np.log(10.0) / 20.0
SCALES = Scales(
    middle_db=F(MIDDLE_DB),
    spread_db=F(SPREAD_DB),
    quiet_db=F(QUIET_DB),
    middle_note=F(MIDDLE_NOTE),
    spread_notes=F(SPREAD_NOTES),
    lowest_hz=F(LOWEST_HZ),
    centres=pitch_centres().numpy(),
    bump=F(-0.5 / BUMP_NOTES**2),
    partials=F(PARTIALS_SCALE),
    seen=SEEN_PARTIALS,
)


class NumbaControls:
    """The control net of many slots, in compiled loops."""

    def __init__(self, controls: ControlNet, slots: int) -> None:
        self.stack = NumbaStack(controls.stack, slots)
        self.tables = _tables(controls)

    def step(
        self, slots: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> ExcitationControls:
        """As many next frames of each of `slots`: streams [all frames, ...], those of a slot one after the other."""
        stack = self.stack
        return control(stack.weights, stack.past, SCALES, self.tables, slots, timbre, level_db, f0_hz, partials)


def _tables(controls: ControlNet) -> Tables:
    points, corrections, bands, *_ = controls.sizes
    cpu = torch.device("cpu")
    lines, weighting, audible = (table.numpy() for table in noise_tables(bands, cpu))
    low_end, high_end = warp_ends()
    warp_scale = (points - 1) / (high_end - low_end)
    low = np.minimum((lines > 0).argmax(axis=0), bands - 2)
    return Tables(
        order=partial_ratios(torch.zeros(1, 1), controls.config.oscillators)[0].numpy(),
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
        weighting=weighting_table(cpu).numpy(),
        low=low,
        share=np.take_along_axis(lines, low[None] + 1, axis=0)[0],
        noise_weighting=weighting,
        noise_audible=audible,
        knee_db=F(KNEE_DB),
        top_gain_db=F(TOP_GAIN_DB),
        quietest_db=F(QUIETEST_DB),
        db_per_unit=F(DB_PER_UNIT),
        gain_per_db=F(GAIN_PER_DB),
    )


class NumbaStack:
    """A `GatedStack` of many slots, each of which keeps its past in a ring of its own.

    Weights are taken as float16, which is what checkpoints keep.

    Attributes:
        ring: how many frames the ring holds, and a step may take.
    """

    def __init__(self, stack: GatedStack, slots: int) -> None:
        self.weights = _weights(stack)
        layers = len(self.weights.dilations)
        self.ring = (TAPS - 1) * int(self.weights.dilations.max()) + 1
        self.past = Past(
            # filled so that memory is there before the first block that needs it
            frames=np.full((slots, layers, self.ring, stack.channels), 0.0, np.float32),
            at=np.zeros(slots, np.int64),
            age=np.zeros(slots, np.int64),
        )


def _weights(stack: GatedStack) -> Stack:
    layers = [layer for layer in stack.layers if isinstance(layer, GatedLayer)]
    channels = stack.channels
    out, out_bias = [_of(layer.out) for layer in layers], np.stack([_numbers(layer.out.bias) for layer in layers])
    return Stack(
        dilations=np.array([layer.dilation for layer in layers]),
        first=in_panels(_of(stack.first)),
        first_bias=_bias(stack.first),
        taps=np.stack([in_panels(_of(layer.taps)) for layer in layers]),
        taps_bias=np.stack([_bias(layer.taps) for layer in layers]),
        residual=np.stack([in_panels(weights[:, :channels]) for weights in out]),
        residual_bias=whole_panels(out_bias[:, :channels]),
        skip=np.stack([in_panels(weights[:, channels:]) for weights in out]),
        skip_bias=whole_panels(out_bias[:, channels:].sum(axis=0)),
        mix=in_panels(_of(stack.mix)),
        mix_bias=_bias(stack.mix),
        last=in_panels(_of(stack.last)),
        last_bias=_bias(stack.last),
    )


def _of(linear: nn.Linear) -> Float16Bits:
    """A layer's weights as [inputs, outputs]."""
    return float16_bits(_numbers(linear.weight).T)


def _bias(linear: nn.Linear) -> FloatArray:
    return whole_panels(_numbers(linear.bias))


def _numbers(tensor: Tensor) -> FloatArray:
    return tensor.detach().float().cpu().numpy()
