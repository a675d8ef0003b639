"""initial_model(run, stage, base): the model a run starts with: saved, fresh, a checkpoint's, or partly untrained."""

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
from nsynth_lab.train.run_state import SavedRun, saved_run

ENCODER_PARTIALS = 32
STAGES = {  # stage: the prefix of the parameters that it trains
    "excitation": "",
    "distil": "decoder.controls.",
}
RESEARCH_STAGES = {"bands": "nsynth_lab.research.bands", "adversarial": "nsynth_lab.research.discriminators"}


@dataclass(frozen=True)
class InitialModel:
    """A run before its next step.

    Attributes:
        model: to be trained, of the right sizes; its weights are used only if no run is saved.
        step: of the saved run; 0 if none is saved.
        base: id of the model that the run started from; empty for a fresh model.
        header: of that model's checkpoint; empty if unknown.
        teacher: the control net that stage `distil` learns from.
    """

    model: Autoencoder
    step: int = 0
    base: str = ""
    header: dict[str, Any] = field(default_factory=dict)
    teacher: ControlNet | None = None


def initial_model(run: Path, stage: str, base: Path | None, *, seed: int) -> InitialModel:
    """The state of the run saved in `run`; else the model of the checkpoint folder `base`; else a fresh model.

    Raises:
        UsageError: an unknown stage, one that is no longer trained, or one that needs a base without one.
        CheckpointError: no usable checkpoint in `base`, or a damaged run.
    """
    if stage in RESEARCH_STAGES:
        raise UsageError(
            f"stage '{stage}' gained nothing when it was measured and is no longer trained (see "
            f"{RESEARCH_STAGES[stage]}); expected one of {', '.join(STAGES)}"
        )
    if stage not in STAGES:
        raise UsageError(f"stage '{stage}'; expected one of {', '.join(STAGES)}")
    saved = saved_run(run)
    if saved is not None and stage == "distil":
        return _resume_distillation(run, saved, base)
    if saved is not None:
        header = _header(base, saved.base)
        return InitialModel(_for_stage(stage, Autoencoder(saved.sizes)), saved.step, saved.base, header)
    if base is None:
        return InitialModel(build_model(stage, None, seed=seed))
    checkpoint = load_checkpoint(base)
    model = build_model(stage, checkpoint.model, seed=seed)
    teacher = checkpoint.model.decoder.controls if stage == "distil" else None
    return InitialModel(model, base=checkpoint.model_id, header=checkpoint.header, teacher=teacher)


def _resume_distillation(run: Path, saved: SavedRun, base: Path | None) -> InitialModel:
    checkpoint = load_checkpoint(base) if base is not None else None
    if checkpoint is None or checkpoint.model_id != saved.base:
        raise UsageError(f"{run}: was distilled from model {saved.base or 'unknown'}: give its folder with --base")
    model = _for_stage("distil", Autoencoder(saved.sizes))
    return InitialModel(model, saved.step, saved.base, checkpoint.header, checkpoint.model.decoder.controls)


def build_model(stage: str, base: Autoencoder | None, *, seed: int) -> Autoencoder:
    """The model that a stage starts with, with only the parameters that it trains requiring a gradient.

    `excitation` trains encoder, control net and excitation, from fresh weights or from `base`; `distil` trains a
    smaller control net in place of the one of `base`.

    Raises:
        UsageError: `distil` without a base.
    """
    torch.manual_seed(seed)
    if base is None:
        if stage != "excitation":
            raise UsageError(f"stage {stage} needs a trained model: give its folder with --base, and leave out --fresh")
        return Autoencoder(ModelConfig(encoder_partials=ENCODER_PARTIALS))
    if stage == "distil":
        sizes = {"controls_channels": distil.CHANNELS, "controls_layers": distil.LAYERS, "controls_cycle": distil.CYCLE}
        model = Autoencoder(replace(base.config, **sizes))
        model.encoder.load_state_dict(base.encoder.state_dict())
        return _for_stage(stage, model)
    model = Autoencoder(base.config)
    model.load_state_dict(base.state_dict())
    return _for_stage(stage, model)


def _header(folder: Path | None, model_id: str) -> dict[str, Any]:
    """The header of the checkpoint in `folder`, if its model has this id."""
    if folder is None or not (folder / WEIGHTS).is_file():
        return {}
    checkpoint = load_checkpoint(folder)
    return checkpoint.header if checkpoint.model_id == model_id else {}


def _for_stage(stage: str, model: Autoencoder) -> Autoencoder:
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(STAGES[stage]))
    return model
