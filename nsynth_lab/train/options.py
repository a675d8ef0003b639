"""The options of a training run, and the learning rate that follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP_STEPS, WARM_UP_SHARE = 300, 0.1
LAST_RATE = 0.02


@dataclass(frozen=True)
class TrainOptions:
    """The options of a run; stored with it.

    Attributes:
        steps: length of the run; the learning rate falls towards its end.
        batch: crops per step, on all processes together.
        frames: frames per crop that the losses are computed on.
        rate: highest learning rate.
        swap_share: share of crops decoded with the timbre of another note.
        augment_share: share of crops whose encoder input is augmented (see `augment`).
        decorrelate: weight in dB of the timbre penalty.
        attack: weight of the attack distance.
        seed: of batches and initial weights.
        minutes_between_saves: also how often `on_save` is called.
        base: id of the model that the run started from; empty for a fresh model.
    """

    steps: int = 20_000
    batch: int = 8
    frames: int = 80
    rate: float = 1e-3
    swap_share: float = 0.25
    augment_share: float = 0.15
    decorrelate: float = 1.0
    attack: float = 1.0
    seed: int = 0
    minutes_between_saves: float = 5.0
    base: str = ""


@dataclass(frozen=True)
class TrainingProgress:
    """How far a run is. All but the first two are logged for TensorBoard under these names.

    Attributes:
        step, steps: done, and in total.
        loss_db, first_loss_db: running mean of the loss, now and when the run was started or resumed.
        rate: learning rate.
        steps_per_second: average since the run was started or resumed.
    """

    step: int
    steps: int
    loss_db: float
    first_loss_db: float
    rate: float
    steps_per_second: float


def learning_rate(step: int, options: TrainOptions) -> float:
    """The learning rate of a step.

    It rises over the first 300 steps (or the first tenth of the run, if that is shorter), stays, and falls over the
    second half of the run along a cosine to a fiftieth.
    """
    warm_up = min(1.0, (step + 1) / max(1.0, min(WARM_UP_STEPS, WARM_UP_SHARE * options.steps)))
    fall = min(1.0, max(0.0, 2.0 * step / max(options.steps, 1) - 1.0))
    return options.rate * warm_up * (LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * fall)))
