"""Whether to compute in bfloat16 on this machine, which is found out by timing it."""

from __future__ import annotations

import time
from functools import cache

import torch
from torch import nn

from nsynth_lab.model.stack import GatedStack

REPEATS = 4
HOPELESS_FACTOR = 10  # so much slower, on processors that emulate bfloat16, a single try is enough


def use_bf16(model: nn.Module, bf16: bool) -> None:
    """Make every stack of `model` compute in bfloat16 or in float32."""
    for part in model.modules():
        if isinstance(part, GatedStack):
            part.bf16 = bf16


@cache
def bf16_is_faster(device: torch.device) -> bool:
    """Time a stack forwards and backwards in both; CPUs with matrix units are 3 to 6 times as fast in bfloat16.

    That is a second's work, and done once for each device.
    """
    stack = GatedStack(64, 256, 64, layers=4, cycle=4).to(device)
    x = torch.randn(8, 96, 64, device=device)
    fp32 = min(_seconds(stack, x, bf16=False) for _ in range(REPEATS))
    for _ in range(REPEATS):
        bf16 = _seconds(stack, x, bf16=True)
        if bf16 < fp32 or bf16 > HOPELESS_FACTOR * fp32:
            break
    return bf16 < fp32


def _seconds(stack: GatedStack, x: torch.Tensor, *, bf16: bool) -> float:
    use_bf16(stack, bf16)
    start = time.perf_counter()
    stack(x).sum().backward()
    if x.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start
