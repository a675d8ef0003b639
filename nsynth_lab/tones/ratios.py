"""Frequency ratios, and the small whole numbers nearest to them.

Intervals of small numbers have partials in common: in 3:2, the third of the lower tone is the second of the upper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from nsynth_lab.units import ratio_to_cents

LARGEST = 16  # number in an interval's ratio, within an octave
USUAL_PRIMES = (2, 3, 5, 7)  # ratios of other primes are taken only where none of these is near
NEAR_CENTS = 20.0
LARGEST_TOGETHER = 24  # number for the lowest of several tones


@cache
def _ratios() -> tuple[Fraction, ...]:
    """Of one octave, 1 and 2 included."""
    return tuple(sorted({Fraction(top, low) for low in range(1, LARGEST + 1) for top in range(low, 2 * low + 1)
                         if top <= LARGEST}))  # fmt: skip


def _is_usual(ratio: Fraction) -> bool:
    rest = ratio.numerator * ratio.denominator
    for prime in USUAL_PRIMES:
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def nearest_ratio(ratio: float) -> Fraction:
    """The nearest ratio of whole numbers up to 16, with octaves added.

    Ratios of 2, 3, 5 and 7 come first, those of 11 and 13 only where none of these is within 20 cents.

    >>> [str(nearest_ratio(2 ** (steps / 12))) for steps in (3, 4, 7, 12, 16)]
    ['6/5', '5/4', '3/2', '2', '5/2']
    >>> str(nearest_ratio(2 ** (3.5 / 12))), str(nearest_ratio(2 ** (-5 / 12)))
    ('11/9', '3/4')
    """
    octaves = math.floor(math.log2(ratio) + 1e-9)
    within = ratio / 2.0**octaves

    def away(one: Fraction) -> tuple[float, int]:
        return round(abs(ratio_to_cents(within / float(one))), 6), one.numerator

    nearest = min(filter(_is_usual, _ratios()), key=away)
    if away(nearest)[0] > NEAR_CENTS:
        nearest = min(_ratios(), key=away)
    return nearest * Fraction(2) ** octaves


def together(ratios: Sequence[float]) -> tuple[int, ...]:
    """The smallest whole numbers in the same proportion as tones of these ratios to the lowest, within 20 cents; or ().

    >>> together([1.0, 1.26, 1.498]), together([1.0, 1.189, 1.498])
    ((4, 5, 6), (10, 12, 15))
    """
    for lowest in range(1, LARGEST_TOGETHER + 1):
        numbers = tuple(max(1, round(lowest * ratio)) for ratio in ratios)
        if all(abs(ratio_to_cents(lowest * ratio / number)) <= NEAR_CENTS
               for ratio, number in zip(ratios, numbers, strict=True)):  # fmt: skip
            return numbers
    return ()
