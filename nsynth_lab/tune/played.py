"""What sounds when a tune is played: repeats, endings and the order of parts written out, ties joined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.pitch import Pitch
from nsynth_lab.tune.tune import Bar, Tune

MOST_BARS = 20_000
MOST_PARTS = 500
_ORDER = re.compile(r"([A-Za-z])\s*(\d{0,2})")


@dataclass(frozen=True, slots=True)
class Sounding:
    """A note that sounds: when and how long in whole notes, its pitch, and which bar as written it begins in."""

    at: Fraction
    length: Fraction
    pitch: Pitch
    bar: int


def played_bars(tune: Tune) -> list[int]:
    r"""Indices of the bars in the order in which they are played.

    A repeat without a sign at its beginning goes back to the last double line or repeat, or to the beginning (the ABC
    standard 2.1, section 4.8).

    >>> from nsynth_lab.tune.abc import tune_from_abc
    >>> played_bars(tune_from_abc("X:1\nM:2/4\nK:C\n|: C4 |1 D4 :|2 E4 |] F4 |]"))
    [0, 1, 0, 2, 3]
    """
    order: list[int] = []
    for first, last in _parts(tune):
        order += _unfolded(tune.bars[first:last], first)
        if len(order) > MOST_BARS:
            raise TuneError(f"takes more than {MOST_BARS:,} bars with its repeats; no tune is that long")
    return order


def sounding(tune: Tune) -> list[Sounding]:
    """The notes that are heard, in order."""
    heard: list[Sounding] = []
    at, tied = Fraction(0), False
    for index in played_bars(tune):
        for note in tune.bars[index].notes:
            before = heard[-1] if heard and tied else None
            if note.pitch and before and before.pitch.note == note.pitch.note:
                heard[-1] = Sounding(before.at, before.length + note.length, before.pitch, before.bar)
            elif note.pitch:
                heard.append(Sounding(at, note.length, note.pitch, index))
            tied = note.tied
            at += note.length
    return heard


def played_length(tune: Tune) -> Fraction:
    """In whole notes, with all repeats."""
    return sum((tune.bars[index].length for index in played_bars(tune)), Fraction(0))


def _unfolded(bars: Sequence[Bar], first: int) -> Iterator[int]:
    start, plays, at = 0, 1, 0
    open_repeat = False
    while at < len(bars):
        bar, before = bars[at], bars[at - 1] if at else None
        if bar.begins_repeat and at != start:
            start, plays, open_repeat = at, 1, True
        elif before is not None and before.ending and not bar.ending and start < at:
            start, plays, open_repeat = at, 1, False
        open_repeat |= bar.begins_repeat
        if bar.ending and plays not in bar.ending:
            at += 1
            continue
        yield first + at
        if bar.plays > 1 and plays < (_last_ending(bars, at) if bar.ending else bar.plays):
            plays += 1
            at = start
            continue
        at += 1
        if bar.plays > 1 and not bar.ending:
            start, plays, open_repeat = at, 1, False
        elif bar.line and not open_repeat and not bar.ending:
            start, plays = at, 1


def _last_ending(bars: Sequence[Bar], at: int) -> int:
    """The highest number among the endings that stand side by side around a bar; a repeat after the last plays on."""
    last = at
    while last + 1 < len(bars) and bars[last + 1].ending:
        last += 1
    begin = at
    while begin and bars[begin - 1].ending:
        begin -= 1
    highest = max(number for bar in bars[begin : last + 1] for number in bar.ending)
    return max(highest, bars[at].plays if len({bar.ending for bar in bars[begin : last + 1]}) == 1 else 0)


def _parts(tune: Tune) -> list[tuple[int, int]]:
    """(first bar, bar behind the last) of what is played one after the other: parts in their order, or everything."""
    everything = [(0, len(tune.bars))]
    named = [(index, bar.part[:1]) for index, bar in enumerate(tune.bars) if bar.part]
    order = _part_names(tune.part_order)
    if not named or not order:
        return everything
    spans: dict[str, tuple[int, int]] = {}
    for (index, name), (end, _) in zip(named, [*named[1:], (len(tune.bars), "")], strict=True):
        spans.setdefault(name, (index, end))
    if any(name not in spans for name in order):
        return everything
    before = [(0, named[0][0])] if named[0][0] else []
    return before + [spans[name] for name in order]


def _part_names(text: str) -> list[str]:
    """The parts of an order such as A2(BC)3D; nothing if it is none.

    >>> "".join(_part_names("A2(BC)2.D")), _part_names("as you like")
    ('AABCBCD', [])
    """
    text = re.sub(r"[.\s]", "", text)
    innermost = re.compile(r"\(([A-Za-z\d]*)\)(\d{0,2})")
    for _ in range(8):  # brackets within brackets
        found = innermost.search(text)
        if not found:
            break
        repeated = found[1] * int(found[2] or 1)
        if len(repeated) > MOST_PARTS:
            return []
        text = text[: found.start()] + repeated + text[found.end() :]
    if not re.fullmatch(r"(?:[A-Z]\d{0,2})+", text):
        return []
    names = [name for name, times in _ORDER.findall(text) for _ in range(int(times or 1))]
    return names if len(names) <= MOST_PARTS else []
