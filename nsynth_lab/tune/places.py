"""Where bars begin in their metre, and which do not add up.

A bar that is short is an upbeat if a section begins with it; if one ends with it, what is missing stands in the upbeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.tune import Bar, Tune


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bar stands.

    Attributes:
        metre: that holds in it; None in free time.
        offset: where in the metre it begins, in whole notes: above 0 for an upbeat.
        opens: whether a section begins with it: the first bar, or one behind a repeat, an ending or a double line.
        closes: whether a section ends with it.
        number: as musicians count: the first whole bar is 1, an upbeat before it 0.
    """

    metre: Metre | None
    offset: Fraction
    opens: bool
    closes: bool
    number: int


def places(tune: Tune) -> list[Place]:
    """The places of all bars."""
    found: list[Place] = []
    metre, left, number = tune.metre, Fraction(0), 0
    for index, bar in enumerate(tune.bars):
        metre = bar.metre or metre
        before = tune.bars[index - 1] if index else None
        after = tune.bars[index + 1] if index + 1 < len(tune.bars) else None
        opens = before is None or _border(before, bar)
        closes = after is None or _border(bar, after)
        offset = Fraction(0)
        if metre is not None and bar.length < metre.length:
            if opens:
                offset = metre.length - bar.length
            elif left and left + bar.length <= metre.length:
                offset = left
        number += not (offset and (opens or left == offset))
        left = offset + bar.length if metre is not None and offset + bar.length < metre.length else Fraction(0)
        found.append(Place(metre, offset, opens, closes, number))
    return found


def _border(before: Bar, after: Bar) -> bool:
    """Whether a section ends between two bars."""
    return bool(
        before.plays > 1 or before.line or after.begins_repeat or before.ending != after.ending
        or (after.part and after.part != before.part) or after.metre
    )  # fmt: skip


def bar_faults(tune: Tune) -> tuple[str, ...]:
    r"""A line for each bar that does not add up: too long, or too short without a section's border that explains it.

    >>> from nsynth_lab.tune.abc import tune_from_abc
    >>> bar_faults(tune_from_abc("X:1\nM:2/4\nK:C\nCDEF GABc | CDEF GABc def | C4 | D4 E4 |]"))
    ('bar 2 holds 11/16, expected 2/4', 'bar 3 holds 1/4, expected 2/4')
    """
    faults = []
    for bar, place in zip(tune.bars, places(tune), strict=True):
        if place.metre is None:
            continue
        missing = place.metre.length - bar.length
        explained = missing > 0 and (place.opens or place.closes or place.offset > 0)
        if missing and not explained:
            faults.append(f"bar {place.number} holds {bar.length}, expected {place.metre.name}")
    return tuple(faults)
