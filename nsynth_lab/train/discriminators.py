"""Critics: what adversarial refinement trains against, so that attacks, breath and hammers sound real, not averaged.

    samples -> folded by each of some periods -> convolutions -> scores   (multi-period: Kong et al. 2020, HiFi-GAN)
    samples -> spectra of several windows, dB -> convolutions -> scores   (multi-resolution: Jang et al. 2021, UnivNet)

Least squares as in Mao et al. 2017: critics learn to score recordings 1 and decoded sounds 0, the decoder to be scored
1. Feature matching (Larsen et al. 2016) draws the critics' hidden layers of both sounds together. Small, for CPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.dsp.mel import magnitudes

PERIODS = (2, 3, 5, 7, 11)
WINDOWS = (256, 512, 1024)
SEGMENT_SAMPLES = 12_288
FEATURE_WEIGHT = 2.0
ADVERSARIAL_DB = 0.5  # what the critics count for beside the spectral distance
SLOPE = 0.1
FLOOR = 1e-4

Judged = list[Tensor]


class PeriodCritic(nn.Module):
    """[sounds, samples] -> its hidden layers, the scores last: every `period`-th sample side by side."""

    def __init__(self, period: int, channels: Sequence[int] = (1, 8, 16, 32, 64)) -> None:
        super().__init__()
        self.period = period
        pairs = pairwise(channels)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (5, 1), (3, 1), padding=(2, 0)) for a, b in pairs)
        self.last = nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, samples: Tensor) -> Judged:
        """Its layers' outputs, each [sounds, channels, samples / (3^n period), period]."""
        whole = samples.shape[-1] // self.period * self.period
        x = samples[:, None, :whole].reshape(len(samples), 1, -1, self.period)
        return _through(x, self.layers, self.last)


class SpectrumCritic(nn.Module):
    """[sounds, samples] -> its hidden layers, the scores last: a spectrum in dB of one window."""

    def __init__(self, window_samples: int, channels: Sequence[int] = (1, 8, 16, 16)) -> None:
        super().__init__()
        self.window_samples = window_samples
        pairs = pairwise(channels)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (3, 9), (1, 2), padding=(1, 4)) for a, b in pairs)
        self.last = nn.Conv2d(channels[-1], 1, 3, padding=1)

    def forward(self, samples: Tensor) -> Judged:
        """Its layers' outputs, each [sounds, channels, frames, bins / 2^n]."""
        hop = self.window_samples // 4
        spectrum = magnitudes(samples, window_samples=self.window_samples, hop_samples=hop)
        return _through(torch.log10(spectrum + FLOOR)[:, None] / 2.0 + 1.0, self.layers, self.last)


class Critics(nn.Module):
    """All of them."""

    def __init__(self) -> None:
        super().__init__()
        self.critics = nn.ModuleList([*map(PeriodCritic, PERIODS), *map(SpectrumCritic, WINDOWS)])

    def forward(self, samples: Tensor) -> list[Judged]:
        """What each makes of `samples` [sounds, samples]."""
        return [critic(samples) for critic in self.critics]

    def own_loss(self, decoded: Tensor, recorded: Tensor) -> Tensor:
        """What the critics minimise; both [sounds, samples], scaled to about 1."""
        pairs = zip(self(decoded.detach()), self(recorded), strict=True)
        return _mean([(false[-1].square().mean() + (true[-1] - 1.0).square().mean()) for false, true in pairs])

    def decoders_loss(
        self, decoded: Tensor, recorded: Tensor, *, average: Callable[[Tensor], Tensor] = lambda value: value
    ) -> Tensor:
        """What the decoder minimises: to be scored 1, and to look alike inside the critics.

        `average` takes the mean over all parts of a batch, where these sounds are one.
        """
        with torch.no_grad():
            wanted = self(recorded)
            loud = iter(average(torch.stack([layer.abs().mean() for judged in wanted for layer in judged[:-1]])))
        came = self(decoded)
        scored = _mean([(judged[-1] - 1.0).square().mean() for judged in came])
        inside = [
            _mean([(a - b).abs().mean() / (next(loud) + 1e-4) for a, b in zip(one[:-1], other[:-1], strict=True)])
            for one, other in zip(came, wanted, strict=True)
        ]
        return scored + FEATURE_WEIGHT * _mean(inside)


def segment(decoded: Tensor, recorded: Tensor, loudest_db: Tensor, *, seed: int) -> tuple[Tensor, Tensor]:
    """The same stretch of both [sounds, samples], as loud as notes of level 0 dB: [sounds, at most 12288]."""
    generator = torch.Generator().manual_seed(seed)
    room = max(1, decoded.shape[-1] - SEGMENT_SAMPLES + 1)
    first = int(torch.randint(room, (), generator=generator))
    gain = torch.exp(-0.1151292546 * loudest_db)[:, None]
    part = slice(first, first + SEGMENT_SAMPLES)
    return decoded[:, part] * gain, recorded[:, part] * gain


def _through(x: Tensor, layers: nn.ModuleList, last: nn.Module) -> Judged:
    judged = []
    for layer in layers:
        x = functional.leaky_relu(layer(x), SLOPE)
        judged.append(x)
    return [*judged, last(x)]


def _mean(values: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean()
