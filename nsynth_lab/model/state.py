"""State as a value: nested tensors whose first axis is the voice."""

from __future__ import annotations

from collections.abc import Callable
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
    out: State = _each(lambda old, new: torch.where(rows.view(-1, *[1] * (old.dim() - 1)), new, old), state, fresh)
    return out


def pick_rows(state: State, rows: Tensor) -> State:
    """The voices `rows` [picked] of `state`, in that order.

    >>> pick_rows((torch.arange(3.0),), torch.tensor([2, 0]))
    (tensor([2., 0.]),)
    """
    out: State = _each(lambda old: old[rows], state)
    return out


def put_rows(state: State, rows: Tensor, part: State) -> State:
    """`state` with its voices `rows` [picked] replaced by those of `part`.

    >>> put_rows((torch.zeros(3),), torch.tensor([2]), (torch.ones(1),))
    (tensor([0., 0., 1.]),)
    """
    out: State = _each(lambda old, new: old.index_copy(0, rows, new), state, part)
    return out


def write_rows(state: State, rows: Tensor, part: State) -> None:
    """As `put_rows`, into the tensors of `state` themselves.

    >>> state = (torch.zeros(3),)
    >>> write_rows(state, torch.tensor([2]), (torch.ones(1),))
    >>> state
    (tensor([0., 0., 1.]),)
    """
    _each(lambda old, new: old.index_copy_(0, rows, new), state, part)


def detached(state: State) -> State:
    """`state`, of which no gradient goes back into what it came from."""
    out: State = _each(torch.Tensor.detach, state)
    return out


def _each(change: Callable[..., Tensor], *states: Any) -> Any:
    """`change` on each tensor of `states`, which are alike, through tuples and dataclasses."""
    first = states[0]
    if isinstance(first, Tensor):
        return change(*states)
    if isinstance(first, tuple):
        return tuple(_each(change, *parts) for parts in zip(*states, strict=True))
    if is_dataclass(first) and not isinstance(first, type):
        names = [item.name for item in fields(first)]
        return replace(first, **{name: _each(change, *(getattr(state, name) for state in states)) for name in names})
    return first
