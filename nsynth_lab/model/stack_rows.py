"""StackRows: `GatedStack.step` for some of many rows, one frame at a time, its past fetched at once."""

from __future__ import annotations

import torch
from torch import Tensor

from nsynth_lab.model.stack import TAPS, GatedLayer, GatedStack


class StackRows:
    """A `GatedStack` one frame at a time for some of many rows; the past of each row lies in a ring of its own."""

    def __init__(self, stack: GatedStack, rows: int) -> None:
        layers = [layer for layer in stack.layers if isinstance(layer, GatedLayer)]
        channels, count = stack.channels, len(layers)
        self.stack, self.channels = stack, channels
        self.ring = (TAPS - 1) * max(layer.dilation for layer in layers) + 1
        self.past = torch.zeros(rows, count, self.ring, channels)
        self.at = torch.zeros(rows, dtype=torch.int64)
        self.taps_weight = [layer.taps.weight.T.contiguous() for layer in layers]
        self.taps_bias = [layer.taps.bias for layer in layers]
        self.out_weight = [layer.out.weight.T.contiguous() for layer in layers]
        self.out_bias = [layer.out.bias for layer in layers]
        self.back = torch.tensor([[2 * layer.dilation, layer.dilation] for layer in layers])
        self.layer = torch.arange(count)

    def reset(self, rows: Tensor) -> None:
        """These rows fall silent."""
        self.past[rows] = 0.0

    def step(self, x: Tensor, rows: Tensor) -> Tensor:
        """`x` [due, 1, inputs] -> [due, outputs], the next frame of `rows` [due]."""
        channels, at = self.channels, self.at[rows]
        where = (at[:, None, None] - self.back) % self.ring
        seen = torch.empty(len(rows), len(self.layer), TAPS * channels)
        seen[..., :-channels] = self.past[rows[:, None, None], self.layer[:, None], where].flatten(2)
        now = self.stack.first(x[:, 0])
        total = torch.zeros_like(now)
        for layer in range(len(self.layer)):
            seen[:, layer, -channels:] = now
            pre = torch.addmm(self.taps_bias[layer], seen[:, layer], self.taps_weight[layer])
            gated = torch.tanh(pre[:, :channels]).mul_(torch.sigmoid(pre[:, channels:]))
            out = torch.addmm(self.out_bias[layer], gated, self.out_weight[layer])
            now = now + out[:, :channels]
            total += out[:, channels:]
        self.past[rows, :, at] = seen[..., -channels:]
        self.at[rows] = (at + 1) % self.ring
        return self.stack.head(total)
