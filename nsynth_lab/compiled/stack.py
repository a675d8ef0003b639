"""The causal WaveNet stack, compiled: the next frames of some of many slots, each with a ring buffer for its past."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.maths import gated, gelu
from nsynth_lab.compiled.products import Float16Bits, add_product
from nsynth_lab.units import FloatArray, Ints

F = np.float32


class Stack(NamedTuple):
    """Weights [inputs, outputs] packed in panels (see `products`) and biases of the same width, layer by layer.

    Attributes:
        dilations: [layers].
        first [inputs, channels], first_bias.
        taps [layers: 3 * channels, 2 * channels], taps_bias: the oldest tap first.
        residual, residual_bias, skip [layers: channels, channels].
        skip_bias: the sum over all layers.
        mix, mix_bias, last, last_bias: the head.
    """

    dilations: Ints
    first: Float16Bits
    first_bias: FloatArray
    taps: Float16Bits
    taps_bias: FloatArray
    residual: Float16Bits
    residual_bias: FloatArray
    skip: Float16Bits
    skip_bias: FloatArray
    mix: Float16Bits
    mix_bias: FloatArray
    last: Float16Bits
    last_bias: FloatArray


class Past(NamedTuple):
    """The last inputs of each layer, in ring buffers.

    Attributes:
        frames: [slots, layers, ring, channels].
        at: [slots] where the next frame is written.
        age: [slots] frames since the slot began; before them was silence.
    """

    frames: FloatArray
    at: Ints
    age: Ints


@compiled
def step_stack(stack: Stack, past: Past, slots: Ints, x: FloatArray) -> FloatArray:
    """The next frames of `slots`, equally many of each and at most as many as a ring holds.

    `x` [slots * frames, inputs], those of one slot in a row -> [slots * frames, outputs], padded to a whole panel.
    """
    count, channels = len(x), past.frames.shape[3]
    frames = count // len(slots)
    now = _repeated(stack.first_bias, count)
    add_product(now, x, stack.first)
    skips = _repeated(stack.skip_bias, count)
    taps = np.empty((count, 3 * channels), np.float32)
    kept = np.empty((count, channels), np.float32)
    for layer in range(len(stack.dilations)):
        _gather_taps(taps, past, slots, now, layer, stack.dilations[layer])
        gate = _repeated(stack.taps_bias[layer], count)
        add_product(gate, taps, stack.taps[layer])
        for m in range(count):
            for c in range(channels):
                kept[m, c] = gated(gate[m, c], gate[m, channels + c])
        add_product(skips, kept, stack.skip[layer])
        if layer + 1 < len(stack.dilations):
            for m in range(count):
                for c in range(channels):
                    now[m, c] += stack.residual_bias[layer, c]
            add_product(now, kept, stack.residual[layer])
    for slot in slots:
        past.at[slot] = (past.at[slot] + frames) % past.frames.shape[2]
        past.age[slot] += frames
    return _head(stack, skips)


@compiled
def _gather_taps(taps: FloatArray, past: Past, slots: Ints, now: FloatArray, layer: int, dilation: int) -> None:
    """Inputs of the three taps of a layer: from the past, and from `now` [active, channels], which joins the past."""
    count, ring, channels = len(now), past.frames.shape[2], past.frames.shape[3]
    frames = count // len(slots)
    for m in range(count):
        slot, frame = slots[m // frames], m % frames
        for tap in range(2):
            back = (2 - tap) * dilation
            source = now[m - back] if frame >= back else past.frames[slot, layer, (past.at[slot] + frame - back) % ring]
            known = past.age[slot] + frame >= back
            for c in range(channels):
                taps[m, tap * channels + c] = source[c] if known else F(0.0)  # no product: 0 times NaN is NaN
        for c in range(channels):
            taps[m, 2 * channels + c] = now[m, c]
    for m in range(count):
        slot, frame = slots[m // frames], m % frames
        kept = past.frames[slot, layer, (past.at[slot] + frame) % ring]
        for c in range(channels):
            kept[c] = now[m, c]


@compiled
def _head(stack: Stack, skips: FloatArray) -> FloatArray:
    _apply_gelu(skips)
    mixed = _repeated(stack.mix_bias, len(skips))
    add_product(mixed, skips, stack.mix)
    _apply_gelu(mixed)
    out = _repeated(stack.last_bias, len(skips))
    add_product(out, mixed, stack.last)
    return out


@compiled
def _apply_gelu(x: FloatArray) -> None:
    for m in range(len(x)):
        for c in range(x.shape[1]):
            x[m, c] = gelu(x[m, c])


@compiled
def _repeated(bias: FloatArray, count: int) -> FloatArray:
    out = np.empty((count, len(bias)), np.float32)
    for m in range(count):
        for c in range(len(bias)):
            out[m, c] = bias[c]
    return out
