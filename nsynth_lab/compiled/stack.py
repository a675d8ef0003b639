"""WaveNet's causal stack for the next frames of some of many rows, each with its past in a ring of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.maths import gated, gelu
from nsynth_lab.compiled.products import Float16Bits, add_product
from nsynth_lab.units import FloatArray, Ints

F = np.float32


class Stack(NamedTuple):
    """Weights of [inputs, outputs] in panels, biases as long as these are wide; of layers one after the other.

    Attributes:
        dilations: [layers].
        first [inputs, channels], first_bias.
        taps [layers: 3 * channels, 2 * channels], taps_bias: the oldest tap first.
        residual, residual_bias, skip [layers: channels, channels].
        skip_bias: of all layers together.
        mix, mix_bias, last, last_bias: of the head.
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
    """What each layer was given last.

    Attributes:
        frames: [rows, layers, ring, channels].
        at: [rows] where the next one goes.
        age: [rows] how many there have been; before them was silence.
    """

    frames: FloatArray
    at: Ints
    age: Ints


@compiled
def step_stack(stack: Stack, past: Past, rows: Ints, x: FloatArray) -> FloatArray:
    """The next frames of `rows`, as many of each and no more than a ring holds.

    `x` [rows * frames, inputs], those of a row one after the other -> [rows * frames, outputs], these up to a whole
    panel.
    """
    due, channels = len(x), past.frames.shape[3]
    frames = due // len(rows)
    now = _filled(stack.first_bias, due)
    add_product(now, x, stack.first)
    skips = _filled(stack.skip_bias, due)
    seen = np.empty((due, 3 * channels), np.float32)
    kept = np.empty((due, channels), np.float32)
    for layer in range(len(stack.dilations)):
        _look_back(seen, past, rows, now, layer, stack.dilations[layer])
        gate = _filled(stack.taps_bias[layer], due)
        add_product(gate, seen, stack.taps[layer])
        for m in range(due):
            for c in range(channels):
                kept[m, c] = gated(gate[m, c], gate[m, channels + c])
        add_product(skips, kept, stack.skip[layer])
        if layer + 1 < len(stack.dilations):
            for m in range(due):
                for c in range(channels):
                    now[m, c] += stack.residual_bias[layer, c]
            add_product(now, kept, stack.residual[layer])
    for row in rows:
        past.at[row] = (past.at[row] + frames) % past.frames.shape[2]
        past.age[row] += frames
    return _head(stack, skips)


@compiled
def _look_back(seen: FloatArray, past: Past, rows: Ints, now: FloatArray, layer: int, dilation: int) -> None:
    """What the three taps of a layer see of `now` [due, channels] and of the past; `now` becomes part of that."""
    due, ring, channels = len(now), past.frames.shape[2], past.frames.shape[3]
    frames = due // len(rows)
    for m in range(due):
        row, frame = rows[m // frames], m % frames
        for tap in range(2):
            back = (2 - tap) * dilation
            source = now[m - back] if frame >= back else past.frames[row, layer, (past.at[row] + frame - back) % ring]
            known = past.age[row] + frame >= back
            for c in range(channels):
                seen[m, tap * channels + c] = source[c] if known else F(0.0)  # no product: 0 times NaN is NaN
        for c in range(channels):
            seen[m, 2 * channels + c] = now[m, c]
    for m in range(due):
        row, frame = rows[m // frames], m % frames
        kept = past.frames[row, layer, (past.at[row] + frame) % ring]
        for c in range(channels):
            kept[c] = now[m, c]


@compiled
def _head(stack: Stack, skips: FloatArray) -> FloatArray:
    _bend(skips)
    mixed = _filled(stack.mix_bias, len(skips))
    add_product(mixed, skips, stack.mix)
    _bend(mixed)
    out = _filled(stack.last_bias, len(skips))
    add_product(out, mixed, stack.last)
    return out


@compiled
def _bend(x: FloatArray) -> None:
    for m in range(len(x)):
        for c in range(x.shape[1]):
            x[m, c] = gelu(x[m, c])


@compiled
def _filled(row: FloatArray, count: int) -> FloatArray:
    out = np.empty((count, len(row)), np.float32)
    for m in range(count):
        for c in range(len(row)):
            out[m, c] = row[c]
    return out
