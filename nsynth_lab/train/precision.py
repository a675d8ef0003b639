"""How to compute on this machine: with how many threads, and whether in bfloat16 (tried, not guessed)."""

from __future__ import annotations

import time

import torch
from torch import nn

from nsynth_lab.model.stack import GatedStack

TRIES = 4
HOPELESS = 10  # times as slow, as processors are that only imitate bfloat16: one try says enough


def use_bf16(model: nn.Module, bf16: bool) -> None:
    """Let every stack of `model` run in bfloat16, or in float32."""
    for part in model.modules():
        if isinstance(part, GatedStack):
            part.bf16 = bf16


def use_threads(count: int) -> None:
    """Compute with so many threads on a CPU; more than it has cores slows all of them down."""
    torch.set_num_threads(count)


def bf16_is_faster(device: torch.device) -> bool:
    """Time a stack forward and backward both ways; CPUs with matrix units gain three to six times."""
    stack = GatedStack(64, 256, 64, layers=4, cycle=4).to(device)
    x = torch.randn(8, 96, 64, device=device)
    plain = min(_seconds(stack, x, bf16=False) for _ in range(TRIES))
    for _ in range(TRIES):
        rounded = _seconds(stack, x, bf16=True)
        if rounded < plain or rounded > HOPELESS * plain:
            break
    return rounded < plain


def _seconds(stack: GatedStack, x: torch.Tensor, *, bf16: bool) -> float:
    use_bf16(stack, bf16)
    start = time.perf_counter()
    stack(x).sum().backward()
    if x.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start
