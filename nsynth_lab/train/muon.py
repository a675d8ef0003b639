"""Muon: steps of equal size in all directions of a matrix (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

torch has one too, which computes in bfloat16 whatever the machine: on processors without units for it a step of this
model takes twenty seconds. This one takes the precision that is faster, and matrices of one shape together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
LEAST_NORM = 1e-7
RMS_OF_ADAM = 0.2  # so that a learning rate means the same to both (Liu et al. 2025, "Muon is scalable")


class Muon(torch.optim.Optimizer):
    """Takes matrices; `step(bf16=...)` after `backward`. Nesterov's momentum, no weight decay."""

    def __init__(self, matrices: Iterable[Tensor]) -> None:
        super().__init__(matrices, {"lr": 0.0})

    @torch.no_grad()
    def step(self, *, bf16: bool) -> None:  # type: ignore[override]  # nothing here takes a closure
        """One step, its products in bfloat16 or in float32."""
        for group in self.param_groups:
            alike = defaultdict[torch.Size, list[tuple[Tensor, Tensor]]](list)
            for value in group["params"]:
                if value.grad is not None:
                    alike[value.shape].append((value, self._moved(value, value.grad)))
            for shape, pairs in alike.items():
                updates = orthogonal(torch.stack([moved for _, moved in pairs]), bf16=bf16)
                for (value, _), update in zip(pairs, updates, strict=True):
                    value.add_(update, alpha=-group["lr"] * RMS_OF_ADAM * math.sqrt(max(shape)))

    def _moved(self, value: Tensor, gradient: Tensor) -> Tensor:
        """The gradient and what momentum adds."""
        state = self.state[value]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(value)
        return torch.lerp(gradient, state["momentum_buffer"].lerp_(gradient, 1.0 - MOMENTUM), MOMENTUM)


def orthogonal(matrices: Tensor, *, bf16: bool) -> Tensor:
    """The nearest matrices whose singular values are all about 1 (0.7 to 1.2), [count, rows, columns].

    Five rounds of a quintic Newton-Schulz iteration, with coefficients that rise steeply at zero.
    """
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16() if bf16 else matrices
    if tall := x.shape[1] > x.shape[2]:
        x = x.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=LEAST_NORM)
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)
