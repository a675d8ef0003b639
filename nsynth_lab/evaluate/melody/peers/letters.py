"""An LSTM over the signs of ABC, after folk-rnn (Sturm, Santos, Ben-Tal, Korshunova 2016), of the size of ours.

Every tune is brought to C; metre and mode stand before it, as there. Its bits a note are those of all signs that say
something of notes: bar lines are not counted against it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.melody.conditions import METRES, MODES
from nsynth_lab.melody.notation import Stretch, bars_of
from nsynth_lab.melody.steps import END_OF_SECTION
from nsynth_lab.train.melody.run import Plan, Run, bits
from nsynth_lab.tune.abc import abc_text
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import parse_metre
from nsynth_lab.tune.tune import DOUBLE, FINAL, Tune
from nsynth_lab.units import Ints

RATE, WIDE, LAYERS, SHOWN = 2e-3, 256, 2, 64
TOGETHER, WINDOW = 24, 256  # tunes of a batch, and signs of each
LOWEST = 48  # MIDI note of pitch 0
BAR_LINES = ("|", "||", "|]", "|:", ":|")
_SIGN = re.compile(r"\(\d|\|\]|\|\||\||[_=^]*[A-Ga-g][,']*|z|\d+(?:/\d+)?|/\d*|-")


def signs_of(sample: Sample) -> list[str]:
    """A tune as signs: its metre, its mode, and its ABC in C."""
    draft, metre = sample.draft, METRES[sample.metre]
    key = Key("C", 0, MODES[sample.mode])
    bars = bars_of(draft, Stretch(draft.begins[0], draft.at), key=key, lowest=LOWEST)
    first = draft.begins[0] // draft.bar_ticks
    for at, flag in enumerate(draft.flags):
        if flag == END_OF_SECTION:
            place = draft.begins[at] // draft.bar_ticks - first
            bars[place] = replace(bars[place], line=DOUBLE)
    bars[-1] = replace(bars[-1], line=FINAL)
    text = abc_text(Tune(tuple(bars), key, parse_metre(metre)))
    body = text.split("K:", 1)[1].split("\n", 1)[1]
    return [f"M:{metre}", f"K:{MODES[sample.mode]}", *_SIGN.findall(body)]


class LettersNet(nn.Module):
    """Signs in, what comes next out."""

    def __init__(self, signs: int) -> None:
        super().__init__()
        self.shown = nn.Embedding(signs, SHOWN)
        self.lstm = nn.LSTM(SHOWN, WIDE, LAYERS, batch_first=True, dropout=0.1)
        self.to_sign = nn.Linear(WIDE, signs)

    def forward(self, signs: Tensor) -> Tensor:
        """Scores [tunes, signs, signs of the alphabet] of what follows each sign."""
        scores: Tensor = self.to_sign(self.lstm(self.shown(signs))[0])
        return scores


@dataclass(frozen=True)
class Letters:
    """The trained peer."""

    alphabet: dict[str, int]
    weights: dict[str, Tensor]

    def bits(self, samples: Sequence[Sample]) -> float:
        """Bits a note of tunes; a sign that no tune had counts as unlikely as one seen once."""
        net = LettersNet(len(self.alphabet) + 1).eval()
        net.load_state_dict(self.weights)
        total, count = 0.0, 0
        with torch.no_grad():
            for sample in samples:
                signs = signs_of(sample)
                numbers = torch.tensor([self.alphabet.get(one, len(self.alphabet)) for one in signs])[None]
                nats = functional.cross_entropy(net(numbers[:, :-1])[0], numbers[0, 1:], reduction="none")
                counted = torch.tensor([sign not in BAR_LINES for sign in signs[1:]])
                counted[0] = False  # the mode is told
                total += float(nats[counted].sum())
                count += len(sample.draft)
        return bits(total / count)


def train_letters(samples: Sequence[Sample], plan: Plan, *, seed: int) -> Letters:
    """Learn from tunes."""
    texts = [signs_of(sample) for sample in samples]
    alphabet = {sign: number for number, sign in enumerate(sorted({sign for text in texts for sign in text}))}
    numbers = [np.array([alphabet[sign] for sign in text]) for text in texts]
    torch.manual_seed(seed)
    net = LettersNet(len(alphabet) + 1)
    run = Run(net, [], plan)

    def loss_of(step: int) -> Tensor:
        by = np.random.default_rng((seed, step))
        rows = [_window(numbers[at], by) for at in by.integers(len(numbers), size=TOGETHER)]
        batch = torch.full((TOGETHER, max(map(len, rows))), -1)
        for place, row in enumerate(rows):
            batch[place, : len(row)] = torch.as_tensor(row)
        scores = net(batch[:, :-1].clamp(min=0))
        return functional.cross_entropy(scores.flatten(0, 1), batch[:, 1:].flatten(), ignore_index=-1)

    run.fit(loss_of)
    return Letters(alphabet, run.averaged)


def _window(row: Ints, by: np.random.Generator) -> Ints:
    """A part of a tune, behind what its metre and mode are."""
    begin = int(by.integers(2, max(3, len(row) - WINDOW)))
    return np.concatenate([row[:2], row[begin : begin + WINDOW]])
