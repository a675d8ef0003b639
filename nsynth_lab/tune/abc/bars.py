"""ABC's bar lines, repeats and endings -> bars.

A bar is closed when a bar line comes after notes. What a bar line says about the bar before it goes there, the rest
waits for the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction

from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.tune import DOUBLE, FINAL, TWICE, Bar, ChordSymbol, TuneNote

MOST_PLAYS, HIGHEST_ENDING = 9, 16


@dataclass
class OpenBar:
    """A bar that is being read."""

    notes: list[TuneNote] = field(default_factory=list)
    chords: list[ChordSymbol] = field(default_factory=list)
    begins_repeat: bool = False
    key: Key | None = None
    metre: Metre | None = None
    part: str = ""

    @property
    def length(self) -> Fraction:
        """In whole notes."""
        return sum((note.length for note in self.notes), Fraction(0))


class Bars:
    """The bars so far, and the one that is open."""

    def __init__(self) -> None:
        self.done: list[Bar] = []
        self.open = OpenBar()
        self._ending: tuple[int, ...] = ()

    @property
    def begun(self) -> bool:
        """Whether any note has been read."""
        return bool(self.done or self.open.notes)

    @property
    def last(self) -> TuneNote | None:
        """The note or rest read last."""
        if self.open.notes:
            return self.open.notes[-1]
        return self.done[-1].notes[-1] if self.done else None

    def tie_last(self) -> bool:
        """Tie the note read last to the next; False if the open bar has none."""
        notes = self.open.notes
        if notes and notes[-1].pitch is not None:
            notes[-1] = replace(notes[-1], tied=True)
            return True
        return False

    def slur_last(self) -> bool:
        """End a slur with the note read last; False if there is none."""
        if self.open.notes:
            self.open.notes[-1] = replace(self.open.notes[-1], slur_ends=self.open.notes[-1].slur_ends + 1)
        elif self.done:
            bar = self.done[-1]
            last = replace(bar.notes[-1], slur_ends=bar.notes[-1].slur_ends + 1)
            self.done[-1] = replace(bar, notes=(*bar.notes[:-1], last))
        return bool(self.open.notes or self.done)

    def close(self, *, plays: int = 1, line: str = "") -> None:
        """End the open bar; if it holds nothing yet, the bar before it gets the repeat and the line."""
        now = self.open
        if now.notes:
            bar = Bar(
                tuple(now.notes), tuple(now.chords), now.begins_repeat, plays, self._ending, line,
                now.key, now.metre, now.part,
            )  # fmt: skip
            self.done.append(bar)
            self.open = OpenBar()
        elif self.done:
            last = self.done[-1]
            self.done[-1] = replace(last, plays=max(plays, last.plays), line=last.line or line)

    def bar_line(self, text: str) -> None:
        """A bar line, such as :|2 or ||, with the numbers of the ending that may follow it."""
        shape = re.fullmatch(r"\.?([:|\[\]]+)\s*([\d,-]*)", text)
        assert shape is not None, text
        signs, numbers = shape[1], shape[2]
        colons = len(signs) - len(signs.lstrip(":"))
        both = colons == len(signs)  # :: alone ends a repeat and begins one
        plays = (TWICE if both else min(colons + 1, MOST_PLAYS)) if colons else 1
        begins = signs.endswith(":")
        line = ""
        if plays == 1 and not begins:
            line = FINAL if "|]" in signs and "[|" not in signs else DOUBLE if "||" in signs or "[|" in signs else ""
        self.close(plays=plays, line=line)
        if plays > 1 or begins or line:
            self._ending = ()
        self.open.begins_repeat |= begins
        if numbers:
            self.begin_ending(numbers)

    def begin_ending(self, numbers: str) -> None:
        """An ending begins, such as 1 or 1,3 or 1-3."""
        self.close()
        found: list[int] = []
        for part in numbers.split(","):
            first, _, last = part.partition("-")
            if first:
                low, high = int(first), int(last or first)
                found += range(low, min(high, HIGHEST_ENDING) + 1)
        self._ending = tuple(sorted({number for number in found if 0 < number <= HIGHEST_ENDING}))

    def begin_part(self, name: str) -> None:
        """A part begins, such as A."""
        self.close()
        self.open.part = name
