"""What may come next in a draft, whatever the writer prefers: bars add up, triplets are whole, nothing gets stuck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import DURATIONS, END_OF_SECTION, END_OF_TUNE, GOES_ON, REST

Allowed = NDArray[np.bool_]

TICKS = np.array(DURATIONS)
PLAIN = 3  # ticks: what is no multiple of it belongs to a triplet
GROUPS = (12, 24, 48)  # ticks that three notes of a triplet fill, or one of them and one of twice its length
MOST_ALIKE = 7  # notes of one pitch in a row
WINDOW, MOST_STUCK = 8, 2  # eight bars never hold at most two different ones
LEAST_BARS = 3.4  # of a section that ends by itself


@dataclass(frozen=True)
class Goal:
    """Where sections are to end, in ticks as `Draft.at` counts; the tune ends with the last.

    Without any, the writer decides.

    >>> goal = Goal((384, 768))
    >>> goal.next_end(0), goal.next_end(384), Goal().next_end(0)
    (384, 768, None)
    """

    ends: tuple[int, ...] = ()

    def next_end(self, at: int) -> int | None:
        """The end of the section in which a tick lies."""
        return next((end for end in self.ends if end > at), None)


def durations_allowed(draft: Draft, goal: Goal) -> Allowed:
    """Which of `DURATIONS` the next note may have; at least one."""
    left = draft.bar_ticks - draft.position
    end = goal.next_end(draft.at)
    until = min(left, end - draft.at) if end is not None else left
    fits = until >= TICKS
    if not draft.position:
        fits |= (TICKS % draft.bar_ticks == 0) & ((end - draft.at if end is not None else TICKS.max()) >= TICKS)
    whole = fits & _keeps_triplets(draft.position)
    return whole if whole.any() else fits


def can_go_on(draft: Draft) -> bool:
    """Whether any note is short enough for what is left of the bar."""
    return draft.bar_ticks - draft.position >= min(DURATIONS)


def _keeps_triplets(position: int) -> Allowed:
    """Which durations leave every triplet whole: three notes alike, or a long and a short one, as in a swung pair."""
    allowed = TICKS % PLAIN == 0 if position % PLAIN == 0 else np.zeros(len(TICKS), bool)
    for group in GROUPS:
        since = position % group
        if since % (group // 3) == 0:
            for length in (group // 3, 2 * group // 3):
                if since + length <= group:
                    allowed = allowed | (length == TICKS)
    return allowed


def pitches_allowed(draft: Draft) -> Allowed:
    """Which pitches, or a rest, the next note may have; nearly all of them."""
    allowed = np.ones(REST + 1, bool)
    if not draft.pitches or draft.pitches[-1] == REST:
        allowed[REST] = False
    sung = [pitch for pitch in draft.pitches[-2 * MOST_ALIKE :] if pitch != REST][-MOST_ALIKE:]
    if len(sung) == MOST_ALIKE and len(set(sung)) == 1:
        allowed[sung[0]] = False
    bar = draft.at // draft.bar_ticks
    if not draft.begins or draft.begins[-1] // draft.bar_ticks < bar:
        allowed[_firsts_of_stuck_bars(draft)] = False
    return allowed


def _firsts_of_stuck_bars(draft: Draft) -> list[int]:
    """First pitches of the bars before, if with one of them again eight bars could hold only two different ones."""
    bars: dict[int, list[tuple[int, int, int]]] = {}
    for at in range(len(draft) - 1, -1, -1):
        number = draft.begins[at] // draft.bar_ticks
        if number not in bars and len(bars) == WINDOW - 1:
            break
        entry = (draft.begins[at] % draft.bar_ticks, draft.durations[at], draft.pitches[at])
        bars.setdefault(number, []).insert(0, entry)
    latest = [tuple(bars[number]) for number in sorted(bars, reverse=True)]
    for different in range(1, MOST_STUCK + 1):
        before = latest[: WINDOW - 1 - MOST_STUCK + different]
        if len(before) == WINDOW - 1 - MOST_STUCK + different and len(set(before)) <= different:
            return [notes[0][2] for notes in set(before)]
    return []


def flag_asked(draft: Draft, duration: int, goal: Goal) -> int | None:
    """The flag that a note must have where a goal is given; None if the writer may choose it."""
    if not goal.ends:
        return None
    end = draft.at + DURATIONS[duration]
    if end not in goal.ends:
        return GOES_ON
    return END_OF_TUNE if end == goal.ends[-1] else END_OF_SECTION


def may_end(draft: Draft, duration: int) -> bool:
    """Whether a section is long enough to end with a note, where none of its ends is given."""
    return draft.at + DURATIONS[duration] - draft.section_start >= LEAST_BARS * draft.bar_ticks
