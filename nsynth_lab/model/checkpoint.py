"""A checkpoint folder: weights.safetensors, bank.safetensors and a model card.

Weights are stored as float16, with a JSON header (format version, model sizes, sample rate, hop, timbre dimensions,
licence, training data). The model id is a hash of the weights; latents carry it to show which model they belong to.
Nothing is unpickled, and sizes are checked before any memory is allocated.

Reading and playing take no torch: only `Checkpoint.model`, which encodes and trains, imports it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.errors import CheckpointError
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.headers import FIXED, KEY, WEIGHTS, opened
from nsynth_lab.model.sizes import weight_shapes
from nsynth_lab.model.weights import ModelWeights, weights_of
from nsynth_lab.threads import tell_torch

if TYPE_CHECKING:
    from nsynth_lab.model.autoencoder import Autoencoder

STORED = (np.float16, np.float32)


@dataclass(frozen=True)
class Checkpoint:
    """The weights of a model, its id, the JSON header of its weights, and the device on which `model` is.

    Checkpoints can be sent to other processes, each of which makes its own `model` if it needs one.
    """

    weights: ModelWeights
    model_id: str
    header: dict[str, Any]
    device: str = "cpu"

    @classmethod
    def of(cls, model: Autoencoder, *, model_id: str = "") -> Checkpoint:
        """A checkpoint of a model in memory, on its device; the weights are those it has now."""
        made = cls(weights_of(model), model_id, {}, next(model.parameters()).device.type)
        made.__dict__["model"] = model
        return made

    @property
    def config(self) -> ModelConfig:
        """The sizes of the model."""
        return self.weights.config

    @cached_property
    def model(self) -> Autoencoder:
        """The model in torch on `device`, in float32, in evaluation mode and without gradients."""
        import torch

        from nsynth_lab.model.autoencoder import Autoencoder

        tell_torch()
        with torch.device("meta"):  # nothing is initialised that would be overwritten
            model = Autoencoder(self.config)
        tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in self.weights.arrays.items()}
        model.load_state_dict(tensors, assign=True)
        return model.eval().requires_grad_(False).to(self.device)

    def __getstate__(self) -> dict[str, Any]:
        """Without the model in torch, which is made again from the weights."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def save_weights(folder: Path, model: Autoencoder, *, about: dict[str, Any]) -> str:
    """Write the weights atomically and return the model id; the JSON values in `about` are added to the header."""
    folder.mkdir(parents=True, exist_ok=True)
    halves = {name: array.astype(np.float16) for name, array in weights_of(model).arrays.items()}
    header = {**FIXED, "config": model.config.to_dict(), "model_id": _model_id(halves), **about}
    write_bytes(folder / WEIGHTS, save(halves, metadata={KEY: json.dumps(header)}))
    return str(header["model_id"])


def load_checkpoint(folder: str | Path, *, device: str = "cpu") -> Checkpoint:
    """Load the weights of a checkpoint folder; its `model` will be on `device`.

    Raises:
        CheckpointError: missing, truncated, damaged, of another format version, with a band stack, or of other sizes
            than the header says.
    """
    path = Path(folder) / WEIGHTS
    header, arrays = read_tensors(path)
    try:
        config = ModelConfig.from_dict(header.get("config", {}))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    if {name: array.shape for name, array in arrays.items()} != weight_shapes(config):
        raise CheckpointError(f"{path}: the weights do not fit the sizes in their header; get the checkpoint again")
    if wrong := {str(array.dtype) for array in arrays.values() if array.dtype not in STORED}:
        raise CheckpointError(
            f"{path}: the weights are {', '.join(sorted(wrong))}, expected float16 or float32; get the checkpoint again"
        )
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise CheckpointError(f"{path}: the weights hold NaN or infinite values; get the checkpoint again")
    return Checkpoint(ModelWeights(config, arrays), str(header.get("model_id", "")), header, device)


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays of a file in a checkpoint folder.

    Raises:
        CheckpointError: as `load_checkpoint`.
    """
    with opened(path) as (header, file):
        return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no dict)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically.

    Raises:
        CheckpointError: the file cannot be written.
    """
    with atomic_write(path, CheckpointError) as beside:
        beside.write_bytes(data)


def _model_id(arrays: dict[str, NDArray[np.float16]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()[:12]
