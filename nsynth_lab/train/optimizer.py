"""The optimizer: Muon for the matrices inside the stacks, Adam for all else.

Muon takes steps of equal size in every direction of a matrix; Adam's go mostly where the gradient is largest. What
enters and leaves a stack, and the biases, stay with Adam.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from nsynth_lab.model.stack import GatedStack
from nsynth_lab.train.muon import Muon

BETAS = (0.9, 0.98)
MOMENTS = ("exp_avg", "exp_avg_sq", "momentum_buffer")


class Optimizer:
    """Both optimizers as one; parameters that need no gradient are left out."""

    def __init__(self, model: nn.Module) -> None:
        self._stacks = [part for part in model.modules() if isinstance(part, GatedStack)]
        inner = {id(weight) for stack in self._stacks for weight in _inner_matrices(stack)}
        self.named = {name: value for name, value in model.named_parameters() if value.requires_grad}
        matrices = [value for value in self.named.values() if id(value) in inner]
        others = [value for value in self.named.values() if id(value) not in inner]
        self._adam = torch.optim.Adam(others, betas=BETAS) if others else None
        self._muon = Muon(matrices) if matrices else None
        self._parts = [part for part in (self._adam, self._muon) if part is not None]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for part in self._parts:
            part.zero_grad(set_to_none=True)

    def step(self, *, rate: float) -> None:
        """One step at this learning rate; in bfloat16 where the stacks compute in it."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate
        if self._adam is not None:
            self._adam.step()
        if self._muon is not None:
            self._muon.step(bf16=any(stack.bf16 for stack in self._stacks))

    def moments(self) -> dict[str, Tensor]:
        """What it remembers, as `moment.parameter`."""
        return {
            f"{key}.{name}": part.state[value][key]
            for name, value in self.named.items()
            for part in self._parts
            for key in MOMENTS
            if key in part.state.get(value, {})
        }

    def restore(self, tensors: dict[str, Tensor], *, step: int, device: torch.device) -> None:
        """Take back what `moments` gave.

        Raises:
            KeyError: something is missing.
        """
        for part in self._parts:
            keys = MOMENTS[2:] if part is self._muon else MOMENTS[:2]
            for group in part.param_groups:
                for value in group["params"]:
                    name = next(name for name, one in self.named.items() if one is value)
                    part.state[value] = {key: tensors[f"{key}.{name}"].to(device) for key in keys}
                    if keys is not MOMENTS[2:]:
                        part.state[value]["step"] = torch.tensor(float(step))


def _inner_matrices(stack: GatedStack) -> Iterator[Tensor]:
    """Weights between its first and its last layer."""
    yield from (value for value in (*stack.layers.parameters(), stack.mix.weight) if value.dim() == 2)
