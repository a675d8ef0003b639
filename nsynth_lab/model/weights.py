"""Weights of a model as NumPy arrays: what is played without torch is played from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.model.config import ModelConfig
from nsynth_lab.units import FloatArray

WeightArray = NDArray[np.float16] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ModelWeights:
    """The sizes of a model and its arrays, float16 as a checkpoint keeps them or float32 as they are trained.

    Names and shapes are those of `model.sizes.weight_shapes`. Two are equal if they are the same object.
    """

    config: ModelConfig
    arrays: Mapping[str, WeightArray]

    def linear(self, name: str) -> tuple[FloatArray, FloatArray]:
        """(weights [outputs, inputs], bias [outputs]) of a linear layer, as float32."""
        weight, bias = self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"]
        return weight.astype(np.float32, copy=False), bias.astype(np.float32, copy=False)


class Model(Protocol):
    """An `Autoencoder` or a part of it, as far as its weights go."""

    @property
    def config(self) -> ModelConfig:
        """Its sizes."""

    def state_dict(self) -> Mapping[str, Any]:
        """Its tensors."""


def weights_of(model: Model) -> ModelWeights:
    """The weights of a model in torch as they are now, copied from its device."""
    arrays = {name: tensor.detach().cpu().float().numpy().copy() for name, tensor in model.state_dict().items()}
    return ModelWeights(model.config, arrays)
