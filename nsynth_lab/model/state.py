"""State as a value: nested tensors whose first axis is the voice."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

State = TypeVar("State")


def reset_rows(state: State, fresh: State, rows: Tensor) -> State:
    """`state` where `rows` [voices] is false, `fresh` where it is true, through tuples and dataclasses.

    >>> reset_rows((torch.ones(2),), (torch.zeros(2),), torch.tensor([True, False]))
    (tensor([0., 1.]),)
    """
    picked: Any = state
    if isinstance(state, Tensor) and isinstance(fresh, Tensor):
        picked = torch.where(rows.view(-1, *[1] * (state.dim() - 1)), fresh, state)
    elif isinstance(state, tuple) and isinstance(fresh, tuple):
        picked = tuple(reset_rows(old, new, rows) for old, new in zip(state, fresh, strict=True))
    elif is_dataclass(state) and not isinstance(state, type):
        parts = {item.name: (getattr(state, item.name), getattr(fresh, item.name)) for item in fields(state)}
        picked = replace(state, **{name: reset_rows(old, new, rows) for name, (old, new) in parts.items()})
    return picked  # type: ignore[no-any-return]
