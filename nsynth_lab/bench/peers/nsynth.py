"""NSynth's decoder at its published size: a WaveNet that generates audio sample by sample at 16 kHz.

Engel et al. 2017, https://arxiv.org/abs/1704.01279, with the sizes of magenta's h512_bo16: 30 gated layers of 512
channels and three taps, 256 skip channels, 256 mu-law classes, a code of 16 numbers every 512 samples. Generation uses
queues (Le Paine et al. 2016, https://arxiv.org/abs/1611.09482): each layer keeps its past inputs, so a sample costs one
pass over the weights. Written for this comparison; the weights are random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.bench.peers.task import Task

TAPS, CLASSES, CODE, HOP = 3, 256, 16, 512
RATE_HZ = 16_000
SAMPLES = 200  # enough for timing; a second of audio takes most of a minute


@dataclass(frozen=True)
class NsynthSizes:
    """Layer sizes; the defaults are the published ones."""

    channels: int = 512
    skip: int = 256
    layers: int = 30
    cycle: int = 10


class WaveNetLayer(nn.Module):
    """Three taps, a gate, a residual and a skip output; the code is added before the gate."""

    def __init__(self, sizes: NsynthSizes, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.taps = nn.Linear(TAPS * sizes.channels, 2 * sizes.channels)
        self.code = nn.Linear(CODE, 2 * sizes.channels)
        self.residual = nn.Linear(sizes.channels, sizes.channels)
        self.skip = nn.Linear(sizes.channels, sizes.skip)

    def forward(self, x: Tensor, seen: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        """`x` [.., channels], the taps' inputs `seen` [.., 3 * channels], the projected code -> (next x, skip)."""
        signal, gate = (self.taps(seen) + code).chunk(2, dim=-1)
        gated = torch.tanh(signal) * torch.sigmoid(gate)
        return x + self.residual(gated), self.skip(gated)


class NsynthDecoder(nn.Module):
    """`whole(samples, code)` computes all samples at once as in training, `generate(code)` one by one; same logits."""

    def __init__(self, sizes: NsynthSizes | None = None) -> None:
        super().__init__()
        sizes = sizes or NsynthSizes()
        self.sizes = sizes
        self.first = nn.Linear(TAPS, sizes.channels)
        self.first_skip = nn.Linear(sizes.channels, sizes.skip)
        self.layers = nn.ModuleList(WaveNetLayer(sizes, 2 ** (index % sizes.cycle)) for index in range(sizes.layers))
        self.mix = nn.Linear(sizes.skip, sizes.skip)
        self.mix_code = nn.Linear(CODE, sizes.skip)
        self.last = nn.Linear(sizes.skip, CLASSES)

    def whole(self, samples: Tensor, code: Tensor) -> Tensor:
        """Logits [samples, 256] for each of `samples` [samples], -1..1, given those before it; `code` [frames, 16]."""
        held = code.repeat_interleave(HOP, dim=0)[: len(samples)]
        x = self.first(_taps(functional.pad(samples[:-1], (1, 0))[:, None], 1))
        total = self.first_skip(x)
        for layer in self._layers():
            x, skip = layer(x, _taps(x, layer.dilation), layer.code(held))
            total = total + skip
        return self._head(total, self.mix_code(held))

    @torch.inference_mode()
    def generate(
        self, code: Tensor, *, samples: int, forced: Tensor | None = None, seed: int = 0
    ) -> tuple[Tensor, Tensor]:
        """(samples [samples], their logits [samples, 256]); samples are drawn at random, or taken from `forced`."""
        generator = torch.Generator().manual_seed(seed)
        layers = self._layers()
        inputs = _Queue(1, 1)
        queues = [_Queue(layer.dilation, self.sizes.channels) for layer in layers]
        last, made, logits = torch.zeros(1), torch.empty(samples), torch.empty(samples, CLASSES)
        for time in range(samples):
            if time % HOP == 0:
                frame = code[time // HOP]
                codes, mix_code = [layer.code(frame) for layer in layers], self.mix_code(frame)
            x = self.first(inputs.taps(last))
            total = self.first_skip(x)
            for layer, queue, part in zip(layers, queues, codes, strict=True):
                x, skip = layer(x, queue.taps(x), part)
                total = total + skip
            logits[time] = self._head(total, mix_code)
            made[time] = forced[time] if forced is not None else _draw(logits[time], generator)
            last = made[time : time + 1]
        return made, logits

    def _head(self, total: Tensor, code: Tensor) -> Tensor:
        out: Tensor = self.last(functional.relu(self.mix(functional.relu(total)) + code))
        return out

    def _layers(self) -> Sequence[WaveNetLayer]:
        return [layer for layer in self.layers if isinstance(layer, WaveNetLayer)]


class _Queue:
    """A ring buffer of the last 2 * dilation inputs of a layer."""

    def __init__(self, dilation: int, channels: int) -> None:
        self.ring = torch.zeros(2 * dilation, channels)
        self.dilation, self.at = dilation, 0

    def taps(self, x: Tensor) -> Tensor:
        """[3 * channels]: the inputs two dilations and one dilation ago, and `x` [channels], which is stored."""
        size = len(self.ring)
        seen = torch.cat([self.ring[self.at], self.ring[(self.at + self.dilation) % size], x])
        self.ring[self.at] = x
        self.at = (self.at + 1) % size
        return seen


def _taps(x: Tensor, dilation: int) -> Tensor:
    """[samples, 3 * channels]: the inputs two dilations ago, one dilation ago and now."""
    padded = functional.pad(x, (0, 0, 2 * dilation, 0))
    return torch.cat([padded[tap * dilation : tap * dilation + len(x)] for tap in range(TAPS)], dim=-1)


def _draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Draw one of the 256 mu-law classes, as a sample in -1..1."""
    drawn = torch.multinomial(torch.softmax(logits, dim=-1), 1, generator=generator)[0]
    value = (drawn.float() - CLASSES // 2) / (CLASSES // 2)
    return torch.sign(value) * torch.expm1(value.abs() * torch.log(torch.tensor(float(CLASSES)))) / (CLASSES - 1)


def task() -> Task:
    """Generate 200 samples."""
    torch.manual_seed(0)
    decoder = NsynthDecoder().eval()
    code = torch.randn(-(-SAMPLES // HOP), CODE)
    millions = sum(parameter.numel() for parameter in decoder.parameters()) / 1e6
    about = f"{millions:.1f} M parameters, 16 kHz, {SAMPLES} samples, published size, reimplemented"
    return Task(lambda: decoder.generate(code, samples=SAMPLES), SAMPLES / RATE_HZ, about)
