"""Drafts written down: steps -> bars of a tune, with repeat signs where a form asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import DURATIONS, REST, TICKS
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.pitch import spelled
from nsynth_lab.tune.tune import DOUBLE, FINAL, Bar, Tune, TuneNote

COMFORTABLE = 71  # MIDI note that the middle of a tune is brought nearest to, by octaves
USUAL_LOWEST = 54  # MIDI note at or below which the lowest tonic lies: as of most tunes for fiddle or flute


@dataclass(frozen=True)
class Stretch:
    """A stretch of a draft, from one tick to another, such as a section with its upbeat."""

    begin: int
    end: int


def lowest_tonic(key: Key) -> int:
    """MIDI note of pitch 0 of a new tune."""
    return USUAL_LOWEST - (USUAL_LOWEST - key.tonic) % 12


def comfortable(draft: Draft, lowest: int) -> int:
    """The MIDI note of pitch 0, moved by octaves so that the tune lies in the middle of what instruments have."""
    sung = sorted(pitch for pitch in draft.pitches if pitch != REST)
    if not sung:
        return lowest
    middle = lowest + sung[len(sung) // 2]
    return lowest + 12 * round((COMFORTABLE - middle) / 12)


def bars_of(draft: Draft, stretch: Stretch, *, key: Key, lowest: int) -> list[Bar]:
    """The bars of a stretch. Notes over a bar line are tied; what no note fills is rest."""
    bars: list[Bar] = []
    notes = [
        (begin, min(begin + DURATIONS[duration], stretch.end), pitch)
        for begin, duration, pitch in zip(draft.begins, draft.durations, draft.pitches, strict=True)
        if stretch.begin <= begin < stretch.end
    ]
    begin = stretch.begin
    while begin < stretch.end:
        end = min(stretch.end, (begin // draft.bar_ticks + 1) * draft.bar_ticks)
        bars.append(Bar(tuple(_within(notes, begin, end, key=key, lowest=lowest))))
        begin = end
    return bars


def _within(notes: Sequence[tuple[int, int, int]], begin: int, end: int, *, key: Key, lowest: int) -> list[TuneNote]:
    found: list[TuneNote] = []
    at = begin
    for first, last, pitch in notes:
        if last <= begin or first >= end:
            continue
        if first > at:
            found.append(TuneNote(Fraction(first - at, TICKS)))
            at = first
        until = min(last, end)
        sung = None if pitch == REST else spelled(lowest + pitch, fifths=key.fifths, minor=key.is_minor)
        found.append(TuneNote(Fraction(until - at, TICKS), sung, tied=sung is not None and last > end))
        at = until
    if at < end:
        found.append(TuneNote(Fraction(end - at, TICKS)))
    return found


def with_signs(bars: Sequence[Bar], *, plays: int, is_last: bool) -> list[Bar]:
    """A section's bars with what stands around them: repeat signs if it is played more than once, lines if not."""
    found = list(bars)
    if plays > 1:
        found[0] = replace(found[0], begins_repeat=True)
        found[-1] = replace(found[-1], plays=plays)
    else:
        found[-1] = replace(found[-1], line=FINAL if is_last else DOUBLE)
    return found


def in_metre(tune: Tune, metre: Metre) -> Tune:
    """A tune in free time, its notes in bars of a metre; those over a bar line are tied. Its first note is on one."""
    bars: list[Bar] = []
    held: list[TuneNote] = []
    room = metre.length
    for note in (one for bar in tune.bars for one in bar.notes):
        left: TuneNote | None = note
        while left is not None:
            now, left = left.split(room) if left.length > room else (left, None)
            room -= now.length
            held.append(now)
            if not room:
                bars.append(Bar(tuple(held)))
                held, room = [], metre.length
    if held:
        bars.append(Bar(tuple(held)))
    return replace(tune, bars=tuple(bars), metre=metre)
