"""Discriminators for adversarial training, meant to make attacks, breath and hammers sound real instead of averaged.

    samples -> folded by several periods  -> convolutions -> scores   (multi-period: Kong et al. 2020, HiFi-GAN)
    samples -> spectra of several windows -> convolutions -> scores   (multi-resolution: Jang et al. 2021, UnivNet)

The losses are least squares (Mao et al. 2017): discriminators learn to score recordings 1 and decoded sounds 0, and the
decoder learns to be scored 1. Feature matching (Larsen et al. 2016) also makes the discriminators' hidden layers of
both sounds similar. They are small, so that they can be trained on CPUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.dsp.mel import magnitudes

PERIODS = (2, 3, 5, 7, 11)
WINDOWS = (256, 512, 1024)
SEGMENT_SAMPLES = 12_288
FEATURE_WEIGHT = 2.0
ADVERSARIAL_DB = 0.5  # weight of the generator loss beside the spectral distance, when it was measured
SLOPE = 0.1
FLOOR = 1e-4
DB_TO_NEPER = 0.1151292546  # ln(10) / 20

Activations = list[Tensor]


class PeriodDiscriminator(nn.Module):
    """[sounds, samples] -> its hidden layers and, last, the scores; works on every `period`-th sample."""

    def __init__(self, period: int, channels: Sequence[int] = (1, 8, 16, 32, 64)) -> None:
        super().__init__()
        self.period = period
        pairs = pairwise(channels)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (5, 1), (3, 1), padding=(2, 0)) for a, b in pairs)
        self.last = nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, samples: Tensor) -> Activations:
        """The outputs of its layers, each [sounds, channels, samples / (3^n period), period]."""
        whole = samples.shape[-1] // self.period * self.period
        x = samples[:, None, :whole].reshape(len(samples), 1, -1, self.period)
        return _through(x, self.layers, self.last)


class SpectrumDiscriminator(nn.Module):
    """[sounds, samples] -> its hidden layers and, last, the scores; works on spectra in dB with one window."""

    def __init__(self, window_samples: int, channels: Sequence[int] = (1, 8, 16, 16)) -> None:
        super().__init__()
        self.window_samples = window_samples
        pairs = pairwise(channels)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (3, 9), (1, 2), padding=(1, 4)) for a, b in pairs)
        self.last = nn.Conv2d(channels[-1], 1, 3, padding=1)

    def forward(self, samples: Tensor) -> Activations:
        """The outputs of its layers, each [sounds, channels, frames, bins / 2^n]."""
        hop = self.window_samples // 4
        spectrum = magnitudes(samples, window_samples=self.window_samples, hop_samples=hop)
        return _through(torch.log10(spectrum + FLOOR)[:, None] / 2.0 + 1.0, self.layers, self.last)


class Discriminators(nn.Module):
    """All discriminators together."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList([*map(PeriodDiscriminator, PERIODS), *map(SpectrumDiscriminator, WINDOWS)])

    def forward(self, samples: Tensor) -> list[Activations]:
        """The layer outputs of each discriminator for `samples` [sounds, samples]."""
        return [discriminator(samples) for discriminator in self.discriminators]

    def discriminator_loss(self, decoded: Tensor, recorded: Tensor) -> Tensor:
        """The loss that the discriminators minimise; both sounds [sounds, samples], scaled to about 1."""
        pairs = zip(self(decoded.detach()), self(recorded), strict=True)
        return _mean([(fake[-1].square().mean() + (real[-1] - 1.0).square().mean()) for fake, real in pairs])

    def generator_loss(self, decoded: Tensor, recorded: Tensor) -> Tensor:
        """The loss that the decoder minimises: scores of 1, and feature matching in the hidden layers."""
        with torch.no_grad():
            real = self(recorded)
            scales = iter([layer.abs().mean() for layers in real for layer in layers[:-1]])
        fake = self(decoded)
        scored = _mean([(layers[-1] - 1.0).square().mean() for layers in fake])
        matching = [
            _mean([(a - b).abs().mean() / (next(scales) + 1e-4) for a, b in zip(one[:-1], other[:-1], strict=True)])
            for one, other in zip(fake, real, strict=True)
        ]
        return scored + FEATURE_WEIGHT * _mean(matching)


def segment(decoded: Tensor, recorded: Tensor, loudest_db: Tensor, *, seed: int) -> tuple[Tensor, Tensor]:
    """The same random segment of both sounds [sounds, samples], scaled to a level of 0 dB: [sounds, at most 12288]."""
    generator = torch.Generator().manual_seed(seed)
    starts = max(1, decoded.shape[-1] - SEGMENT_SAMPLES + 1)
    first = int(torch.randint(starts, (), generator=generator))
    gain = torch.exp(-DB_TO_NEPER * loudest_db)[:, None]
    part = slice(first, first + SEGMENT_SAMPLES)
    return decoded[:, part] * gain, recorded[:, part] * gain


def _through(x: Tensor, layers: nn.ModuleList, last: nn.Module) -> Activations:
    outputs = []
    for layer in layers:
        x = functional.leaky_relu(layer(x), SLOPE)
        outputs.append(x)
    return [*outputs, last(x)]


def _mean(values: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean()
