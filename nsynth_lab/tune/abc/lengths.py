"""How long a note of ABC is: the unit length, tuplets and broken rhythm."""

from __future__ import annotations

import re
from fractions import Fraction

from nsynth_lab.tune.metre import Metre

_SHAPE = re.compile(r"(\d*)(/*)(\d*)")
MOST_SLASHES = 6
TIME_OF = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of q; 5, 7 and 9 depend on the metre
COMPOUND = ("6/8", "9/8", "12/8")
LONGEST, FINEST = 64, 4096  # whole notes, and parts of one: no music goes beyond


def multiple(text: str) -> Fraction | None:
    """What a length multiplies the unit by; None if it is none, such as a division by 0.

    >>> multiple("3/2"), multiple("//"), multiple(""), multiple("/")
    (Fraction(3, 2), Fraction(1, 4), Fraction(1, 1), Fraction(1, 2))
    """
    shape = _SHAPE.fullmatch(text)
    if not shape or len(shape[2]) > MOST_SLASHES:
        return None
    above = int(shape[1] or 1)
    below = int(shape[3]) if shape[3] else 2 ** len(shape[2])
    return Fraction(above, below) if above and below else None


class Lengths:
    """Turns written lengths into whole notes, in the order of the notes."""

    def __init__(self, unit: Fraction) -> None:
        self.unit = unit
        self._ratio, self._left = Fraction(1), 0
        self._next = Fraction(1)

    def begin_tuplet(self, p: int, q: int | None, r: int | None, metre: Metre | None) -> None:
        """The next `r` notes are p in the time of q."""
        compound = metre is not None and metre.name in COMPOUND
        time = q or TIME_OF.get(p, 3 if compound else 2)
        self._ratio, self._left = Fraction(time, p), r or p

    def break_rhythm(self, sign: str) -> Fraction:
        """A sign such as > or <<: returns what the note before it is multiplied by; the next one gets the rest."""
        short = Fraction(1, 2 ** len(sign))
        before, after = (2 - short, short) if sign[0] == ">" else (short, 2 - short)
        self._next = after
        return before

    def read(self, text: str) -> Fraction | None:
        """The length of the next note or rest; None if it is none or beyond reason."""
        times = multiple(text)
        length = None if times is None else times * self.unit * self._next
        self._next = Fraction(1)
        if self._left:
            self._left -= 1
            length = None if length is None else length * self._ratio
        if length is None or not 0 < length <= LONGEST or length.denominator > FINEST:
            return None
        return length

    def end_bar(self) -> None:
        """What is left of a tuplet or a broken rhythm ends with the bar."""
        self._left, self._next = 0, Fraction(1)
