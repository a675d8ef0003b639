"""Lengths -> note values that can be drawn: types and dots; and which beams join them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

TYPES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th")
LONGEST = Fraction(2)  # whole notes: a breve
QUARTER = TYPES.index("quarter")
MOST_DOTS = 2


class Value(NamedTuple):
    """A note value: its type, dots, and length in whole notes."""

    type: str
    dots: int
    length: Fraction

    @property
    def flags(self) -> int:
        """Flags or beams: 1 for an eighth."""
        return max(0, TYPES.index(self.type) - QUARTER)


def values_of(length: Fraction) -> list[Value]:
    """The values that tied together last so long, the longest first; a rest of a 256th is rounded away.

    >>> [(value.type, value.dots) for value in values_of(Fraction(5, 8))]
    [('half', 0), ('eighth', 0)]
    >>> [(value.type, value.dots) for value in values_of(Fraction(3, 8))]
    [('quarter', 1)]
    """
    found: list[Value] = []
    left = length
    while left >= VALUES[-1].length:
        value = next(value for value in VALUES if value.length <= left)
        found.append(value)
        left -= value.length
    return found or [VALUES[-1]]


def _all_values() -> tuple[Value, ...]:
    values = [
        Value(name, dots, LONGEST / 2**place * (2 - Fraction(1, 2**dots)))
        for place, name in enumerate(TYPES)
        for dots in range(MOST_DOTS + 1 if place < len(TYPES) - MOST_DOTS else 1)
    ]
    return tuple(sorted(values, key=lambda value: -value.length))


VALUES = _all_values()


def beams(flags: Sequence[int]) -> list[list[str]]:
    """For each note of a beamed group, by its flags, what each of its beams does.

    >>> beams([1, 2, 2])
    [['begin'], ['continue', 'begin'], ['end', 'end']]
    >>> beams([1, 2])
    [['begin'], ['end', 'backward hook']]
    """
    found: list[list[str]] = []
    for place, own in enumerate(flags):
        before = flags[place - 1] if place else 0
        after = flags[place + 1] if place + 1 < len(flags) else 0
        does = []
        for level in range(1, own + 1):
            joins, goes_on = before >= level, after >= level
            alone = "backward hook" if before else "forward hook"
            does.append("continue" if joins and goes_on else "begin" if goes_on else "end" if joins else alone)
        found.append(does)
    return found
