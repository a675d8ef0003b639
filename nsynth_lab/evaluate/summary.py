"""Many figures to a few: mean, median and 90th percentile, overall and by family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np


def summarise(values: Sequence[float], families: Sequence[str]) -> dict[str, Any]:
    """`values`, one a note, and the family of each note.

    >>> summarise([1.0, 3.0], ["bass", "brass"])["by_family"]
    {'bass': 1.0, 'brass': 3.0}
    """
    grouped: dict[str, list[float]] = defaultdict(list)
    for value, family in zip(values, families, strict=True):
        grouped[family].append(value)
    return {
        "mean": _round(np.mean(values)),
        "median": _round(np.median(values)),
        "p90": _round(np.percentile(values, 90)),
        "by_family": {family: _round(np.mean(grouped[family])) for family in sorted(grouped)},
    }


def shares_within(values: Sequence[float], limits: Sequence[float]) -> dict[str, float]:
    """Share of the values at or below each limit.

    >>> shares_within([1.0, 7.0], (5, 10))
    {'within_5': 0.5, 'within_10': 1.0}
    """
    return {f"within_{limit:g}": _round(np.mean(np.asarray(values) <= limit)) for limit in limits}


def _round(value: Any) -> float:
    return round(float(value), 4)
