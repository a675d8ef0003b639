"""The WaveNet of A Universal Music Translation Network, with its plain PyTorch generator, from its own source.

https://github.com/facebookresearch/music-translation, with the sizes of its train.sh: 4 blocks of 14 layers, 128
channels, a code of 64 numbers, 16 kHz. It generates sample by sample, with queues.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from nsynth_lab.bench.peers.source import importing
from nsynth_lab.bench.peers.task import Task
from nsynth_lab.silence_stderr import silence_stderr

RATE_HZ, CODE, SAMPLES = 16_000, 64, 200
SIZES = {"blocks": 4, "layers": 14, "kernel_size": 2, "skip_channels": 128, "residual_channels": 128, "latent_d": CODE}
HOW = (
    "git clone https://github.com/facebookresearch/music-translation PEERS/music-translation && "
    "pip install --no-deps --target PEERS/packages tqdm"
)


def task(folder: Path) -> Task:
    """Generate 200 samples.

    Raises:
        MissingError: its source or a package it needs is not in `folder`.
    """
    with importing(folder, "music-translation", "src", how=HOW):
        wavenet = importlib.import_module("wavenet")
        generator = importlib.import_module("wavenet_generator")
        torch.manual_seed(0)
        model = generator.WavenetGenerator(wavenet.WaveNet(SimpleNamespace(**SIZES)), cond_repeat=SAMPLES)
    code = torch.randn(1, CODE, 1)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    about = f"{millions:.1f} M parameters, 16 kHz, {SAMPLES} samples, plain PyTorch generator"
    return Task(lambda: _generate(model, code), SAMPLES / RATE_HZ, about)


def _generate(model: Any, code: torch.Tensor) -> torch.Tensor:
    with silence_stderr():  # it prints a progress bar
        out: torch.Tensor = model.generate(code)
    return out
