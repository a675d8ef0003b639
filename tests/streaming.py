"""The law of everything that streams: blocks of any sizes give the same as one whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from nsynth_lab.runtime.voice_batch import FrameStreams, VoiceBatch

State = TypeVar("State")

ODD_BLOCKS = ((1,) * 7, (1, 2, 3, 5, 7, 11), (13, 1, 4), (2, 17))


def assert_streams(
    step: Callable[[Sequence[Tensor], State], tuple[Tensor, State]],
    inputs: Sequence[Tensor],
    start: Callable[[], State],
    *,
    dim: int = 1,
    unit: int = 1,
    out_dim: int = 1,
    atol: float = 1e-5,
) -> None:
    """`step` over the whole of `inputs` equals `step` over blocks of them, of odd and changing sizes, one by one.

    Args:
        step: (inputs of one block, state) -> (output, state).
        inputs: tensors cut along `dim`, all of one length there.
        start: a fresh state.
        dim: along which the inputs run in time.
        unit: block sizes are multiples of so many.
        out_dim: along which the output runs in time.
        atol: how far a sample may differ.
    """
    whole, _ = step(inputs, start())
    assert whole.abs().max() > 20 * atol, "nothing to compare: the whole is silent"
    for sizes in ODD_BLOCKS:
        state, blocks = start(), []
        for block in _cut(inputs, sizes, dim=dim, unit=unit):
            out, state = step(block, state)
            blocks.append(out)
        assert len(blocks) > 2, "nothing was cut"
        streamed = torch.cat(blocks, dim=out_dim)
        assert streamed.shape == whole.shape
        furthest = float((streamed - whole).abs().max())
        assert furthest <= atol, f"blocks of {sizes}: {furthest:.2e} away from the whole"


def _cut(inputs: Sequence[Tensor], sizes: Sequence[int], *, dim: int, unit: int) -> list[list[Tensor]]:
    """Blocks of these sizes in turn, repeated to the end."""
    length, first, blocks = inputs[0].shape[dim], 0, list[list[Tensor]]()
    while first < length:
        size = min(sizes[len(blocks) % len(sizes)] * unit, length - first)
        blocks.append([stream.narrow(dim, first, size) for stream in inputs])
        first += size
    return blocks


def step_batch(batch: VoiceBatch, active: Tensor, streams: Sequence[Tensor]) -> Tensor:
    """`batch.step`, from tensors to tensors."""
    given = FrameStreams(*(stream.contiguous().numpy() for stream in streams))
    return torch.from_numpy(batch.step(active.numpy(), given))


def in_turns(batch: VoiceBatch, inputs: Sequence[Tensor], order: Sequence[Sequence[int]]) -> Tensor:
    """Each slot's frames one after the other [slots, samples]; `order` says which slots are active in each step."""
    voices, frames = inputs[1].shape
    at = [0] * voices
    blocks: list[list[Tensor]] = [[] for _ in at]
    step = 0
    while min(at) < frames:
        active = [slot for slot in order[step % len(order)] if at[slot] < frames]
        step += 1
        if not active:
            continue
        now = [torch.stack([stream[slot, at[slot]] for slot in active]) for stream in inputs]
        for slot, audio in zip(active, step_batch(batch, torch.tensor(active), now), strict=True):
            blocks[slot].append(audio)
            at[slot] += 1
    return torch.stack([torch.cat(slot) for slot in blocks])
