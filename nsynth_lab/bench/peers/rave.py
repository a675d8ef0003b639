"""RAVE v2 from its own source (https://github.com/acids-ircam/RAVE), with weight norm removed as its export does.

It was written for older libraries, so two functions that have moved or changed in scipy are patched in. For streaming
its decoder is built with cached convolutions and called for one block of 2048 samples at a time.
"""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils import remove_weight_norm

from nsynth_lab.bench.peers.source import importing
from nsynth_lab.bench.peers.task import Task
from nsynth_lab.units import SAMPLE_RATE

CODE, BLOCK_SAMPLES = 128, 2048
BLOCKS = 24
CONFIG, RATE = "configs/v2.gin", f"SAMPLING_RATE = {SAMPLE_RATE}"
HOW = (
    "git clone https://github.com/acids-ircam/RAVE PEERS/RAVE && pip install --no-deps --target PEERS/packages "
    "gin-config cached-conv einops nn-tilde udls pytorch_lightning lightning_utilities torchmetrics GPUtil lmdb tqdm "
    "PyYAML flask werkzeug itsdangerous blinker 'setuptools<80'"
)


def streaming(folder: Path) -> Task:
    """Decode one voice block by block.

    Raises:
        MissingError: its source or a package it needs is not in `folder`.
    """
    model = _model(folder, cached=True)
    code = torch.randn(BLOCKS, 1, CODE, 1)
    seconds = BLOCKS * BLOCK_SAMPLES / SAMPLE_RATE
    return Task(lambda: [_decode(model, one) for one in code], seconds, f"{_size(model)}, blocks of {BLOCK_SAMPLES}")


def whole(folder: Path, *, blocks: int) -> Task:
    """Decode one note of `blocks` blocks of 2048 samples at once.

    Raises:
        MissingError: its source or a package it needs is not in `folder`.
    """
    model = _model(folder, cached=False)
    code = torch.randn(1, CODE, blocks)
    return Task(lambda: _decode(model, code), blocks * BLOCK_SAMPLES / SAMPLE_RATE, f"{_size(model)}, a whole note")


@torch.inference_mode()
def _decode(model: Any, code: torch.Tensor) -> torch.Tensor:
    out: torch.Tensor = model.decode(code)
    return out


def _model(folder: Path, *, cached: bool) -> Any:
    with importing(folder, "RAVE", ".", how=HOW):
        signal: Any = importlib.import_module("scipy.signal")
        signal.kaiser = signal.windows.kaiser
        gin, cached_conv = importlib.import_module("gin"), importlib.import_module("cached_conv")
        cached_conv.use_cached_conv(cached)
        rave = importlib.import_module("rave")
        filters: Any = importlib.import_module("rave.pqmf")
        filters.kaiser_filter = _kaiser_filter
        gin.clear_config()
        logging.disable(logging.ERROR)  # gin searches several places for the configuration and warns about each
        try:
            gin.parse_config_files_and_bindings([CONFIG], [RATE])
            torch.manual_seed(0)
            model = rave.RAVE().eval()
        finally:
            logging.disable(logging.NOTSET)
        for part in model.modules():
            if hasattr(part, "weight_g"):
                remove_weight_norm(part)
        return model


def _size(model: Any) -> str:
    return f"{sum(parameter.numel() for parameter in model.decoder.parameters()) / 1e6:.1f} M parameters, 48 kHz"


def _kaiser_filter(wc: Any, atten: float, taps: int | None = None) -> Any:
    """A low-pass FIR filter with cutoff `wc` in radians per sample and `atten` dB of attenuation."""
    signal = importlib.import_module("scipy.signal")
    cutoff = float(np.squeeze(wc))
    needed, beta = signal.kaiserord(atten, cutoff / np.pi)
    length = taps if taps is not None else 2 * (needed // 2) + 1
    return signal.firwin(length, cutoff, window=("kaiser", beta), scale=False, fs=2 * np.pi)
