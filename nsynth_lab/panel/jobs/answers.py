"""answers: values in what a job's process returns, checked: it may have read a stranger's file.

Raises TypeError or ValueError where a value is not as expected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LONGEST_LINE, MOST_REMARKS = 300, 8


def number(given: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number in a range."""
    found = float(given)
    if not (math.isfinite(found) and low <= found <= high):
        raise ValueError("out of range")
    return found


def line(given: Any) -> str:
    """A line of text, cut to what a page shows and without control characters."""
    if not isinstance(given, str):
        raise TypeError("not text")
    return "".join(letter for letter in given[:LONGEST_LINE] if letter.isprintable())


def remarks_of(result: Mapping[str, Any]) -> tuple[str, ...]:
    """The `remarks` of a result, a line each."""
    return tuple(map(line, result["remarks"][:MOST_REMARKS]))
