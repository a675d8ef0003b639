"""Continuing a tune: the writer hears it and adds as many bars as are asked for; a critic takes the best of several."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.melody.composing import CANDIDATES, Composed
from nsynth_lab.melody.conditions import ANY_STYLE, metre_number, mode_number
from nsynth_lab.melody.critic import faults
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.hearing import HeardTune, heard, section_ended, to_go_on
from nsynth_lab.melody.notation import Stretch, bars_of, with_signs
from nsynth_lab.melody.rules import Goal
from nsynth_lab.melody.steps import bar_line_from
from nsynth_lab.melody.writer import Writer
from nsynth_lab.melody.writing import Asked, hear, write
from nsynth_lab.tune.tune import DOUBLE, FINAL, Bar, Tune

SECTION_BARS = 8
MOST_BARS = 256


@dataclass(frozen=True)
class Continued:
    """Tunes that go on, and what is to be told of the one that was given."""

    tunes: tuple[Composed, ...]
    lines: tuple[str, ...]


def go_on(
    writer: Writer, tune: Tune, *, bars: int, seed: int, count: int = 1, free: float = 1.0, style: int = ANY_STYLE
) -> Continued:
    """A tune with `bars` bars added; a bar that it leaves open is filled first.

    Raises:
        UsageError: not 1 to 256 bars.
        TuneError: the tune cannot be continued: see `hearing.heard`.
    """
    if not 1 <= bars <= MOST_BARS:
        raise UsageError(f"{bars} bars; expected 1 to {MOST_BARS}")
    found = heard(tune)
    notes = to_go_on(found, ended=section_ended(tune))
    draft = Draft(found.bar_ticks, position=notes[0][2])
    asked = Asked(metre_number(found.metre), mode_number(found.key.mode), style, free=free)
    memory, _ = hear(writer, draft, asked, notes)
    first = len(draft)
    goal = _goal(draft.at, draft.section_start, found.bar_ticks, bars)
    asked = replace(asked, goal=goal)
    candidates = CANDIDATES if free else 1
    chances = [
        np.random.default_rng((seed, number, candidate)) for number in range(count) for candidate in range(candidates)
    ]
    drafts = [Draft.of(found.bar_ticks, notes) for _ in chances]
    written = write(writer, drafts, asked, chances, memory=memory.repeated(len(drafts)))
    best = [
        min(written[number * candidates : (number + 1) * candidates], key=lambda one: faults(one, first=first))
        for number in range(count)
    ]
    tunes = tuple(Composed(_joined(tune, found, draft.at, one.draft, goal), float(np.mean(one.bits))) for one in best)
    return Continued(tunes, found.lines)


def _goal(at: int, section_start: int, bar_ticks: int, bars: int) -> Goal:
    """Sections of eight bars, the last with the tune's end."""
    end = bar_line_from(at, bar_ticks) + bars * bar_ticks
    length = SECTION_BARS * bar_ticks
    ends = [border for border in range(section_start + length, end, length) if border > at]
    if ends and end - ends[-1] < length // 2:
        ends.pop()
    return Goal((*ends, end))


def _joined(tune: Tune, found: HeardTune, at: int, draft: Draft, goal: Goal) -> Tune:
    """The tune as it was, and behind it what was written from tick `at` on."""
    more: list[Bar] = []
    begin = at
    for end in goal.ends:
        section = bars_of(draft, Stretch(begin, end), key=found.key, lowest=found.lowest)
        more += with_signs(section, plays=1, is_last=end == goal.ends[-1])
        begin = end
    own = list(tune.bars)
    open_bar = own[-1]
    if at % found.bar_ticks and not section_ended(tune):
        own[-1] = replace(open_bar, notes=(*open_bar.notes, *more[0].notes), line=more[0].line)
        more = more[1:]
    elif open_bar.line == FINAL:
        own[-1] = replace(open_bar, line=DOUBLE)
    return replace(tune, bars=(*own, *more))
