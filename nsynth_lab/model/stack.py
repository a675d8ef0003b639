"""WaveNet's stack: gated, dilated convolutions with residual and skip connections (van den Oord et al. 2016).

Each three-tap convolution is computed as one matrix product over the three shifted inputs. That is fastest on GPUs and
on CPUs with matrix units, and everything keeps the layout [voices, frames, channels].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.model.sizes import TAPS, dilations

StackState = tuple[Tensor, ...]


class GatedLayer(nn.Module):
    """One layer: three taps `dilation` frames apart, a gate, then a residual and a skip output."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.taps = nn.Linear(TAPS * channels, 2 * channels)
        self.out = nn.Linear(channels, 2 * channels)
        if not self.out.weight.is_meta:  # initialising meta tensors makes torch import for two seconds
            nn.init.normal_(self.out.weight, std=0.5 / channels**0.5)

    def forward(self, x: Tensor, padded: Tensor) -> tuple[Tensor, Tensor]:
        """`x` [voices, frames, channels] and `x` with 2 * dilation frames of context -> (next x, skip)."""
        frames = x.shape[1]
        shifted = [padded[:, tap * self.dilation : tap * self.dilation + frames] for tap in range(TAPS)]
        signal, gate = self.taps(torch.cat(shifted, dim=-1)).chunk(2, dim=-1)
        residual, skip = self.out(torch.tanh(signal) * torch.sigmoid(gate)).chunk(2, dim=-1)
        return x + residual, skip


class GatedStack(nn.Module):
    """[voices, frames, inputs] -> [voices, frames, outputs]; dilations 1, 2, 4 .. 2**(cycle - 1), repeated.

    Causal with a state (`start`, `step`), or centred over a whole note (`forward`). With `bf16` the matrix products run
    in bfloat16; inputs, outputs and state stay float32.
    """

    bf16 = False

    def __init__(self, inputs: int, channels: int, outputs: int, *, layers: int, cycle: int) -> None:
        super().__init__()
        self.channels = channels
        self.first = nn.Linear(inputs, channels)
        self.layers = nn.ModuleList(GatedLayer(channels, dilation) for dilation in dilations(layers, cycle))
        self.mix = nn.Linear(channels, channels)
        self.last = nn.Linear(channels, outputs)

    def start(self, voices: int, *, device: torch.device | str = "cpu") -> StackState:
        """The state of `voices` voices in silence: the last 2 * dilation inputs of each layer."""
        lengths = [(TAPS - 1) * layer.dilation for layer in self.gated_layers()]
        return tuple(torch.zeros(voices, length, self.channels, device=device) for length in lengths)

    def step(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """Causal: frame t of the output depends on frames up to t."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            x = self.first(x)
            total, kept = torch.zeros_like(x), []
            for layer, past in zip(self.gated_layers(), state, strict=True):
                padded = torch.cat([past.to(x.dtype), x], dim=1)
                kept.append(padded[:, -past.shape[1] :].float())
                x, skip = layer(x, padded)
                total = total + skip
            return self.head(total).float(), tuple(kept)

    def forward(self, x: Tensor) -> Tensor:
        """Centred: frame t of the output depends on as many frames after t as before."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            x = self.first(x)
            total = torch.zeros_like(x)
            for layer in self.gated_layers():
                x, skip = layer(x, functional.pad(x, (0, 0, layer.dilation, layer.dilation)))
                total = total + skip
            return self.head(total).float()

    def gated_layers(self) -> list[GatedLayer]:
        """The layers, in order."""
        return [layer for layer in self.layers if isinstance(layer, GatedLayer)]

    def head(self, total: Tensor) -> Tensor:
        """The sum of the layers' skip outputs -> outputs."""
        out: Tensor = self.last(functional.gelu(self.mix(functional.gelu(total))))
        return out
