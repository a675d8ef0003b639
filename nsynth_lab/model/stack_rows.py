"""StackRows: a `GatedStack` as compiled loops take it."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from nsynth_lab.compiled.products import Halves, halves, in_panels, whole_panels
from nsynth_lab.compiled.stack import Past, Stack
from nsynth_lab.model.stack import TAPS, GatedLayer, GatedStack
from nsynth_lab.units import FloatArray


class StackRows:
    """A `GatedStack` for some of many rows; the past of each row lies in a ring of its own.

    Weights are taken as float16, which is what checkpoints keep.

    Attributes:
        ring: how many frames it holds, and a step may take.
    """

    def __init__(self, stack: GatedStack, rows: int) -> None:
        self.weights = _weights(stack)
        layers = len(self.weights.dilations)
        self.ring = (TAPS - 1) * int(self.weights.dilations.max()) + 1
        self.past = Past(
            # filled so that memory is there before the first block that needs it
            frames=np.full((rows, layers, self.ring, stack.channels), 0.0, np.float32),
            at=np.zeros(rows, np.int64),
            age=np.zeros(rows, np.int64),
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


def _of(linear: nn.Linear) -> Halves:
    """A layer's weights as [inputs, outputs]."""
    return halves(_numbers(linear.weight).T)


def _bias(linear: nn.Linear) -> FloatArray:
    return whole_panels(_numbers(linear.bias))


def _numbers(tensor: Tensor) -> FloatArray:
    return tensor.detach().float().cpu().numpy()
