"""Rectified flow: a net that learns in which direction noise lies from data, on the straight line between both.

    x_t = (1 - t) noise + t data        the net is given x_t, t and the condition, and learns  data - noise

A point is made by following it from noise at t = 0 to t = 1 in small steps. Points are standardised, each value by its
mean and standard deviation.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.research.imagination.zones import ZonePoints
from nsynth_lab.units import FloatArray

POINT, CONDITION, DESCRIPTORS = 204, 18, 5
WIDTH, BLOCKS, TIMES = 256, 4, 16
STEPS, BATCH, RATE, DECAY = 4_000, 96, 1e-3, 0.998
FORGET = 0.3  # how often the descriptors are hidden, so that there are instruments without wishes
SAVE_EVERY, SAMPLE_STEPS = 250, 20
FILE = "flow.safetensors"


class VelocityNet(nn.Module):
    """(points [n, 204], times [n], conditions [n, 18]) -> directions [n, 204]; 0.7 million weights."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(POINT + CONDITION + 2 * TIMES, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(BLOCKS))
        self.wide = nn.ModuleList(nn.Linear(WIDTH + CONDITION + 2 * TIMES, WIDTH) for _ in range(BLOCKS))
        self.back = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(BLOCKS))
        self.leave = nn.Linear(WIDTH, POINT)
        self.register_buffer("mean", torch.zeros(POINT))
        self.register_buffer("scale", torch.ones(POINT))

    def forward(self, points: Tensor, times: Tensor, conditions: Tensor) -> Tensor:
        """See the class."""
        angles = times[:, None] * torch.pi * torch.arange(1, TIMES + 1)
        told = torch.cat([conditions, angles.sin(), angles.cos()], dim=1)
        x = self.enter(torch.cat([points, told], dim=1))
        for norm, wide, back in zip(self.norms, self.wide, self.back, strict=True):
            x = x + back(functional.silu(wide(torch.cat([norm(x), told], dim=1))))
        out: Tensor = self.leave(x)
        return out


def train(
    data: ZonePoints, run: Path, *, steps: int = STEPS, seed: int = 0, tell: Callable[[str], object] = print
) -> VelocityNet:
    """Train in the folder `run`, or go on where it was; returns the moving mean of the weights."""
    torch.manual_seed(seed)
    net, mean = VelocityNet(), VelocityNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    points = torch.from_numpy(data.points)
    for one in (net, mean):
        one.mean.copy_(points.mean(dim=0))
        one.scale.copy_(points.std(dim=0) + 1e-3)
    mean.load_state_dict(net.state_dict())
    begin = _resume(run, net, mean, optimizer)
    points = (points - net.mean) / net.scale
    conditions = torch.from_numpy(data.conditions)
    total = torch.zeros(())
    for step in range(begin, steps):
        draw = torch.Generator().manual_seed(seed * 1_000_003 + step)
        chosen = torch.randint(len(points), (BATCH,), generator=draw)
        noise, times = torch.randn(BATCH, POINT, generator=draw), torch.rand(BATCH, generator=draw)
        told = conditions[chosen].clone()
        told[torch.rand(BATCH, generator=draw) < FORGET, -DESCRIPTORS:] = 0.0
        there = (1.0 - times[:, None]) * noise + times[:, None] * points[chosen]
        loss = (net(there, times, told) - (points[chosen] - noise)).square().mean()
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, 20.0 * (step + 1) / steps) * (1.0 - step / steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(mean.parameters(), net.parameters(), strict=True):
                slow.lerp_(fast, 1.0 - min(DECAY, (1.0 + step) / (10.0 + step)))
        total += loss.detach()
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            _save(run, net, mean, optimizer, step + 1)
            tell(f"step {step + 1}: error {float(total) / SAVE_EVERY:.4f}")
            total.zero_()
    return mean.eval()


@torch.no_grad()
def sample(net: VelocityNet, noise: FloatArray, conditions: FloatArray) -> FloatArray:
    """Points [n, 204] from `noise` [n, 204] and conditions [n, 18]."""
    x, told = torch.from_numpy(noise), torch.from_numpy(conditions)
    for step in range(SAMPLE_STEPS):
        x = x + net(x, torch.full((len(x),), (step + 0.5) / SAMPLE_STEPS), told) / SAMPLE_STEPS
    return np.asarray((x * net.scale + net.mean).numpy(), np.float32)


def _save(run: Path, net: VelocityNet, mean: VelocityNet, optimizer: torch.optim.Optimizer, step: int) -> None:
    tensors = {
        f"{kind}.{name}": value
        for kind, one in (("net", net), ("mean", mean))
        for name, value in one.state_dict().items()
    }
    states = optimizer.state_dict()["state"]
    tensors |= {f"adam.{number}.{name}": value for number, one in states.items() for name, value in one.items()}
    tensors["step"] = torch.tensor(step)
    beside = run / f".{FILE}.{os.getpid()}"
    save_file({name: value.contiguous() for name, value in tensors.items()}, beside)
    beside.replace(run / FILE)


def _resume(run: Path, net: VelocityNet, mean: VelocityNet, optimizer: torch.optim.Optimizer) -> int:
    if not (run / FILE).is_file():
        return 0
    tensors = load_file(run / FILE)
    for kind, one in (("net", net), ("mean", mean)):
        prefix = f"{kind}."
        one.load_state_dict(
            {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        )
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam."):
            _, number, moment = name.split(".")
            state.setdefault(int(number), {})[moment] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return int(tensors["step"])
