"""RunState: what a run needs to be resumed (weights, their average, optimizer state, step), saved without pickle."""

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
from nsynth_lab.train.optimizer import Optimizer

FILE = "state.safetensors"
ADVERSARIAL = ("discriminators.", "critics.")  # tensors of runs of the adversarial stage


@dataclass
class RunState:
    """A run between two steps.

    Attributes:
        model: being trained.
        averaged: exponential moving average of its weights.
        optimizer: of `model`.
        step: number of steps done.
        base: id of the model that the run started from; empty for a fresh model.
    """

    model: Autoencoder
    averaged: Autoencoder
    optimizer: Optimizer
    step: int
    base: str = ""


@dataclass(frozen=True)
class SavedRun:
    """A saved run: its step, the sizes of its model, the id of the model that it started from."""

    step: int
    sizes: ModelConfig
    base: str


def read_state(run: Path, model: Autoencoder, *, base: str = "", device: torch.device) -> RunState:
    """The state saved in the folder `run`, or the initial state with `model` if none is saved.

    Raises:
        CheckpointError: the state is damaged, of a model of other sizes, or of a stage that is no longer trained.
    """
    path = run / FILE
    averaged = copy.deepcopy(model)
    step, tensors = 0, dict[str, Tensor]()
    if path.is_file():
        found, tensors = _read(path)
        step, base = found.step, found.base
        if found.sizes != model.config:
            raise CheckpointError(f"{path}: has other model sizes; resume with the same, or start another run")
    model.to(device)
    averaged.requires_grad_(False).to(device)
    state = RunState(model, averaged, Optimizer(model), step, base=base)
    try:
        if tensors:
            model.load_state_dict(_part(tensors, "model."))
            averaged.load_state_dict(_part(tensors, "averaged."))
            state.optimizer.restore(tensors, step=step, device=device)
    except (KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path}: the run's state is damaged: {reason}; start another run") from error
    return state


def saved_step(run: Path) -> int:
    """The step up to which `run` is saved; 0 if nothing is saved.

    Raises:
        CheckpointError: the state is damaged.
    """
    saved = saved_run(run)
    return saved.step if saved is not None else 0


def saved_run(run: Path) -> SavedRun | None:
    """The saved run in the folder `run`; None if there is none.

    Raises:
        CheckpointError: the state is damaged.
    """
    return _read(run / FILE)[0] if (run / FILE).is_file() else None


def write_state(run: Path, state: RunState) -> None:
    """Save the state, under a temporary name that is then renamed; before the first step nothing is saved."""
    run.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    tensors |= {f"averaged.{name}": value for name, value in state.averaged.state_dict().items()}
    tensors |= state.optimizer.moments()
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    header = {"step": state.step, "config": state.model.config.to_dict(), "base": state.base}
    if state.step:
        write_bytes(run / FILE, save(tensors, metadata={"run": json.dumps(header)}))


def _read(path: Path) -> tuple[SavedRun, dict[str, Tensor]]:
    try:
        with safe_open(str(path), framework="pt") as file:
            header = json.loads((file.metadata() or {})["run"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
        saved = SavedRun(int(header["step"]), ModelConfig.from_dict(header["config"]), str(header.get("base", "")))
    except (SafetensorError, KeyError, ValueError, TypeError, OSError) as error:
        raise CheckpointError(f"{path}: the run's state is damaged ({error}); start another run") from error
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    if any(name.startswith(ADVERSARIAL) for name in tensors):
        raise CheckpointError(
            f"{path}: a run with discriminators, which are no longer trained; start another run from its model with "
            f"--base {path.parent}"
        )
    return saved, tensors


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
