"""A DDSP decoder of the published size: from f0, loudness and a code to harmonics and filtered noise at 16 kHz.

Engel et al. 2020, https://arxiv.org/abs/2001.04643, with the sizes of its ae.gin: an MLP of three layers of 512 for
each input, a GRU of 512, an MLP of three layers of 512, 100 harmonics and 65 noise bands, 250 frames per second.
Written for this comparison; the weights are random.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.bench.peers.task import Task

RATE_HZ, HOP, CODE = 16_000, 64, 16
WIDTH, HARMONICS, BANDS = 512, 100, 65
INPUTS = (1, 1, CODE)


class DdspDecoder(nn.Module):
    """f0_hz and loudness_db [notes, frames], code [notes, frames, 16] -> audio [notes, frames * 64]."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = nn.ModuleList(_mlp(size) for size in INPUTS)
        self.gru = nn.GRU(len(INPUTS) * WIDTH, WIDTH, batch_first=True)
        self.outputs = _mlp((len(INPUTS) + 1) * WIDTH)
        self.last = nn.Linear(WIDTH, 1 + HARMONICS + BANDS)

    def forward(self, f0_hz: Tensor, loudness_db: Tensor, code: Tensor) -> Tensor:
        """Decode whole notes."""
        note = 12.0 * torch.log2(f0_hz.clamp(min=8.0) / 440.0) + 69.0
        streams = (note[..., None] / 127.0, loudness_db[..., None] / 120.0 + 1.0, code)
        seen = torch.cat([mlp(stream) for mlp, stream in zip(self.inputs, streams, strict=True)], dim=-1)
        out = self.last(self.outputs(torch.cat([seen, self.gru(seen)[0]], dim=-1)))
        level, harmonics, bands = torch.split(out, [1, HARMONICS, BANDS], dim=-1)
        return _harmonics(f0_hz, _positive(level), _positive(harmonics)) + _noise(_positive(bands - 5.0))


def _mlp(inputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in (inputs, WIDTH, WIDTH):
        layers += [nn.Linear(size, WIDTH), nn.LayerNorm(WIDTH), nn.LeakyReLU()]
    return nn.Sequential(*layers)


def _positive(x: Tensor) -> Tensor:
    """The paper's scaled sigmoid, 1e-7 to 2."""
    return 2.0 * torch.sigmoid(x) ** math.log(10.0) + 1e-7


def _upsampled(x: Tensor) -> Tensor:
    """[notes, frames, n] -> [notes, frames * 64, n], interpolated linearly."""
    return functional.interpolate(x.transpose(1, 2), scale_factor=float(HOP), mode="linear").transpose(1, 2)


def _harmonics(f0_hz: Tensor, level: Tensor, harmonics: Tensor) -> Tensor:
    order = torch.arange(1, HARMONICS + 1, dtype=f0_hz.dtype)
    heard = harmonics * (f0_hz[..., None] * order < RATE_HZ / 2)
    amplitudes = _upsampled(level * heard / (heard.sum(dim=-1, keepdim=True) + 1e-7))
    turns = torch.cumsum(_upsampled(f0_hz[..., None]).double() / RATE_HZ, dim=1) % 1.0
    return (amplitudes * torch.sin(2.0 * math.pi * turns.float() * order)).sum(dim=-1)


def _noise(bands: Tensor) -> Tensor:
    """White noise, filtered with a different impulse response in each frame and overlap-added."""
    notes, frames, _ = bands.shape
    taps = 2 * (BANDS - 1)
    impulse = torch.fft.irfft(bands).roll(taps // 2, dims=-1) * torch.hann_window(taps)
    white = torch.rand(notes, frames, HOP) * 2.0 - 1.0
    size = HOP + taps
    filtered = torch.fft.irfft(torch.fft.rfft(white, n=size) * torch.fft.rfft(impulse, n=size), n=size)
    length = (frames - 1) * HOP + size
    whole = functional.fold(filtered.transpose(1, 2), (1, length), (1, size), stride=(1, HOP))
    return whole[:, 0, 0, taps // 2 : taps // 2 + frames * HOP]


def task(audio_seconds: float) -> Task:
    """Decode one note of `audio_seconds` at once."""
    torch.manual_seed(0)
    decoder = DdspDecoder().eval()
    frames = round(audio_seconds * RATE_HZ / HOP)
    inputs = (torch.full((1, frames), 220.0), torch.full((1, frames), -30.0), torch.randn(1, frames, CODE))
    millions = sum(parameter.numel() for parameter in decoder.parameters()) / 1e6
    about = f"{millions:.1f} M parameters, 16 kHz, published size, reimplemented"
    return Task(lambda: _decode(decoder, inputs), frames * HOP / RATE_HZ, about)


@torch.inference_mode()
def _decode(decoder: DdspDecoder, inputs: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    out: Tensor = decoder(*inputs)
    return out
