"""Slurs that are true: each begins with one note and ends with a later one."""

from __future__ import annotations

from dataclasses import replace

from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.tune import Bar


def with_true_slurs(bars: tuple[Bar, ...], lines: Lines) -> tuple[Bar, ...]:
    """The bars without slurs that end where none is open, or that never end, which are told."""
    notes = [note for bar in bars for note in bar.notes]
    begins, ends = [note.slur_begins for note in notes], [note.slur_ends for note in notes]
    open_at: list[int] = []
    wrong = 0
    for at in range(len(notes)):
        ended = min(ends[at], len(open_at))
        wrong += ends[at] - ended
        ends[at] = ended
        del open_at[len(open_at) - ended :]
        open_at += [at] * begins[at]
    for at in open_at:
        begins[at] -= 1
    wrong += len(open_at)
    if not wrong:
        return bars
    lines.add("slurs that do not lead from one note to another are left out", times=wrong)
    mended, index = [], 0
    for bar in bars:
        own = range(index, index + len(bar.notes))
        pairs = zip(bar.notes, own, strict=True)
        mended.append(
            replace(bar, notes=tuple(replace(one, slur_begins=begins[at], slur_ends=ends[at]) for one, at in pairs))
        )
        index += len(bar.notes)
    return tuple(mended)
