"""Operations on decoder states: nested tuples and dataclasses of tensors whose first axis is the voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

State = TypeVar("State")


def reset_voices(state: State, fresh: State, which: Tensor) -> State:
    """`state`, with the voices where `which` [voices] is true taken from `fresh`.

    >>> reset_voices((torch.ones(2),), (torch.zeros(2),), torch.tensor([True, False]))
    (tensor([0., 1.]),)
    """
    out: State = _each(lambda old, new: torch.where(which.view(-1, *[1] * (old.dim() - 1)), new, old), state, fresh)
    return out


def pick_voices(state: State, slots: Tensor) -> State:
    """The voices with indices `slots` [picked] of `state`, in that order.

    >>> pick_voices((torch.arange(3.0),), torch.tensor([2, 0]))
    (tensor([2., 0.]),)
    """
    out: State = _each(lambda old: old[slots], state)
    return out


def put_voices(state: State, slots: Tensor, part: State) -> State:
    """`state` with the voices at indices `slots` [picked] replaced by those of `part`.

    >>> put_voices((torch.zeros(3),), torch.tensor([2]), (torch.ones(1),))
    (tensor([0., 0., 1.]),)
    """
    out: State = _each(lambda old, new: old.index_copy(0, slots, new), state, part)
    return out


def write_voices(state: State, slots: Tensor, part: State) -> None:
    """Like `put_voices`, but in place.

    >>> state = (torch.zeros(3),)
    >>> write_voices(state, torch.tensor([2]), (torch.ones(1),))
    >>> state
    (tensor([0., 0., 1.]),)
    """
    _each(lambda old, new: old.index_copy_(0, slots, new), state, part)


def detached(state: State) -> State:
    """`state` cut off from the gradient graph."""
    out: State = _each(torch.Tensor.detach, state)
    return out


def _each(change: Callable[..., Tensor], *states: Any) -> Any:
    """Apply `change` to corresponding tensors of `states`, which all have the same structure."""
    first = states[0]
    if isinstance(first, Tensor):
        return change(*states)
    if isinstance(first, tuple):
        return tuple(_each(change, *parts) for parts in zip(*states, strict=True))
    if is_dataclass(first) and not isinstance(first, type):
        names = [item.name for item in fields(first)]
        return replace(first, **{name: _each(change, *(getattr(state, name) for state in states)) for name in names})
    return first
