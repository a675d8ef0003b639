"""Which notes of a bar belong to tuplets: found from their lengths alone.

A length such as 1/12 cannot be written with halves and dots: its denominator has an odd part. Notes in a row with the
same odd part form a tuplet, until their sum can be written plainly.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple


class Tuplet(NamedTuple):
    """A note's place in a tuplet: `p` notes in the time of `q`, and where it stands among its `notes`, from 0."""

    p: int
    q: int
    place: int
    notes: int

    @property
    def ratio(self) -> Fraction:
        """What a written length is multiplied by."""
        return Fraction(self.q, self.p)


def odd_part(number: int) -> int:
    """A positive number without its factors of 2.

    >>> odd_part(12), odd_part(16)
    (3, 1)
    """
    return number // (number & -number)


def tuplets(lengths: Sequence[Fraction]) -> list[Tuplet | None]:
    """For each length of a bar its place in a tuplet, or None.

    >>> eighth, third = Fraction(1, 8), Fraction(1, 12)
    >>> [found and tuple(found) for found in tuplets([eighth, third, third, third])]
    [None, (3, 2, 0, 3), (3, 2, 1, 3), (3, 2, 2, 3)]
    """
    found: list[Tuplet | None] = []
    while len(found) < len(lengths):
        begin = len(found)
        p = odd_part(lengths[begin].denominator)
        if p == 1:
            found.append(None)
            continue
        end, total = begin, Fraction(0)
        while end < len(lengths) and odd_part(lengths[end].denominator) == p:
            total += lengths[end]
            end += 1
            if odd_part(total.denominator) == 1:
                break
        q = 1 << (p.bit_length() - 1)
        found += [Tuplet(p, q, place, end - begin) for place in range(end - begin)]
    return found
