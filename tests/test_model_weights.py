"""Weights without torch: the names, shapes and numbers that torch has."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_model import TINY, tiny_model

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.sizes import weight_shapes
from nsynth_lab.model.weights import weights_of


@pytest.mark.parametrize("config", [ModelConfig(), TINY, ModelConfig(encoder_partials=32, controls_layers=5)])
def test_names_and_shapes_are_those_of_the_module(config: ModelConfig) -> None:
    with torch.device("meta"):
        expected = {name: tuple(value.shape) for name, value in Autoencoder(config).state_dict().items()}
    assert weight_shapes(config) == expected


def test_weights_are_the_models_own_as_they_were() -> None:
    model = tiny_model()
    weights = weights_of(model)
    name = "decoder.controls.stack.layers.1.taps"
    before = model.decoder.controls.stack.gated_layers()[1].taps.weight.numpy().copy()
    model.decoder.controls.stack.gated_layers()[1].taps.weight.zero_()
    assert np.array_equal(weights.linear(name)[0], before)
    assert weights.config == TINY
    halves = {name: value.astype(np.float16) for name, value in weights.arrays.items()}
    stored = type(weights)(TINY, halves).linear(name)
    assert [array.dtype for array in stored] == [np.float32, np.float32]
    assert np.array_equal(stored[0], before)
