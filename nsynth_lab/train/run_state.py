"""All that a run needs to go on: weights, their average, what the optimizer remembers, the step; never pickled."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nsynth_lab.errors import CheckpointError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import write_bytes
from nsynth_lab.model.config import ModelConfig
from nsynth_lab.train.discriminators import Critics
from nsynth_lab.train.optimizer import Optimizer

FILE = "state.safetensors"


@dataclass
class RunState:
    """A run between two steps.

    `averaged` is the exponential moving average of `model`; critics there may be none; `base` is the id of the model
    that the run began from, empty where it began afresh.
    """

    model: Autoencoder
    averaged: Autoencoder
    optimizer: Optimizer
    step: int
    critics: Critics | None = None
    critics_optimizer: Optimizer | None = None
    base: str = ""


@dataclass(frozen=True)
class Saved:
    """What a run's folder says of it: its step, the sizes of its model, the id of the model it began from."""

    step: int
    sizes: ModelConfig
    base: str


def read_state(
    run: Path, model: Autoencoder, critics: Critics | None = None, *, base: str = "", device: torch.device
) -> RunState:
    """The state that `run` holds, or a first one with `model` as it is; what needs no gradient is not trained.

    Critics that a run has not had so far begin as they are.

    Raises:
        CheckpointError: the state is damaged, or of a model of other sizes.
    """
    path = run / FILE
    averaged = copy.deepcopy(model)
    step, tensors = 0, dict[str, Tensor]()
    if path.is_file():
        found, tensors = _read(path)
        step, base = found.step, found.base
        if found.sizes != model.config:
            raise CheckpointError(f"{path}: begun with other model sizes; go on with the same, or start another run")
    model.to(device)
    averaged.requires_grad_(False).to(device)
    state = RunState(model, averaged, Optimizer(model), step, base=base)
    if critics is not None:
        state.critics = critics.to(device)
        state.critics_optimizer = Optimizer(critics)
    try:
        if tensors:
            model.load_state_dict(_part(tensors, "model."))
            averaged.load_state_dict(_part(tensors, "averaged."))
            state.optimizer.restore(tensors, step=step, device=device)
        if critics is not None and state.critics_optimizer is not None and (saved := _part(tensors, "critics.")):
            critics.load_state_dict(_part(saved, "model."))
            state.critics_optimizer.restore(saved, step=step, device=device)
    except (KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path}: the run's state is damaged: {reason}; start another run") from error
    return state


def saved_step(run: Path) -> int:
    """The step at which `run` stands; 0 where nothing is saved.

    Raises:
        CheckpointError: the state is damaged.
    """
    saved = saved_run(run)
    return saved.step if saved is not None else 0


def saved_run(run: Path) -> Saved | None:
    """What is saved of `run`; None where nothing is.

    Raises:
        CheckpointError: the state is damaged.
    """
    return _read(run / FILE)[0] if (run / FILE).is_file() else None


def write_state(run: Path, state: RunState) -> None:
    """Write the state aside, then rename."""
    run.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    tensors |= {f"averaged.{name}": value for name, value in state.averaged.state_dict().items()}
    tensors |= state.optimizer.moments()
    if state.critics is not None and state.critics_optimizer is not None:
        tensors |= {f"critics.model.{name}": value for name, value in state.critics.state_dict().items()}
        tensors |= {f"critics.{name}": value for name, value in state.critics_optimizer.moments().items()}
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    header = {"step": state.step, "config": state.model.config.to_dict(), "base": state.base}
    if state.step:
        write_bytes(run / FILE, save(tensors, metadata={"run": json.dumps(header)}))


def _read(path: Path) -> tuple[Saved, dict[str, Tensor]]:
    try:
        with safe_open(str(path), framework="pt") as file:
            header = json.loads((file.metadata() or {})["run"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
        saved = Saved(int(header["step"]), ModelConfig.from_dict(header["config"]), str(header.get("base", "")))
    except (SafetensorError, KeyError, ValueError, TypeError, OSError) as error:
        raise CheckpointError(f"{path}: the run's state is damaged ({error}); start another run") from error
    return saved, tensors


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
