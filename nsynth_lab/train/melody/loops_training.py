"""The loops' training: a variational autoencoder (Kingma and Welling 2014) whose latents cost little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.melody.conditions import METRES, MODES, bar_ticks_of
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.slots import BARS, SLOT_TICKS, SLOTS, SYMBOLS, slots_of
from nsynth_lab.melody.steps import PITCHES, bar_line_from
from nsynth_lab.train.melody.collections import Piece
from nsynth_lab.train.melody.loops_net import LoopsNet
from nsynth_lab.train.melody.run import Plan, Run
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.units import Ints

RATE = 1.5e-3
TOGETHER = 512  # loops of a batch
PRICE = 0.03  # of a nat of latents, against a nat of slots
PRICE_RISES = 0.4  # of the run
CHANGED = 0.12  # at most so many slots are replaced before encoding
MOVED = 0.5  # of the loops are moved along the scale
FARTHEST = 4  # degrees
FEWEST_NOTES = 4
MEASURED = 512  # loops


class Loops(NamedTuple):
    """Loops of as many slots: `slots` [loops, slots], `metre` and `mode` [loops]."""

    slots: Ints
    metre: Ints
    mode: Ints


def loops_of(pieces: Sequence[Piece], *, every: int) -> dict[int, Loops]:
    """For each number of slots the loops of the pieces, one beginning at every bar, or every second bar."""
    found = defaultdict[int, list[tuple[Ints, int, int]]](list)
    for piece in pieces:
        bar = piece.bar_ticks
        draft = Draft.of(bar, piece.steps.notes)
        first = bar_line_from(draft.begins[0], bar)
        for at in range(first, draft.begins[-1] - bar, every * bar):
            slots, exact = slots_of(draft, at)
            if exact and (slots < PITCHES).sum() >= FEWEST_NOTES:
                found[len(slots)].append((slots, piece.metre, piece.mode))
    return {
        count: Loops(np.stack([one[0] for one in group]), *(np.array([one[at] for one in group]) for at in (1, 2)))
        for count, group in found.items()
        if count <= SLOTS
    }


def along_the_scale() -> Ints:
    """[modes, degrees moved, symbols]: each symbol moved along its scale by -4 to 4 degrees; -1 where it cannot be."""
    table = np.full((len(MODES), 2 * FARTHEST + 1, SYMBOLS), -1)
    for mode, name in enumerate(MODES):
        ladder = [12 * octave + one for octave in range(PITCHES // 12) for one in SCALES[name]]
        for degree in range(-FARTHEST, FARTHEST + 1):
            for place, pitch in enumerate(ladder):
                if 0 <= place + degree < len(ladder):
                    table[mode, degree + FARTHEST, pitch] = ladder[place + degree]
        table[mode, :, PITCHES:] = np.arange(PITCHES, SYMBOLS)
    return table


def train_loops(train: dict[int, Loops], valid: dict[int, Loops], plan: Plan, *, seed: int) -> dict[str, Tensor]:
    """The averaged weights after `plan.steps` steps."""
    torch.manual_seed(seed)
    net, measured = LoopsNet(), LoopsNet().eval()
    run = Run(net, [], plan)
    sizes = sorted(train)
    counts = np.array([len(train[size].slots) for size in sizes])
    shares = counts / counts.sum()
    table = torch.as_tensor(along_the_scale())
    weights, count = sum(one.numel() for one in net.parameters()), sum(len(one.slots) for one in train.values())
    plan.say(f"loops: {weights:,} weights, {count:,} loops")

    def loss_of(step: int) -> Tensor:
        by = np.random.default_rng((seed, step))
        size = sizes[by.choice(len(sizes), p=shares)]
        at = by.integers(len(train[size].slots), size=TOGETHER)
        slots, metre, mode = (torch.as_tensor(one[at]) for one in train[size])
        moves = by.random(TOGETHER) < MOVED
        degree = torch.as_tensor(np.where(moves, by.integers(2 * FARTHEST + 1, size=TOGETHER), FARTHEST))
        moved = table[mode[:, None], degree[:, None], slots]
        slots = torch.where((moved >= 0).all(1, keepdim=True), moved, slots)
        changed = torch.rand(slots.shape) < CHANGED * torch.rand(TOGETHER, 1)
        seen = torch.where(changed, torch.randint(SYMBOLS, slots.shape), slots)
        mean, share = net.encode(seen, metre, mode)
        scores = net.decode(mean + torch.randn_like(mean) * (0.5 * share).exp(), metre, mode, slots=size)
        wrong = functional.cross_entropy(scores.flatten(0, 1), slots.flatten(), reduction="none").view(slots.shape)
        nats = 0.5 * (mean.square() + share.exp() - 1 - share).sum(1).mean()
        price = PRICE * min(1.0, step / (PRICE_RISES * plan.steps))
        return (wrong.sum(1).mean() + price * nats) / size

    def measure() -> str:
        measured.load_state_dict(run.averaged)
        return "| held out " + ", ".join(
            f"{name}: {slots:.4f} of slots, {whole:.3f} of loops, {nats:.0f} nats"
            for name in ("6/8", "4/4")
            for slots, whole, nats in [rebuilt(measured, valid[BARS * bar_ticks_of(METRES.index(name)) // SLOT_TICKS])]
        )

    run.fit(loss_of, measure)
    return run.averaged


@torch.no_grad()
def rebuilt(net: LoopsNet, loops: Loops) -> tuple[float, float, float]:
    """(share of slots that come back from the latents, share of whole loops, nats of the latents)."""
    slots, metre, mode = (torch.as_tensor(one[:MEASURED]) for one in loops)
    mean, share = net.encode(slots, metre, mode)
    right = net.decode(mean, metre, mode, slots=slots.shape[1]).argmax(-1) == slots
    nats = 0.5 * (mean.square() + share.exp() - 1 - share).sum(1).mean()
    return float(right.float().mean()), float(right.all(1).float().mean()), float(nats)
