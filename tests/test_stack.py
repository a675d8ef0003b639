"""The gated stack: causal where it streams, centred where it does not, float32 at its ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from streaming import assert_streams
from torch import Tensor

from nsynth_lab.model.stack import GatedStack, StackState
from nsynth_lab.train.precision import use_bf16

INPUTS, OUTPUTS, FRAMES = 5, 3, 40
REACH = 2 * (1 + 2 + 4) * 2  # two cycles of three layers
LOUD = 100.0  # so that what reaches furthest is not lost in rounding


@pytest.fixture
def stack() -> GatedStack:
    torch.manual_seed(0)
    return GatedStack(INPUTS, 12, OUTPUTS, layers=6, cycle=3).requires_grad_(False)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, FRAMES, INPUTS, generator=torch.Generator().manual_seed(1))


def changed_frames(before: Tensor, after: Tensor) -> list[int]:
    return torch.nonzero((before != after).any(dim=-1).any(dim=0)).flatten().tolist()


@pytest.mark.parametrize("frame", [0, 5, 17, FRAMES - 1])
def test_causal(stack: GatedStack, x: Tensor, frame: int) -> None:
    """A change in a frame alters the output from there on, for as long as the receptive field, and never before."""
    whole, _ = stack.step(x, stack.start(2))
    touched = x.clone()
    touched[:, frame] += LOUD
    changed = changed_frames(whole, stack.step(touched, stack.start(2))[0])
    assert changed == list(range(frame, min(FRAMES, frame + REACH + 1)))


@pytest.mark.parametrize("frame", [0, 20, FRAMES - 1])
def test_centred(stack: GatedStack, x: Tensor, frame: int) -> None:
    touched = x.clone()
    touched[:, frame] += LOUD
    changed = changed_frames(stack(x), stack(touched))
    assert changed == list(range(max(0, frame - REACH // 2), min(FRAMES, frame + REACH // 2 + 1)))


@pytest.mark.parametrize("bf16", [False, True])
def test_streamed_equals_whole(stack: GatedStack, x: Tensor, bf16: bool) -> None:
    use_bf16(stack, bf16)

    def step(inputs: Sequence[Tensor], state: StackState) -> tuple[Tensor, StackState]:
        return stack.step(inputs[0], state)

    # in bfloat16 sums of other lengths may round the other way
    assert_streams(step, [x], lambda: stack.start(2), atol=4e-3 if bf16 else 1e-6)


@pytest.mark.parametrize("bf16", [False, True])
def test_ends_and_state_are_float32(stack: GatedStack, x: Tensor, bf16: bool) -> None:
    use_bf16(stack, bf16)
    out, state = stack.step(x, stack.start(2))
    assert out.dtype == stack(x).dtype == torch.float32
    assert {part.dtype for part in state} == {torch.float32}
    assert [part.shape for part in state] == [part.shape for part in stack.start(2)]


def test_bf16_is_nearly_the_same(stack: GatedStack, x: Tensor) -> None:
    exact, _ = stack.step(x, stack.start(2))
    use_bf16(stack, True)
    rounded, _ = stack.step(x, stack.start(2))
    difference = (rounded - exact).abs().max() / exact.abs().max()
    assert 0 < difference < 0.05


def test_voices_do_not_affect_each_other(stack: GatedStack, x: Tensor) -> None:
    both, _ = stack.step(x, stack.start(2))
    alone, _ = stack.step(x[1:], stack.start(1))
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-6)
