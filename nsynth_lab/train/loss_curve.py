"""LossCurve: the loss of a run so far, and when it counts as diverged."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nsynth_lab.errors import TrainingError

MEAN_STEPS = 50
FIRST_STEPS = 8
DIVERGED_RATIO = 2.0
FIRST_STEP_RATIO = 5.0


@dataclass(frozen=True)
class LossCurve:
    """The loss since a run was started or resumed.

    Attributes:
        steps: number of steps.
        mean_db: running mean over about fifty steps.
        first_steps_db: the mean of the first eight steps.
        lowest_db: the lowest running mean after those eight.
        first_step_db: loss of the very first step, before any weight was changed.
    """

    steps: int = 0
    mean_db: float = math.nan
    first_steps_db: float = math.nan
    lowest_db: float = math.inf
    first_step_db: float = math.nan

    def append(self, loss_db: float) -> LossCurve:
        """The curve with one more step.

        Raises:
            TrainingError: the loss is not a number, or its mean has grown to twice its lowest value or to five times
                the loss of the first step.

        >>> LossCurve().append(9.0).append(7.0).mean_db
        8.0
        """
        if not math.isfinite(loss_db):
            raise TrainingError(f"the loss is {loss_db}")
        steps = self.steps + 1
        share = 1.0 / min(steps, MEAN_STEPS)
        mean = loss_db if steps == 1 else (1.0 - share) * self.mean_db + share * loss_db
        first_step = loss_db if steps == 1 else self.first_step_db
        grown = mean > DIVERGED_RATIO * self.lowest_db or mean > FIRST_STEP_RATIO * first_step
        if steps >= MEAN_STEPS and grown:
            lowest = min(self.lowest_db, first_step)
            raise TrainingError(f"training diverged: the loss has grown from {lowest:.1f} to {mean:.1f} dB")
        return LossCurve(
            steps,
            mean,
            mean if steps <= FIRST_STEPS else self.first_steps_db,
            min(self.lowest_db, mean) if steps >= FIRST_STEPS else math.inf,
            first_step,
        )
