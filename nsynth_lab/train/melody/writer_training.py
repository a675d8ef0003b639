"""The writer's training: its loss, and bits a note on tunes held out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.train.melody.pool import Batch, Batches, Example, batch_of
from nsynth_lab.train.melody.run import Plan, Run, bits
from nsynth_lab.train.melody.writer_net import WriterNet

NOTES = 3072  # of a batch
RATE = 2.5e-3
TOGETHER = 16  # tunes measured at once


def train_writer(
    train: Sequence[Example], valid: Sequence[Example], plan: Plan, *, seed: int, most_steps: int | None = None
) -> dict[str, Tensor]:
    """The averaged weights after `plan.steps` steps; after `most_steps` the run stops, to be resumed."""
    torch.manual_seed(seed)
    net = WriterNet()
    run = Run(net, inner_matrices(net), plan)
    batches = Batches(train, notes=NOTES, seed=seed)
    plan.say(f"writer: {sum(one.numel() for one in net.parameters()):,} weights, {batches.each_epoch} steps an epoch")
    few = valid[:: max(1, len(valid) // 96)]
    measured = WriterNet().eval()

    def measure() -> str:
        if not few:
            return ""
        measured.load_state_dict(run.averaged)
        duration, pitch, flag = bits_a_note(measured, few)
        return f"| held out {duration + pitch:.3f} bits a note ({duration:.3f} + {pitch:.3f}), flags {flag:.3f}"

    def loss_of(step: int) -> Tensor:
        return torch.stack([part.mean() for part in losses(net, batches[step])]).sum()

    run.fit(loss_of, measure, most_steps=most_steps)
    return run.averaged


def inner_matrices(net: nn.Module) -> list[nn.Parameter]:
    """The matrices of its blocks."""
    return [value for name, value in net.named_parameters() if name.startswith("blocks.") and value.ndim == 2]


def losses(net: WriterNet, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Nats of each note's duration, pitch and flag [notes of the batch]."""
    told, notes, conditions, there = (
        torch.as_tensor(one) for one in (batch.told, batch.notes, batch.conditions, batch.there)
    )
    scores = net(told, notes, conditions)
    duration, pitch, flag = (
        functional.cross_entropy(score[there], notes[..., part][there], reduction="none")
        for part, score in enumerate(scores)
    )
    return duration, pitch, flag


@torch.no_grad()
def bits_a_note(net: WriterNet, examples: Sequence[Example]) -> tuple[float, float, float]:
    """Mean bits of durations, pitches and flags; styles and forms are not told."""
    net.eval()
    totals, count = torch.zeros(3), 0
    ordered = sorted(examples, key=lambda one: len(one.told))
    for begin in range(0, len(ordered), TOGETHER):
        found = losses(net, batch_of(ordered[begin : begin + TOGETHER], style_told=False))
        totals += torch.stack([one.sum() for one in found])
        count += len(found[0])
    duration, pitch, flag = (bits(float(one) / count) for one in totals)
    return duration, pitch, flag
