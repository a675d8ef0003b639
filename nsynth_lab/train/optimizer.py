"""Optimizer: Muon for the weight matrices inside the stacks, Adam for all other parameters.

Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) takes steps of equal size in all directions of a matrix,
while Adam moves mostly where the gradient is largest. The first and last layers of a stack and all biases stay with
Adam. torch's own Muon always computes in bfloat16: on processors without units for it, a step of this model takes
twenty seconds. This one uses whichever precision is faster, and processes matrices of the same shape together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from nsynth_lab.model.stack import GatedStack

BETAS = (0.9, 0.98)
MOMENTS = ("exp_avg", "exp_avg_sq", "momentum_buffer")
MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
MIN_NORM = 1e-7
ADAM_RMS = 0.2  # so that a learning rate means the same to both (Liu et al. 2025, "Muon is scalable")


class Optimizer:
    """Both optimizers as one; parameters that do not require a gradient are left out."""

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
        """Clear the gradients."""
        for part in self._parts:
            part.zero_grad(set_to_none=True)

    def step(self, *, rate: float) -> None:
        """Take one step at this learning rate; Muon computes in bfloat16 if the stacks do."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate
        if self._adam is not None:
            self._adam.step()
        if self._muon is not None:
            self._muon.step(bf16=any(stack.bf16 for stack in self._stacks))

    def moments(self) -> dict[str, Tensor]:
        """The optimizers' state, with keys such as `exp_avg.decoder.controls.mix.weight`."""
        return {
            f"{key}.{name}": part.state[value][key]
            for name, value in self.named.items()
            for part in self._parts
            for key in MOMENTS
            if key in part.state.get(value, {})
        }

    def restore(self, tensors: dict[str, Tensor], *, step: int, device: torch.device) -> None:
        """Restore the state that `moments` has returned.

        Raises:
            KeyError: a tensor is missing.
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
    """The weight matrices between a stack's first and last layer."""
    yield from (value for value in (*stack.layers.parameters(), stack.mix.weight) if value.dim() == 2)


class Muon(torch.optim.Optimizer):
    """Muon for a set of matrices, with Nesterov momentum and without weight decay."""

    def __init__(self, matrices: Iterable[Tensor]) -> None:
        super().__init__(matrices, {"lr": 0.0})

    @torch.no_grad()
    def step(self, *, bf16: bool) -> None:  # type: ignore[override]  # nothing here takes a closure
        """Take one step, with matrix products in bfloat16 or in float32."""
        for group in self.param_groups:
            by_shape = defaultdict[torch.Size, list[tuple[Tensor, Tensor]]](list)
            for value in group["params"]:
                if value.grad is not None:
                    by_shape[value.shape].append((value, self._nesterov(value, value.grad)))
            for shape, pairs in by_shape.items():
                updates = orthogonalize(torch.stack([moved for _, moved in pairs]), bf16=bf16)
                for (value, _), update in zip(pairs, updates, strict=True):
                    value.add_(update, alpha=-group["lr"] * ADAM_RMS * math.sqrt(max(shape)))

    def _nesterov(self, value: Tensor, gradient: Tensor) -> Tensor:
        """The gradient with Nesterov momentum."""
        state = self.state[value]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(value)
        return torch.lerp(gradient, state["momentum_buffer"].lerp_(gradient, 1.0 - MOMENTUM), MOMENTUM)


def orthogonalize(matrices: Tensor, *, bf16: bool) -> Tensor:
    """The nearest matrices [count, rows, columns] whose singular values are all about 1 (0.7 to 1.2).

    Computed by five rounds of a quintic Newton-Schulz iteration whose coefficients rise steeply at zero.
    """
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16() if bf16 else matrices
    if tall := x.shape[1] > x.shape[2]:
        x = x.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=MIN_NORM)
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)
