"""StackRows: `GatedStack.step` for some of many rows, one frame at a time, in as few and large operations as it can be.

What the taps make of the past does not wait for the present: one product for all layers. Skips are summed by one
product at the end. Constants are folded into the weights: a residual's bias into the biases of the layers after it
(the past is kept without it), the gate's sigmoid(x) = (1 + tanh(x / 2)) / 2 into the products before and behind it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsynth_lab.model.stack import TAPS, GatedLayer, GatedStack
from nsynth_lab.units import FloatArray

Ints = NDArray[np.int64]
PAST = TAPS - 1


class StackRows:
    """A `GatedStack` one frame at a time for some of many rows; the past of each row lies in a ring of its own."""

    def __init__(self, stack: GatedStack, rows: int) -> None:
        layers = [layer for layer in stack.layers if isinstance(layer, GatedLayer)]
        self.channels, self.count = stack.channels, len(layers)
        self.ring = PAST * max(layer.dilation for layer in layers) + 1
        self.silence = np.empty((self.count, stack.channels), np.float32)
        self._fold(layers)
        self.past = np.tile(self.silence[None, :, None], (rows, 1, self.ring, 1))
        self.at = np.zeros(rows, np.int64)
        back = np.array([[tap * layer.dilation for tap in range(PAST, 0, -1)] for layer in layers])
        self.back = back[:, None]
        self.layer = np.arange(self.count)[:, None, None]

    @torch.no_grad()
    def _fold(self, layers: list[GatedLayer]) -> None:
        channels = self.channels
        halved = torch.cat([torch.ones(channels), torch.full((channels,), 0.5)])
        left_out = torch.zeros(channels)  # of the residual stream: the biases of the layers before
        past, now, biases, residuals, skips = [], [], [], [], []
        skip_bias = torch.zeros(channels)
        for index, layer in enumerate(layers):
            taps, bias = layer.taps.weight.float() * halved[:, None], layer.taps.bias.float() * halved
            biases.append(bias + taps.view(-1, TAPS, channels).sum(dim=1) @ left_out)
            past.append(taps[:, : PAST * channels].T)
            now.append(taps[:, PAST * channels :].T.contiguous())
            out = 0.5 * layer.out.weight.float()
            residuals.append(out[:channels].T.contiguous())
            skips.append(out[channels:].T)
            self.silence[index] = -left_out.numpy()
            left_out = left_out + layer.out.bias[:channels]
            skip_bias = skip_bias + layer.out.bias[channels:]
        self.past_weight, self.past_bias = torch.stack(past).contiguous(), torch.stack(biases)[:, None].contiguous()
        self.now_weight, self.residual = now, residuals
        self.skip, self.skip_bias = torch.cat(skips).contiguous(), skip_bias

    def reset(self, rows: Ints) -> None:
        """These rows fall silent."""
        self.past[rows] = self.silence[:, None]

    def step(self, first: Tensor, rows: Ints) -> Tensor:
        """What the first layer made of the next frame of `rows`, [due, channels] -> the sum of skips, for the head."""
        due, channels = len(rows), self.channels
        at = self.at[rows]
        where = (at[:, None] - self.back) % self.ring
        where += (rows[:, None] * self.count + self.layer) * self.ring
        seen: FloatArray = self.past.reshape(-1, channels).take(where.reshape(self.count, -1), axis=0)
        before = torch.from_numpy(seen).view(self.count, due, PAST * channels)
        gates = torch.baddbmm(self.past_bias, before, self.past_weight).unbind()
        stream, gated = torch.empty(self.count, due, channels), torch.empty(due, self.count, channels)
        now = stream[0].copy_(first)
        for layer, (gate, kept) in enumerate(zip(gates, gated.unbind(1), strict=True)):
            signal, opening = gate.addmm_(now, self.now_weight[layer]).tanh_().chunk(2, dim=1)
            torch.addcmul(signal, signal, opening, out=kept)
            if layer + 1 < self.count:
                now = torch.addmm(now, kept, self.residual[layer], out=stream[layer + 1])
        self.past[rows, :, at] = stream.transpose(0, 1).numpy()
        self.at[rows] = (at + 1) % self.ring
        return torch.addmm(self.skip_bias, gated.view(due, -1), self.skip)
