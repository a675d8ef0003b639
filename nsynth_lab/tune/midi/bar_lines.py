"""Metres at their times -> bars from one bar line to the next."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.find.key import Heard
from nsynth_lab.tune.metre import Metre

MOST_BARS = 8_000


@dataclass(frozen=True, slots=True)
class BarSpan:
    """A bar from `begin` to `end`, in whole notes of the file's time; `changes` where its metre is a new one."""

    begin: Fraction
    end: Fraction
    metre: Metre
    changes: bool = False

    @property
    def length(self) -> Fraction:
        """In whole notes."""
        return self.end - self.begin

    def of(self, heard: Sequence[Heard]) -> Sequence[Heard]:
        """The notes that sound in it, of notes in order of time that do not overlap."""
        first = bisect_left(heard, self.begin, key=lambda note: note[0] + note[1])
        first += first < len(heard) and heard[first][0] + heard[first][1] == self.begin
        return heard[first : bisect_left(heard, self.end, key=lambda note: note[0])]


def bar_spans(
    metres: Sequence[tuple[Fraction, Metre]], first: Fraction, end: Fraction, upbeat: Fraction
) -> list[BarSpan]:
    """The bars from the first note, at `first`, to the end of the last.

    A metre that lasts one bar or less, before a longer one, is how programs write an upbeat or what is left of a bar:
    that bar is short, and the metre does not change.

    Args:
        metres: (time, metre) in order.
        first: when the first note begins. Bars before it are left out, and half a bar or more of silence makes it an
            upbeat.
        end: when the last note ends.
        upbeat: length of what comes before the first bar line, if the first metre begins with the first note.

    Raises:
        TuneError: there are too many.
    """
    spans: list[BarSpan] = []
    now: Metre | None = None
    for index, (at, metre) in enumerate(metres):
        stop = metres[index + 1][0] if index + 1 < len(metres) else end
        if stop - at <= metre.length and index + 1 < len(metres):
            following = metres[index + 1][1]
            spans.append(BarSpan(at, stop, now or following))
            now = now or following
            continue
        changes, now = now is not None and metre != now, metre
        line = at + upbeat if upbeat and not index else at
        if line > at:
            spans.append(BarSpan(at, line, metre))
        while line < stop:
            if len(spans) > MOST_BARS:
                raise TuneError(f"has more than {MOST_BARS:,} bars; no tune is that long")
            last = index + 1 == len(metres)
            spans.append(BarSpan(line, line + metre.length if last else min(line + metre.length, stop), metre, changes))
            line += metre.length
            changes = False
    heard = [span for span in spans if span.end > first]
    if heard and first - heard[0].begin >= heard[0].metre.length / 2:  # an upbeat in a bar of its own
        heard[0] = BarSpan(first, heard[0].end, heard[0].metre)
    if len(heard) > 1 and heard[-1].begin < end < heard[-1].end and heard[0].length < heard[0].metre.length:
        heard[-1] = BarSpan(heard[-1].begin, end, heard[-1].metre, heard[-1].changes)
    return heard
