"""The form of a tune: its sections as written, and their letters in the order in which they are played: AABB."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from nsynth_lab.tune.places import places
from nsynth_lab.tune.played import played_bars
from nsynth_lab.tune.tune import Tune

ALIKE = 0.6  # share of equal bars from which a section is a variation, A', of another
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Section:
    """A section as written.

    Attributes:
        first: index of its first bar.
        end: index of the bar behind its last.
        letter: A, B, ...; A' where most bars are those of A.
    """

    first: int
    end: int
    letter: str


def sections(tune: Tune) -> tuple[Section, ...]:
    r"""The sections as written: between repeat signs, double lines and parts. An upbeat belongs to what follows.

    >>> from nsynth_lab.tune.abc import tune_from_abc
    >>> [section.letter for section in sections(tune_from_abc("X:1\nM:2/4\nK:C\nC4|D4:|E4|F4||C4|D4|]"))]
    ['A', 'B', 'A']
    """
    if not tune.bars:
        return ()
    begins = [0]
    found = places(tune)
    for index in range(1, len(tune.bars)):
        bar, before = tune.bars[index], tune.bars[index - 1]
        within_endings = bool(before.ending and bar.ending)
        alone = index - begins[-1] == 1 and before.length < bar.length and found[index - 1].offset > 0
        signs = before.plays > 1 or bool(before.line) or bar.begins_repeat or bool(bar.part)
        border = signs or (bool(before.ending) and not bar.ending)
        first_ending = bool(bar.ending) and not before.ending
        if border and not within_endings and not alone and not first_ending:
            begins.append(index)
    spans = list(zip(begins, [*begins[1:], len(tune.bars)], strict=True))
    contents = [_contents(tune, first, end) for first, end in spans]
    return tuple(Section(*span, letter) for span, letter in zip(spans, _letters(contents), strict=True))


def form(tune: Tune) -> str:
    r"""The letters of the sections as they are played.

    >>> from nsynth_lab.tune.abc import tune_from_abc
    >>> form(tune_from_abc("X:1\nM:2/4\nK:C\n|:C4|D4:|:E4|F4:|"))
    'AABB'
    """
    found = sections(tune)
    of_bar = {index: section for section in found for index in range(section.first, section.end)}
    letters: list[str] = []
    before = -1
    for index in played_bars(tune):
        section = of_bar[index]
        if before < 0 or section is not of_bar[before] or index <= before:
            letters.append(section.letter)
        before = index
    return "".join(letters)


_Bar = tuple[tuple[Fraction, int], ...]


def _contents(tune: Tune, first: int, end: int) -> list[_Bar]:
    """What the bars of a section hold, without upbeats and later endings."""
    held = [bar for bar in tune.bars[first:end] if not bar.ending or 1 in bar.ending]
    notes = [tuple((note.length, note.pitch.note if note.pitch else -1) for note in bar.notes) for bar in held]
    return notes[1:] if len(held) > 1 and held[0].length < held[1].length else notes


def _letters(contents: list[list[_Bar]]) -> list[str]:
    letters: list[str] = []
    named: list[tuple[str, list[_Bar]]] = []
    for bars in contents:
        letter = ""
        for name, other in named:
            if len(other) == len(bars):
                equal = sum(one == two for one, two in zip(bars, other, strict=True))
                if equal == len(bars):
                    letter = name
                    break
                if equal >= ALIKE * len(bars) and not letter:
                    letter = f"{name.rstrip(chr(39))}'"
        if not letter:
            letter = LETTERS[len({name for name, _ in named if "'" not in name}) % len(LETTERS)]
        named.append((letter, bars))
        letters.append(letter)
    return letters
