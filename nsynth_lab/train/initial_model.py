"""The model a run begins with: fresh, another checkpoint's, or that with a part of it untrained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from nsynth_lab.errors import UsageError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import load_checkpoint
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.model.controls import ControlNet
from nsynth_lab.model.headers import WEIGHTS
from nsynth_lab.train import distillation as distil
from nsynth_lab.train.run_state import Saved, saved_run

BAND_CHANNELS = 64
ENCODER_PARTIALS = 32
STAGES = {  # stage: what it trains
    "excitation": "",
    "distil": "decoder.controls.",
    "bands": "decoder.bands.",
    "adversarial": "decoder.",
}


@dataclass(frozen=True)
class Beginning:
    """Where a run stands before its next step.

    Attributes:
        model: to be trained, of the right sizes; its weights count where nothing is saved.
        step: of the saved run; 0 where nothing is saved.
        base: id of the model the run began from; empty where it began afresh.
        header: of the checkpoint in which that model lay; empty where it is not known.
        teacher: what stage `distil` learns from.
    """

    model: Autoencoder
    step: int = 0
    base: str = ""
    header: dict[str, Any] = field(default_factory=dict)
    teacher: ControlNet | None = None


def beginning(run: Path, stage: str, base: Path | None, *, seed: int) -> Beginning:
    """What is saved in `run`; else the checkpoint in the folder `base`, its sizes kept; else a fresh model.

    Raises:
        UsageError: an unknown stage, one that needs a base and has none, or a saved run without what it trains.
        CheckpointError: no usable checkpoint in `base`, or a damaged run.
    """
    if stage not in STAGES:
        raise UsageError(f"stage '{stage}'; expected one of {', '.join(STAGES)}")
    saved = saved_run(run)
    if saved is not None and stage == "bands" and not saved.sizes.band_channels:
        raise UsageError(f"{run}: a run without a band stack; --stage bands begins one in another folder")
    if saved is not None and stage == "distil":
        return _more_lessons(run, saved, base)
    if saved is not None:
        header = _header(base, saved.base)
        return Beginning(_for_stage(stage, Autoencoder(saved.sizes)), saved.step, saved.base, header)
    if base is None:
        return Beginning(first_model(stage, None, seed=seed))
    checkpoint = load_checkpoint(base)
    model = first_model(stage, checkpoint.model, seed=seed)
    teacher = checkpoint.model.decoder.controls if stage == "distil" else None
    return Beginning(model, base=checkpoint.model_id, header=checkpoint.header, teacher=teacher)


def _more_lessons(run: Path, saved: Saved, base: Path | None) -> Beginning:
    checkpoint = load_checkpoint(base) if base is not None else None
    if checkpoint is None or checkpoint.model_id != saved.base:
        raise UsageError(f"{run}: learns from model {saved.base or 'unknown'}: name its folder with --base")
    model = _for_stage("distil", Autoencoder(saved.sizes))
    return Beginning(model, saved.step, saved.base, checkpoint.header, checkpoint.model.decoder.controls)


def first_model(stage: str, base: Autoencoder | None, *, seed: int) -> Autoencoder:
    """The model of a stage.

    `excitation` trains encoder, controls and excitation, from fresh weights or on from `base`; `bands` trains a band
    stack on top of `base`, which stays as it is; `adversarial` refines the decoder of `base`; `distil` trains a
    smaller control net in place of that of `base`.

    Raises:
        UsageError: one of the latter three without a base.
    """
    torch.manual_seed(seed)
    if base is None:
        if stage != "excitation":
            raise UsageError(
                f"stage {stage} goes on from a trained model: name its folder with --base, without --fresh"
            )
        return Autoencoder(ModelConfig(encoder_partials=ENCODER_PARTIALS))
    if stage == "distil":
        sizes = {"controls_channels": distil.CHANNELS, "controls_layers": distil.LAYERS, "controls_cycle": distil.CYCLE}
        model = Autoencoder(replace(base.config, band_channels=0, **sizes))
        model.encoder.load_state_dict(base.encoder.state_dict())
        return _for_stage(stage, model)
    added = base.config.band_channels or (BAND_CHANNELS if stage == "bands" else 0)
    model = Autoencoder(replace(base.config, band_channels=added))
    model.load_state_dict(base.state_dict(), strict=False)
    return _for_stage(stage, model)


def _header(folder: Path | None, model_id: str) -> dict[str, Any]:
    """The header of the checkpoint in `folder`, where it is that of this model."""
    if folder is None or not (folder / WEIGHTS).is_file():
        return {}
    checkpoint = load_checkpoint(folder)
    return checkpoint.header if checkpoint.model_id == model_id else {}


def _for_stage(stage: str, model: Autoencoder) -> Autoencoder:
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(STAGES[stage]))
    return model
