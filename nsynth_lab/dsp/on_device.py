"""Tables made in NumPy, as tensors on a device: each is copied there once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


@functools.cache
def on_device(make: Callable[..., NDArray[Any]], *arguments: int, device: torch.device | str) -> Tensor:
    """`make(*arguments)` on `device`; also for gradients, wherever it is first asked for."""
    with torch.inference_mode(False):
        return torch.from_numpy(make(*arguments)).to(device)
