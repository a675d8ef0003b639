"""The weights by which a beat is found, learnt from tunes whose beats are known: `duet/beat_choice.py: WEIGHTS`.

    python -m nsynth_lab.evaluate.duet.pulse_training TUNES [PHRASES]

Phrases of the tunes that the melody model has learnt from are played by the made player, accented more or less; all
pulses of all explanations of their onsets are candidates. Multinomial logistic regression: those are to be likely whose
beats are the tune's. Prints the weights, and how often the likeliest pulse is right: of phrases of held-out tunes, too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.duet.beat import TRIED_SECONDS, explanations
from nsynth_lab.duet.beat_choice import WEIGHTS, candidates
from nsynth_lab.duet.pulse import Explained, Pulse
from nsynth_lab.evaluate.duet.player import Played, play
from nsynth_lab.evaluate.melody.held_out import Sample, read_data
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.units import SAMPLE_RATE, Doubles

PHRASES, SEED, PENALTY, ROUNDS = 600, 1, 1e-4, 60
ACCENTS, UNEVEN = (0, 4, 8), (3, 5, 8)  # of velocities: on beats, and from note to note
FIRM, OFF_BEATS, AGREES = (
    64,
    0.1,
    0.8,
)  # velocity; a pulse is right that is so near to the beat at so many of the onsets


class Phrases(NamedTuple):
    """What speaks for each pulse [phrases, pulses, features], and which of them are right, or there at all."""

    table: Tensor
    right: Tensor
    there: Tensor


def phrases_of(samples: Sequence[Sample], *, count: int, seed: int) -> Phrases:
    """So many phrases of tunes, and their pulses."""
    found = [one for _, one in zip(range(count), _played(samples, seed), strict=False)]
    most = max(len(rows) for rows, _ in found)
    table = np.zeros((count, most, len(WEIGHTS)))
    right, there = np.zeros((count, most), bool), np.zeros((count, most), bool)
    for place, (rows, good) in enumerate(found):
        table[place, : len(rows)], right[place, : len(rows)], there[place, : len(rows)] = rows, good, True
    return Phrases(torch.as_tensor(table), torch.as_tensor(right), torch.as_tensor(there))


def _played(samples: Sequence[Sample], seed: int) -> Iterator[tuple[Doubles, list[bool]]]:
    chance = np.random.default_rng(seed)
    while True:
        sample = samples[int(chance.integers(len(samples)))]
        played = play(sample, chance, lowest=48, scale=frozenset())
        if played is None:
            continue
        onsets = np.array([note.begin for note in played.notes]) / SAMPLE_RATE
        explained = explanations(onsets - onsets[0], TRIED_SECONDS, 0.0, compound=None)
        tried = candidates(explained, [note.key for note in played.notes], _struck(played, chance))
        yield np.stack([row for row, _, _ in tried]), [_is_right(found, pulse, played) for _, found, pulse in tried]


def _struck(played: Played, chance: np.random.Generator) -> list[int]:
    """Velocities of somebody who accents beats, or does not."""
    accent, uneven = (int(chance.choice(choices)) for choices in (ACCENTS, UNEVEN))
    hit = FIRM + accent * (played.beats % 1 == 0) + chance.normal(0, uneven, len(played.notes))
    return [round(one) for one in hit.tolist()]


def _is_right(found: Explained, pulse: Pulse, played: Played) -> bool:
    apart = (found.ticks - pulse.first) / pulse.length - played.beats
    apart -= np.rint(np.median(apart))
    return bool((np.abs(apart) < OFF_BEATS).mean() >= AGREES)


def learnt(phrases: Phrases, *, penalty: float = PENALTY) -> Doubles:
    """The weights [features] under which right pulses are likeliest."""
    use = phrases.right.any(1)
    table, right, there = (one[use] for one in phrases)
    spread = table[there].std(0) + 1e-9
    weights = torch.zeros(table.shape[-1], dtype=torch.float64, requires_grad=True)
    steps = torch.optim.LBFGS([weights], max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        steps.zero_grad()
        scores = (table / spread) @ weights
        ways = [scores.masked_fill(~chosen, -torch.inf).logsumexp(1) for chosen in (there, right)]
        found = (ways[0] - ways[1]).mean() + penalty * weights.square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    steps.step(loss)  # type: ignore[no-untyped-call]
    return np.asarray((weights.detach() / spread).numpy(), np.float64)


def share_right(phrases: Phrases, weights: Doubles) -> float:
    """How often the likeliest pulse is right."""
    scores = (phrases.table @ torch.as_tensor(weights)).masked_fill(~phrases.there, -torch.inf)
    return float(phrases.right.gather(1, scores.argmax(1, keepdim=True)).double().mean())


def main(folder: str, count: str = str(PHRASES)) -> None:
    """Learn, and print."""
    data = read_data(Path(folder), MelodyModel(), say=print)
    shown = phrases_of(data.learnt_samples, count=int(count), seed=SEED)
    others = phrases_of(data.kept_samples, count=int(count) // 3, seed=SEED + 1)
    weights = learnt(shown)
    print(f"# right: {share_right(shown, weights):.3f}; of held-out tunes {share_right(others, weights):.3f}")
    print(", ".join(f'"{name}": {weight:.2f}' for name, weight in zip(WEIGHTS, weights, strict=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
