"""An LSTM over sixteenths after Waite's Lookback RNN (2016).

Before each sixteenth it is told the last event, what was there a bar and two bars ago, whether the last event repeated
them, and where in the bar it is; it may say "as a bar ago" or "as two bars ago" instead of the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.melody.conditions import METRES, MODES
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.slots import HOLD, SILENCE, SLOT_TICKS, SYMBOLS
from nsynth_lab.melody.steps import DURATIONS, REST
from nsynth_lab.train.melody.run import Plan, Run
from nsynth_lab.units import Ints

RATE, WIDE, LAYERS, SHOWN = 2e-3, 128, 2, 32
TOGETHER, WINDOW = 24, 256  # tunes of a batch, and sixteenths of each
BARS_AGO = (1, 2)
NOTHING = SYMBOLS  # before the tune
POSITIONS = 64
LABELS = SYMBOLS + len(BARS_AGO)


def events_of(draft: Draft) -> Ints | None:
    """What begins in each sixteenth: a pitch, `SILENCE`, or `HOLD` where all goes on; None if notes lie between."""
    first, end = draft.begins[0], draft.at
    if any(begin % SLOT_TICKS for begin in (*draft.begins, end)):
        return None
    found = np.full((end - first) // SLOT_TICKS, HOLD)
    over = first
    for begin, duration, pitch in zip(draft.begins, draft.durations, draft.pitches, strict=True):
        if begin > over:
            found[(over - first) // SLOT_TICKS] = SILENCE
        found[(begin - first) // SLOT_TICKS] = SILENCE if pitch == REST else pitch
        over = begin + DURATIONS[duration]
    return found


def told_of(sample: Sample) -> tuple[Ints, Ints] | None:
    """(what is told before each sixteenth [slots, 8], the events [slots]); None if the tune has no events."""
    events = events_of(sample.draft)
    if events is None:
        return None
    slots = sample.draft.bar_ticks // SLOT_TICKS
    before = np.concatenate([[NOTHING], events[:-1]])
    ago = [np.concatenate([np.full(bars * slots, NOTHING), events])[: len(events)] for bars in BARS_AGO]
    repeated = [np.concatenate([[0], (events == one)[:-1]]).astype(np.int64) for one in ago]
    place = (np.arange(len(events)) + sample.draft.begins[0] // SLOT_TICKS) % slots
    told = [before, *ago, *repeated, place, np.full(len(events), sample.metre), np.full(len(events), sample.mode)]
    return np.stack(told, 1), events


class LookbackNet(nn.Module):
    """What is told in, scores of events and of repetitions out."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [SYMBOLS + 1] * (1 + len(BARS_AGO)) + [2] * len(BARS_AGO) + [POSITIONS, len(METRES), len(MODES)]
        self.shown = nn.ModuleList(nn.Embedding(size, SHOWN) for size in sizes)
        self.lstm = nn.LSTM(SHOWN * len(sizes), WIDE, LAYERS, batch_first=True, dropout=0.1)
        self.to_label = nn.Linear(WIDE, LABELS)

    def forward(self, told: Tensor) -> Tensor:
        """Log-probabilities [tunes, slots, events], whichever way an event is said."""
        x = torch.cat([table(column) for table, column in zip(self.shown, told.unbind(-1), strict=True)], -1)
        shares = self.to_label(self.lstm(x)[0]).softmax(-1)
        ago = told[..., 1 : 1 + len(BARS_AGO)]
        found = functional.pad(shares[..., :SYMBOLS], (0, 1))
        return found.scatter_add(-1, ago, shares[..., SYMBOLS:]).clamp(min=1e-9).log()


@dataclass(frozen=True)
class Lookback:
    """The trained peer."""

    weights: dict[str, Tensor]

    def bits(self, samples: Sequence[Sample]) -> float:
        """Bits a note of tunes in sixteenths."""
        net = LookbackNet().eval()
        net.load_state_dict(self.weights)
        total, count = 0.0, 0
        with torch.no_grad():
            for sample in samples:
                if (read := told_of(sample)) is not None:
                    told, events = (torch.as_tensor(one) for one in read)
                    total -= float(net(told[None])[0].gather(-1, events[:, None]).sum())
                    count += len(sample.draft)
        return total / max(1, count) / float(np.log(2))


def train_lookback(samples: Sequence[Sample], plan: Plan, *, seed: int) -> Lookback:
    """Learn from those tunes that lie in sixteenths."""
    read = [found for sample in samples if (found := told_of(sample)) is not None]
    torch.manual_seed(seed)
    net = LookbackNet()
    run = Run(net, [], plan)

    def loss_of(step: int) -> Tensor:
        by = np.random.default_rng((seed, step))
        chosen = [read[at] for at in by.integers(len(read), size=TOGETHER)]
        begins = [int(by.integers(max(1, len(events) - WINDOW))) for _, events in chosen]
        longest = max(min(WINDOW, len(events) - begin) for (_, events), begin in zip(chosen, begins, strict=True))
        told = torch.zeros((TOGETHER, longest, chosen[0][0].shape[1]), dtype=torch.int64)
        wanted = torch.full((TOGETHER, longest), -1)
        for place, ((rows, events), begin) in enumerate(zip(chosen, begins, strict=True)):
            end = min(len(events), begin + longest)
            told[place, : end - begin] = torch.as_tensor(rows[begin:end])
            wanted[place, : end - begin] = torch.as_tensor(events[begin:end])
        return functional.nll_loss(net(told).flatten(0, 1), wanted.flatten(), ignore_index=-1)

    run.fit(loss_of)
    return Lookback(run.averaged)
