"""What a training run is asked to do, and how it tells where it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_STEPS, WARM_SHARE = 300, 0.1
LAST_RATE = 0.02


@dataclass(frozen=True)
class TrainOptions:
    """What a run is asked to do; stored with it.

    Attributes:
        steps: length of the run; the learning rate falls towards it.
        batch: crops a step, on all processes together.
        frames: frames a crop on which the loss is taken.
        rate: highest learning rate.
        swap_share: share of crops decoded from another note's timbre.
        augment_share: share of crops that the encoder hears through a low-pass, a room or hiss.
        decorrelate: weight in dB of the penalty that keeps the dimensions of timbre apart.
        attack: weight of the distance of the attacks.
        adversarial: weight in dB of what the critics say; 0 trains without them.
        seed: of batches and first weights.
        minutes_between_saves: also how often `listen` is called.
        base: id of the model that the run began from; empty where it began afresh.
    """

    steps: int = 20_000
    batch: int = 8
    frames: int = 80
    rate: float = 1e-3
    swap_share: float = 0.25
    augment_share: float = 0.15
    decorrelate: float = 1.0
    attack: float = 1.0
    adversarial: float = 0.0
    seed: int = 0
    minutes_between_saves: float = 5.0
    base: str = ""


@dataclass(frozen=True)
class Report:
    """Where a run stands.

    Attributes:
        step, steps: done, and to do in all.
        loss_db, first_loss_db: running mean of the loss, and what it was when the run was started or gone on with.
        rate: learning rate.
        steps_per_second: measured so far.
    """

    step: int
    steps: int
    loss_db: float
    first_loss_db: float
    rate: float
    steps_per_second: float


def learning_rate(step: int, options: TrainOptions) -> float:
    """Warm up over 300 steps or a tenth, stay, then fall as a cosine over the second half to a fiftieth."""
    warm = min(1.0, (step + 1) / max(1.0, min(WARM_STEPS, WARM_SHARE * options.steps)))
    through = min(1.0, max(0.0, 2.0 * step / max(options.steps, 1) - 1.0))
    return options.rate * warm * (LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * through)))
