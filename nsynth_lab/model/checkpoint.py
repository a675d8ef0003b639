"""A checkpoint folder: weights.safetensors, bank.safetensors and a model card.

Weights are stored as float16, with a JSON header (format version, model sizes, sample rate, hop, timbre dimensions,
licence, training data). The model id is a hash of the weights; latents carry it to show which model they belong to.
Nothing is unpickled, and sizes are checked before any memory is allocated.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import CheckpointError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.headers import FIXED, KEY, WEIGHTS, opened


@dataclass(frozen=True)
class Checkpoint:
    """A model in evaluation mode, its id, and the JSON header of its weights."""

    model: Autoencoder
    model_id: str
    header: dict[str, Any]


def save_weights(folder: Path, model: Autoencoder, *, about: dict[str, Any]) -> str:
    """Write the weights atomically and return the model id; the JSON values in `about` are added to the header."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in model.state_dict().items()}
    header = {**FIXED, "config": model.config.to_dict(), "model_id": _model_id(tensors), **about}
    write_bytes(folder / WEIGHTS, save(tensors, metadata={KEY: json.dumps(header)}))
    return str(header["model_id"])


def load_checkpoint(folder: str | Path, *, device: str = "cpu") -> Checkpoint:
    """Load the weights of a checkpoint folder as float32, without gradients, on `device`.

    Raises:
        CheckpointError: missing, truncated, damaged, of another format version, with a band stack, or of other sizes
            than the header says.
    """
    path = Path(folder) / WEIGHTS
    header, tensors = read_tensors(path)
    try:
        config = ModelConfig.from_dict(header.get("config", {}))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    with torch.device("meta"):  # shapes only: a header with huge sizes must not allocate memory
        expected = {name: value.shape for name, value in Autoencoder(config).state_dict().items()}
    if {name: value.shape for name, value in tensors.items()} != expected:
        raise CheckpointError(f"{path}: the weights do not fit the sizes in their header; get the checkpoint again")
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise CheckpointError(f"{path}: the weights hold NaN or infinite values; get the checkpoint again")
    model = Autoencoder(config)
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    model.eval().requires_grad_(False).to(device)
    return Checkpoint(model, str(header.get("model_id", "")), header)


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The header and the tensors of a file in a checkpoint folder.

    Raises:
        CheckpointError: as `load_checkpoint`.
    """
    with opened(path, framework="pt") as (header, file):
        return header, {name: torch.as_tensor(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118  (no dict)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically.

    Raises:
        CheckpointError: the file cannot be written.
    """
    with atomic_write(path, CheckpointError) as beside:
        beside.write_bytes(data)


def _model_id(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()[:12]
