"""Bars written out -> repeats and endings: a section that comes twice in a row is written once.

A section is a number of whole bars that begins with the tune's upbeat, if it has one: so its repeat may stand within a
bar, as it does on paper. The second time may end otherwise, which first and second endings say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from nsynth_lab.tune.tune import DOUBLE, TWICE, Bar, TuneNote

LENGTHS = (8, 16, 4, 12, 6, 10, 14, 24, 32)  # of sections in bars, in the order in which they are tried
LONGEST_ENDING = 2  # bars, and at most a quarter of the section
STEP = 4  # where no section is repeated, the next may begin so many bars later


def with_repeats(bars: Sequence[Bar], upbeat: Fraction, whole: Fraction) -> tuple[Bar, ...]:
    """The bars with what comes twice in a row written once; where a bar is longer or shorter they stay as they are.

    Args:
        bars: as played; the first is the upbeat, if there is one.
        upbeat: its length in whole notes, or 0.
        whole: length of a whole bar.
    """
    if any(bar.metre or bar.length != whole for bar in bars[1:-1]):
        return tuple(bars)
    phrased = _phrased(bars, upbeat, whole)
    written: _Phrased = []
    at = 0
    while at < len(phrased):
        length, ending = _repeated(phrased, at)
        if length:
            written += _section(phrased, at, length, ending)
            at += 2 * length
        else:
            written += phrased[at : at + STEP]
            at += STEP
    return _joined(written, within_bars=upbeat > 0)


_Phrased = list[list[Bar]]  # each: the upbeat to a bar, if any, and the bar up to the next upbeat


def _phrased(bars: Sequence[Bar], upbeat: Fraction, whole: Fraction) -> _Phrased:
    if not upbeat or len(bars) < 2:
        return [[bar] for bar in bars]
    phrased, before = [], [bars[0]]
    for bar in bars[1:]:
        head, tail = split_bar(bar, whole - upbeat)
        phrased.append([*before, head] if head.notes else before)
        before = [tail] if tail.notes else []
    return [*phrased, before] if before else phrased


def split_bar(bar: Bar, at: Fraction) -> tuple[Bar, Bar]:
    """A bar's two parts; a note that lasts over the cut is tied."""
    first: list[TuneNote] = []
    second: list[TuneNote] = []
    here = Fraction(0)
    for note in bar.notes:
        end = here + note.length
        if end <= at:
            first.append(note)
        elif here >= at:
            second.append(note)
        else:
            head, tail = note.split(at - here)
            first.append(head)
            second.append(tail)
        here = end
    return replace(bar, notes=tuple(first)), Bar(tuple(second))


def _content(phrase: Sequence[Bar]) -> list[tuple[Fraction, int, bool]]:
    """What makes two bars the same: lengths, notes and ties, wherever bar lines stand."""
    return [(note.length, note.pitch.note if note.pitch else -1, note.tied) for bar in phrase for note in bar.notes]


def _repeated(phrased: _Phrased, at: int) -> tuple[int, int]:
    """(bars of the section that begins at `at` and comes twice, bars of its endings); (0, 0) if none does."""
    contents = [_content(phrase) for phrase in phrased[at : at + 2 * max(LENGTHS)]]
    for length in LENGTHS:
        if 2 * length > len(contents):
            continue
        for ending in range(min(LONGEST_ENDING, length // 4) + 1):
            tied = any(contents[end - 1][-1][2] for end in (length, 2 * length))  # over the end of the section
            if not tied and contents[: length - ending] == contents[length : 2 * length - ending]:
                return length, ending
    return 0, 0


def _section(phrased: _Phrased, at: int, length: int, ending: int) -> _Phrased:
    """A repeated section with its signs; at the beginning of a tune it needs none to begin."""
    section = [list(phrase) for phrase in phrased[at : at + length]]
    if at:
        section[0][0] = replace(section[0][0], begins_repeat=True)
    first, second = section[length - ending :], phrased[at + 2 * length - ending : at + 2 * length]
    section[-1][-1] = replace(section[-1][-1], plays=TWICE)
    if not ending:
        return section
    common = section[: length - ending]
    if len(first[0]) > 1 and _content(first[0][:1]) == _content(second[0][:1]):  # endings begin at bar lines
        common.append(first[0][:1])
        first, second = [first[0][1:], *first[1:]], [second[0][1:], *second[1:]]
    endings = _as_ending(first, 1) + _as_ending(second, 2)
    endings[-1][-1] = replace(endings[-1][-1], line=DOUBLE)
    return common + endings


def _as_ending(phrases: _Phrased, number: int) -> _Phrased:
    return [[replace(bar, ending=(number,)) for bar in phrase] for phrase in phrases]


def _joined(phrases: _Phrased, *, within_bars: bool) -> tuple[Bar, ...]:
    """The phrases one after the other; where they were cut within bars and no sign stands, the bars are made whole."""
    bars: list[Bar] = []
    for phrase in phrases:
        before, first = bars[-1] if bars else None, phrase[0]
        signs = before is None or before.plays > 1 or before.ending != first.ending or first.begins_repeat
        if before is None or signs or not within_bars:
            bars += phrase
        else:
            bars[-1] = replace(before, notes=_together(before.notes, first.notes))
            bars += phrase[1:]
    return tuple(bars)


def _together(first: tuple[TuneNote, ...], second: tuple[TuneNote, ...]) -> tuple[TuneNote, ...]:
    """Two parts of a bar; a note that was cut between them is whole again."""
    if first and second and first[-1].tied:
        whole = replace(second[0], length=first[-1].length + second[0].length)
        return (*first[:-1], whole, *second[1:])
    return first + second
