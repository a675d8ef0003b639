"""The writer as it is trained: a causal transformer whose steps are notes. `melody.writer` is its twin in NumPy."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsynth_lab.melody.conditions import ANY_STYLE, LAST_NOT_TOLD, METRES, MODES, NOT_TOLD
from nsynth_lab.melody.draft import FIRST_DURATION, FIRST_PITCH, LOOKS, RUNS
from nsynth_lab.melody.steps import DURATIONS, END_OF_TUNE, LATEST_BAR, NO_DURATION, NO_PITCH, REST
from nsynth_lab.melody.writer_shape import (
    EPSILON,
    HEADS,
    LAYERS,
    LONGEST_PERIOD,
    POSITIONS,
    SEEN_DURATION,
    SEEN_PITCH,
    SEEN_RUN,
    SHORTEST_PERIOD,
    WIDTH,
)

DROPOUT = 0.1


class Block(nn.Module):
    """Attention to the notes before, then a layer of its own for each note."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.RMSNorm(WIDTH, eps=EPSILON), nn.RMSNorm(WIDTH, eps=EPSILON)
        self.ask = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.answer = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        """[tunes, notes, WIDTH] to the same."""
        tunes, notes, _ = x.shape
        parts = self.ask(self.before(x)).view(tunes, notes, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        query, key = (turned(functional.rms_norm(one, one.shape[-1:], eps=EPSILON), *turn) for one in parts[:2])
        heard = functional.scaled_dot_product_attention(query, key, parts[2], is_causal=True)
        x = x + self.drop(self.answer(heard.transpose(1, 2).reshape(tunes, notes, WIDTH)))
        opened: Tensor = self.down(functional.relu(self.up(self.between(x))).square())
        result: Tensor = x + self.drop(opened)
        return result


def turns(notes: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines [notes, half a head] of rotary positions (Su et al. 2021)."""
    periods = torch.logspace(math.log10(SHORTEST_PERIOD), math.log10(LONGEST_PERIOD), WIDTH // HEADS // 2)
    angle = torch.arange(notes)[:, None] * (2 * torch.pi / periods)
    return angle.cos(), angle.sin()


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Pairs of numbers turned by their position's angles."""
    one, two = x.chunk(2, -1)
    return torch.cat([one * cos - two * sin, one * sin + two * cos], -1)


class WriterNet(nn.Module):
    """Before each note: duration, then pitch given the duration, then flag given both."""

    def __init__(self) -> None:
        super().__init__()
        sizes = {
            "pitch": FIRST_PITCH + 1, "duration": FIRST_DURATION + 1, "position": POSITIONS, "bar": LATEST_BAR + 1,
            "left": NOT_TOLD + 1, "last": LAST_NOT_TOLD + 1, "metre": len(METRES), "mode": len(MODES),
            "style": ANY_STYLE + 1,
        }  # fmt: skip
        self.told = nn.ModuleDict({name: nn.Embedding(size, WIDTH) for name, size in sizes.items()})
        self.seen_pitch = nn.Embedding(LOOKS * (NO_PITCH + 1), SEEN_PITCH)
        self.seen_duration = nn.Embedding(LOOKS * (NO_DURATION + 1), SEEN_DURATION)
        self.seen_run = nn.Embedding(LOOKS * RUNS, SEEN_RUN)
        self.look = nn.Linear(LOOKS * (SEEN_PITCH + SEEN_DURATION + SEEN_RUN), WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.to_duration = nn.Linear(WIDTH, len(DURATIONS))
        self.given_duration = nn.Embedding(len(DURATIONS), WIDTH)
        self.for_pitch, self.to_pitch = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, REST + 1)
        self.given_pitch = nn.Embedding(REST + 1, WIDTH)
        self.for_flag, self.to_flag = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, END_OF_TUNE + 1)
        for part in self.modules():
            if isinstance(part, nn.Embedding):
                nn.init.normal_(part.weight, std=0.05)

    def forward(self, told: Tensor, notes: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of the durations, pitches and flags of [tunes, notes]; see `pool.Batch`."""
        return self.scores(self.states(told, conditions), notes)

    def states(self, told: Tensor, conditions: Tensor) -> Tensor:
        """What is thought before each note [tunes, notes, WIDTH]."""
        columns = dict(zip(("pitch", "duration", "position", "bar"), told.unbind(-1), strict=False))
        x = sum(self.told[name](column) for name, column in columns.items())
        x = x + self.told["left"](told[..., -2]) + self.told["last"](told[..., -1])
        for name, column in zip(("metre", "mode", "style"), conditions.unbind(-1), strict=True):
            x = x + self.told[name](column)[:, None]
        looks = [told[..., 4 + part * LOOKS : 4 + (part + 1) * LOOKS] for part in range(3)]
        each = torch.arange(LOOKS)
        seen = [
            table(look + each * size).flatten(-2)
            for table, look, size in zip(
                (self.seen_pitch, self.seen_duration, self.seen_run), looks, (NO_PITCH + 1, NO_DURATION + 1, RUNS),
                strict=True,
            )
        ]  # fmt: skip
        x = x + self.look(torch.cat(seen, -1))
        turn = turns(x.shape[1])
        for block in self.blocks:
            x = block(x, turn)
        normed: Tensor = self.norm(x)
        return normed

    def scores(self, states: Tensor, notes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of durations, of pitches given the durations of `notes`, of flags given both."""
        with_duration = states + self.given_duration(notes[..., 0])
        pitch = self.to_pitch(with_duration + functional.gelu(self.for_pitch(with_duration), approximate="tanh"))
        with_pitch = with_duration + self.given_pitch(notes[..., 1])
        flag = self.to_flag(with_pitch + functional.gelu(self.for_flag(with_pitch), approximate="tanh"))
        return self.to_duration(states), pitch, flag
