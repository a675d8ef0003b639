"""How a run's loss has gone so far, and when that is a failure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nsynth_lab.errors import TrainingError

MEAN_STEPS = 50
FIRST_STEPS = 8
DIVERGED = 2.0
DIVERGED_AT_ONCE = 5.0


@dataclass(frozen=True)
class LossCourse:
    """The loss since a run was started or gone on with.

    Attributes:
        steps: how many.
        mean_db: running mean, over about fifty steps.
        first_db: the mean of the first eight.
        lowest_db: the lowest running mean since those eight.
        begun_db: of the very first step, before anything was changed.
    """

    steps: int = 0
    mean_db: float = math.nan
    first_db: float = math.nan
    lowest_db: float = math.inf
    begun_db: float = math.nan

    def after(self, loss_db: float) -> LossCourse:
        """The course with one more step.

        Raises:
            TrainingError: the loss is no number, or its mean has grown to twice what it was, or to five times the
                first step's.

        >>> LossCourse().after(9.0).after(7.0).mean_db
        8.0
        """
        if not math.isfinite(loss_db):
            raise TrainingError(f"the loss is {loss_db}")
        steps = self.steps + 1
        share = 1.0 / min(steps, MEAN_STEPS)
        mean = loss_db if steps == 1 else (1.0 - share) * self.mean_db + share * loss_db
        begun = loss_db if steps == 1 else self.begun_db
        grown = mean > DIVERGED * self.lowest_db or mean > DIVERGED_AT_ONCE * begun
        if steps >= MEAN_STEPS and grown:
            lowest = min(self.lowest_db, begun)
            raise TrainingError(f"training diverged: the loss has grown from {lowest:.1f} to {mean:.1f} dB")
        return LossCourse(
            steps,
            mean,
            mean if steps <= FIRST_STEPS else self.first_db,
            min(self.lowest_db, mean) if steps >= FIRST_STEPS else math.inf,
            begun,
        )
