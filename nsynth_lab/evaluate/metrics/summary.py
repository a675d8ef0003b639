"""MetricValues: collects the values of metrics over many notes and reduces them to means, medians and percentiles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Limits = Mapping[str, Sequence[float]]


class MetricValues:
    """The values of many metrics, each with the family of its note.

    `names` are metrics that are listed first, in this order.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._values: dict[str, list[float]] = defaultdict(list)
        self._families: dict[str, list[str]] = defaultdict(list)
        self.add(dict.fromkeys(names), "")

    def add(self, values: Mapping[str, float | None], family: str) -> None:
        """Add the metrics of one note: metric -> value, or None if the note does not have it."""
        for name, value in values.items():
            given = self._values[name]  # created even for None, so that metrics keep their order
            if value is not None:
                given.append(value)
                self._families[name].append(family)

    def summary(self, *, within: Limits | None = None, at_least: Limits | None = None) -> dict[str, dict[str, Any]]:
        """Metric -> mean, median, 90th percentile, means by family, and the shares within or beyond given limits."""
        return {
            name: {
                **summarise(values, self._families[name]),
                **shares_within(values, (within or {}).get(name, ())),
                **shares_at_least(values, (at_least or {}).get(name, ())),
            }
            for name, values in self._values.items()
            if values
        }


def summarise(values: Sequence[float], families: Sequence[str]) -> dict[str, Any]:
    """The summary of `values` [notes], with the family of each note.

    >>> summarise([1.0, 3.0], ["bass", "brass"])["by_family"]
    {'bass': 1.0, 'brass': 3.0}
    """
    grouped: dict[str, list[float]] = defaultdict(list)
    for value, family in zip(values, families, strict=True):
        grouped[family].append(value)
    return {
        "mean": rounded(np.mean(values)),
        "median": rounded(np.median(values)),
        "p90": rounded(np.percentile(values, 90)),
        "by_family": {family: rounded(np.mean(grouped[family])) for family in sorted(grouped)},
    }


def shares_within(values: Sequence[float], limits: Sequence[float]) -> dict[str, float]:
    """The share of the values at or below each limit.

    >>> shares_within([1.0, 7.0], (5, 10))
    {'within_5': 0.5, 'within_10': 1.0}
    """
    return {f"within_{limit:g}": rounded(np.mean(np.asarray(values) <= limit)) for limit in limits}


def shares_at_least(values: Sequence[float], limits: Sequence[float]) -> dict[str, float]:
    """The share of the values at or above each limit.

    >>> shares_at_least([0.9, 1.0], (0.95,))
    {'at_least_0.95': 0.5}
    """
    return {f"at_least_{limit:g}": rounded(np.mean(np.asarray(values) >= limit)) for limit in limits}


def rounded(value: Any) -> float:
    """A figure with four decimals, as it is written to files."""
    return round(float(value), 4)
