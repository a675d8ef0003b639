"""The nets that are trained and their twins that play give the same numbers; a run resumed is the same run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tunes import REEL, tune_of

from nsynth_lab.melody.conditions import METRES, MODES
from nsynth_lab.melody.loops import Loops
from nsynth_lab.melody.slots import HOLD, SYMBOLS
from nsynth_lab.melody.steps import steps_of
from nsynth_lab.melody.writer import REMEMBERED, Writer
from nsynth_lab.train.melody.collections import Piece, digest_of
from nsynth_lab.train.melody.loops_net import LoopsNet
from nsynth_lab.train.melody.pool import Example, batch_of, example_of
from nsynth_lab.train.melody.run import Plan
from nsynth_lab.train.melody.writer_net import WriterNet
from nsynth_lab.train.melody.writer_training import train_writer
from nsynth_lab.units import FloatArray

CLOSE = 2e-4


def weights_of(net: torch.nn.Module) -> dict[str, FloatArray]:
    return {name: value.numpy() for name, value in net.state_dict().items()}


def loud(net: torch.nn.Module) -> torch.nn.Module:
    """A net whose weights are large enough that everything in it matters."""
    torch.manual_seed(5)
    for value in net.parameters():
        value.data += 0.2 * torch.randn_like(value)
    return net.eval()


def examples() -> list[Example]:
    tune = tune_of(REEL)
    steps = steps_of(tune)
    piece = Piece(tune, steps, METRES.index("4/4"), 0, 2, "train", digest_of(steps))
    one = example_of(piece)
    return [one, Example(one.told[:9], one.notes[:9], (1, 3, 7))]


def test_the_writer_and_its_twin_expect_the_same() -> None:
    net = loud(WriterNet())
    assert isinstance(net, WriterNet)
    batch = batch_of(examples(), form_told=True)
    told, notes, conditions = (torch.as_tensor(one) for one in (batch.told, batch.notes, batch.conditions))
    with torch.no_grad():
        expected = [torch.log_softmax(one, -1).numpy() for one in net(told, notes, conditions)]
    writer = Writer(weights_of(net))
    memory = writer.begin(2)
    for at in range(batch.told.shape[1]):
        duration, pitch = batch.notes[:, at, 0], batch.notes[:, at, 1]
        state = writer.hear(memory, batch.told[:, at].tolist(), batch.conditions)
        ours = (writer.durations(state), writer.pitches(state, duration), writer.flags(state, duration, pitch))
        for one, two in zip(ours, expected, strict=True):
            assert np.abs(one - two[:, at]).max() < CLOSE


def test_the_writer_forgets_what_is_long_ago_and_goes_on() -> None:
    writer = Writer(weights_of(loud(WriterNet())))
    memory, conditions = writer.begin(1), np.array([(1, 0, 7)])
    row = examples()[0].told[5].tolist()
    states = [writer.hear(memory, [row], conditions) for _ in range(2 * REMEMBERED + 40)]
    assert memory.held <= 2 * REMEMBERED
    assert np.abs(states[-1] - states[2 * REMEMBERED - 1]).max() < 1e-3  # one and the same note for ever
    split = memory.repeated(3)
    again = writer.hear(split, [row] * 3, np.repeat(conditions, 3, axis=0))
    assert np.abs(again - writer.hear(memory, [row], conditions)).max() < CLOSE


def test_the_loops_and_their_twin_encode_and_decode_the_same() -> None:
    net = loud(LoopsNet())
    assert isinstance(net, LoopsNet)
    slots = np.random.default_rng(0).integers(SYMBOLS, size=(3, 24))
    slots[:, 1::2] = HOLD
    metre, mode = METRES.index("6/8"), MODES.index("dorian")
    with torch.no_grad():
        numbers = [torch.full((3,), one) for one in (metre, mode)]
        latents, _ = net.encode(torch.as_tensor(slots), *numbers)
        scores = torch.log_softmax(net.decode(latents, *numbers, slots=24), -1).numpy()
    loops = Loops(weights_of(net))
    ours = loops.encode(slots, metre=metre, mode=mode)
    assert np.abs(ours - latents.numpy()).max() < CLOSE * np.abs(latents.numpy()).max()
    assert np.abs(loops.decode(latents.numpy(), metre=metre, mode=mode) - scores).max() < CLOSE * np.abs(scores).max()


def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    def run(steps: int, state: str) -> dict[str, torch.Tensor]:
        return train_writer(examples(), [], Plan(steps, 2e-3, tmp_path / state, lambda _: None), seed=3)

    whole = run(4, "whole.safetensors")
    torch.manual_seed(99)
    stopped = Plan(4, 2e-3, tmp_path / "part.safetensors", lambda _: None)
    train_writer(examples(), [], stopped, seed=3, most_steps=2)
    part = train_writer(examples(), [], stopped, seed=3)
    assert all(torch.allclose(whole[name], part[name], atol=1e-6) for name in whole)
