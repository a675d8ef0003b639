"""Ties that are true: a tie binds a note to the next one of the same pitch, and to nothing else."""

from __future__ import annotations

from dataclasses import replace

from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.tune import Bar, TuneNote


def with_true_ties(bars: tuple[Bar, ...], lines: Lines) -> tuple[Bar, ...]:
    """The bars without ties that lead to another pitch, to a rest or to nothing, which are told."""
    flat = [note for bar in bars for note in bar.notes]
    followers = [*flat[1:], TuneNote(flat[0].length)] if flat else []
    wrong = {
        index
        for index, (note, follower) in enumerate(zip(flat, followers, strict=True))
        if note.tied and not _binds(note, follower)
    }
    if not wrong:
        return bars
    lines.add("ties that lead to no note of the same pitch are left out", times=len(wrong))
    mended, index = [], 0
    for bar in bars:
        notes = []
        for note in bar.notes:
            notes.append(replace(note, tied=False) if index in wrong else note)
            index += 1
        mended.append(replace(bar, notes=tuple(notes)))
    return tuple(mended)


def _binds(note: TuneNote, follower: TuneNote) -> bool:
    return note.pitch is not None and follower.pitch is not None and note.pitch.note == follower.pitch.note
