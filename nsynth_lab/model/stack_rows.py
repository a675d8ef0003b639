"""StackRows: `GatedStack.step` for some of many rows, in as few and large operations as it can be.

Of a single frame, what the taps make of the past does not wait for the present: one product for all layers. Skips are
summed by one product at the end. Constants are folded into the weights: a residual's bias into the biases of the layers
after it (the past is kept without it), the gate's sigmoid(x) = (1 + tanh(x / 2)) / 2 into the products before and
behind it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.model.stack import TAPS, GatedLayer, GatedStack
from nsynth_lab.units import FloatArray, Ints

PAST = TAPS - 1


class StackRows:
    """A `GatedStack` for some of many rows; the past of each row lies in a ring of its own.

    Attributes:
        ring: how many frames it holds, and a step may take.
    """

    def __init__(self, stack: GatedStack, rows: int) -> None:
        layers = [layer for layer in stack.layers if isinstance(layer, GatedLayer)]
        self.channels, self.count = stack.channels, len(layers)
        self.dilations = [layer.dilation for layer in layers]
        self.ring = PAST * max(self.dilations) + 1
        self.silence = np.empty((self.count, stack.channels), np.float32)
        self._fold(layers)
        self.past = np.tile(self.silence[None, :, None], (rows, 1, self.ring, 1))
        self.at = np.zeros(rows, np.int64)
        back = np.array([[tap * layer.dilation for tap in range(PAST, 0, -1)] for layer in layers])
        self.back = back[:, None]
        self.layer = np.arange(self.count)[:, None, None]
        self.behind = np.concatenate([np.arange(PAST * dilation, 0, -1) for dilation in self.dilations])
        self.layer_behind = np.repeat(np.arange(self.count), [PAST * dilation for dilation in self.dilations])

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
        """The next frames of `rows`: what the first layer made of them -> the sum of skips, for the head.

        Both are [due * frames, channels], the frames of a row one after the other.
        """
        return self._one(first, rows) if len(first) == len(rows) else self._several(first, rows)

    def _one(self, first: Tensor, rows: Ints) -> Tensor:
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
            now = self._through(layer, now, gate, kept=kept, stream=stream)
        self.past[rows, :, at] = stream.transpose(0, 1).numpy()
        self.at[rows] = (at + 1) % self.ring
        return torch.addmm(self.skip_bias, gated.view(due, -1), self.skip)

    def _through(self, layer: int, now: Tensor, gate: Tensor, *, kept: Tensor, stream: Tensor) -> Tensor:
        """What goes into the next layer; `gate` holds what this one's taps made of the past, `kept` what it gates."""
        signal, opening = gate.addmm_(now, self.now_weight[layer]).tanh_().chunk(2, dim=1)
        torch.addcmul(signal, signal, opening, out=kept)
        if layer + 1 == self.count:
            return now
        return torch.addmm(now, kept, self.residual[layer], out=stream[layer + 1])

    def _several(self, first: Tensor, rows: Ints) -> Tensor:
        """Layer by layer, because what a layer makes of one frame is the past of those after it."""
        due, channels = len(rows), self.channels
        frames = len(first) // due
        at = self.at[rows, None]
        where = (at - self.behind) % self.ring + (rows[:, None] * self.count + self.layer_behind) * self.ring
        seen = torch.from_numpy(self.past.reshape(-1, channels).take(where, axis=0))
        befores = torch.split(seen, [PAST * dilation for dilation in self.dilations], dim=1)
        stream = torch.empty(self.count, due * frames, channels)
        gated = torch.empty(due * frames, self.count, channels)
        now = stream[0].copy_(first)
        for layer, (dilation, before, kept) in enumerate(zip(self.dilations, befores, gated.unbind(1), strict=True)):
            padded = torch.cat([before, now.view(due, frames, channels)], dim=1)
            taps = torch.cat([padded[:, tap * dilation :][:, :frames] for tap in range(PAST)], dim=2)
            gate = torch.addmm(self.past_bias[layer], taps.view(due * frames, -1), self.past_weight[layer])
            now = self._through(layer, now, gate, kept=kept, stream=stream)
        places = (at + np.arange(frames)) % self.ring
        lasting = stream.view(self.count, due, frames, channels).numpy()
        self.past[rows[:, None], :, places] = lasting.transpose(1, 2, 0, 3)
        self.at[rows] = (self.at[rows] + frames) % self.ring
        return torch.addmm(self.skip_bias, gated.view(due * frames, -1), self.skip)
