"""Muon: as torch's own, in whichever precision."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nsynth_lab.train.optimizer import Muon, orthogonalize

SHAPES = ((24, 40), (24, 40), (40, 24), (16, 16))


@pytest.mark.parametrize("bf16", [False, True])
def test_steps_are_those_of_torch(bf16: bool) -> None:
    """Within what bfloat16, in which torch computes, is exact to."""
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]
    theirs = [value.detach().clone().requires_grad_() for value in ours]
    first = [value.detach().clone() for value in ours]
    muon = Muon(ours)
    reference: Any = torch.optim.Muon(theirs, lr=0.1, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    muon.param_groups[0]["lr"] = 0.1
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=generator)
            other.grad = one.grad.clone()
        muon.step(bf16=bf16)
        reference.step()
    for one, other, begun in zip(ours, theirs, first, strict=True):
        moved = (other - begun).norm()
        assert moved > 0.1
        assert (one - other).norm() < 0.02 * moved


def test_no_direction_is_favoured() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((3, 24, 40), (2, 40, 24)):
        matrices = torch.randn(shape, generator=generator)
        matrices[:, 0] *= 30.0
        sizes = torch.linalg.svdvals(orthogonalize(matrices, bf16=False))
        assert sizes.min() > 0.6
        assert sizes.max() < 1.3
