"""Metre: what a bar holds and where its beats are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.wording import quoted

COMMON, CUT = "C", "C|"
LONGEST_BEATS, SHORTEST_UNIT = 64, 64
_SHAPE = re.compile(r"\(?(\d{1,3}(?:\+\d{1,3}){0,15})\)?/(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Metre:
    """A time signature.

    Attributes:
        groups: the number above, or the numbers added: (6,) or (2, 2, 3).
        unit: the number below.
        symbol: C or C| where it is written so, else empty.

    >>> Metre((6,), 8).length, Metre((6,), 8).beats, Metre((2, 3), 8).beats
    (Fraction(3, 4), (Fraction(3, 8), Fraction(3, 8)), (Fraction(1, 4), Fraction(3, 8)))
    """

    groups: tuple[int, ...] = (4,)
    unit: int = 4
    symbol: str = ""

    @property
    def length(self) -> Fraction:
        """Length of a bar in whole notes."""
        return Fraction(sum(self.groups), self.unit)

    @property
    def beats(self) -> tuple[Fraction, ...]:
        """Lengths of the beats of a bar: dotted in 6/8, 9/8 and 12/8, the groups where numbers are added."""
        if len(self.groups) > 1:
            return tuple(Fraction(group, self.unit) for group in self.groups)
        above = self.groups[0]
        together = 3 if self.unit >= 8 and above % 3 == 0 else 1
        return (Fraction(together, self.unit),) * (above // together)

    @property
    def name(self) -> str:
        """As it is written, such as 6/8 or 2+2+3/8."""
        return f"{'+'.join(map(str, self.groups))}/{self.unit}"


def parse_metre(text: str) -> Metre | None:
    """A metre as musicians write it; None for free time.

    Raises:
        TuneError: it is none.

    >>> parse_metre("6/8"), parse_metre("C|"), parse_metre("none")
    (Metre(groups=(6,), unit=8, symbol=''), Metre(groups=(2,), unit=2, symbol='C|'), None)
    """
    text = text.strip()
    if text.lower() in ("none", "free", ""):
        return None
    if text in (COMMON, CUT):
        return Metre((4,), 4, COMMON) if text == COMMON else Metre((2,), 2, CUT)
    shape = _SHAPE.fullmatch(text)
    if not shape:
        raise TuneError(f"metre {quoted(text)}; expected one such as 4/4, 6/8, 2+3/8, C, C| or none")
    groups, unit = tuple(int(one) for one in shape[1].split("+")), int(shape[2])
    if not (0 < unit <= SHORTEST_UNIT and unit & (unit - 1) == 0) or not 0 < sum(groups) <= LONGEST_BEATS:
        raise TuneError(f"metre {quoted(text)}; expected 1 to 64 above, and 1, 2, 4, 8, 16, 32 or 64 below")
    if 0 in groups:
        raise TuneError(f"metre {quoted(text)}; expected no group of 0 beats")
    return Metre(groups, unit)
