"""Goals of metrics, and whether their means reach them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A mean of at least `limit`, or of at most that."""

    limit: float
    most: bool = False

    def reached(self, mean: float) -> bool:
        """Whether a mean reaches it."""
        return mean <= self.limit if self.most else mean >= self.limit


def with_goals(summary: Mapping[str, dict[str, Any]], goals: Mapping[str, Goal]) -> dict[str, dict[str, Any]]:
    """The summaries of metrics, those that have a goal with `goal` and whether it is `reached`.

    >>> with_goals({"onset_f1": {"mean": 0.95}}, {"onset_f1": Goal(0.9)})
    {'onset_f1': {'mean': 0.95, 'goal': 'at least 0.9', 'reached': True}}
    """
    return {name: {**one, **_reached(one["mean"], goals.get(name))} for name, one in summary.items()}


def _reached(mean: float, goal: Goal | None) -> dict[str, Any]:
    if goal is None:
        return {}
    return {"goal": f"at {'most' if goal.most else 'least'} {goal.limit:g}", "reached": goal.reached(mean)}
