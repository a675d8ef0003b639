"""The model a run begins with: fresh, another checkpoint's, or that with an untrained band stack on top."""

from __future__ import annotations

from dataclasses import replace

import torch

from nsynth_lab.errors import UsageError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.config import ModelConfig

BAND_CHANNELS = 64
ENCODER_PARTIALS = 32
STAGES = ("excitation", "bands", "adversarial")


def first_model(stage: str, base: Autoencoder | None, *, seed: int) -> Autoencoder:
    """The model of a stage.

    `excitation` trains encoder, controls and excitation, from fresh weights or on from `base`; `bands` trains a band
    stack on top of `base`, which stays as it is; `adversarial` refines the decoder of `base`.

    Raises:
        UsageError: an unknown stage, or one of the latter two without a base.
    """
    if stage not in STAGES:
        raise UsageError(f"stage '{stage}'; expected one of {', '.join(STAGES)}")
    torch.manual_seed(seed)
    if stage == "excitation":
        model = Autoencoder(base.config if base is not None else ModelConfig(encoder_partials=ENCODER_PARTIALS))
        if base is not None:
            model.load_state_dict(base.state_dict())
        return model
    if base is None:
        raise UsageError(f"stage {stage} goes on from a trained model: name its folder with --base")
    added = base.config.band_channels or (BAND_CHANNELS if stage == "bands" else 0)
    model = Autoencoder(replace(base.config, band_channels=added))
    model.load_state_dict(base.state_dict(), strict=False)
    trained = "decoder.bands." if stage == "bands" else "decoder."
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(trained))
    return model
