"""Which of the notes that were picked are played, and which are partials of others, or one note cut in two.

A logistic regression of nine measures, fitted to 3,857 picked notes of chords and melodies of known notes, played by 28
instruments of the SoundFont FluidR3_GM: whether a note was there within 120 ms. Its constants are in `_worth`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.analysis.note_picker import Picked

PARTIALS = (12, 19, 24, 28, 31, 36)  # semitones from a fundamental to those that are taken for notes
TOGETHER_FRAMES = 6
FAINT_DB = 42.0  # below the loudest notes
MOST_DB = 15.0
LONGEST_FRAMES = 2600  # half a minute: a note that has sounded for longer is not compared with


def chosen(picked: Sequence[Picked], levels_db: Sequence[float]) -> list[tuple[Picked, float]]:
    """The notes that are there, each with its level; `picked` in order of their beginnings.

    Where a note was wrongly cut in two, the second part is joined to the first again.
    """
    if not picked:
        return []
    least_db = float(np.percentile(levels_db, 95)) - FAINT_DB
    kept: list[tuple[Picked, float]] = []
    last: dict[int, int] = {}  # of each key, its last note's place in `kept`
    for place, (note, level_db) in enumerate(zip(picked, levels_db, strict=True)):
        if level_db > least_db and _worth(place, picked, levels_db) > 0.0:
            last[note.key] = len(kept)
            kept.append((note, level_db))
        elif note.again and note.key in last and kept[last[note.key]][0].end == note.begin:
            before, own_db = kept[last[note.key]]
            bend = np.concatenate([before.bend, note.bend])
            kept[last[note.key]] = (replace(before, end=note.end, bend=bend), own_db)
    return kept


def _worth(place: int, picked: Sequence[Picked], levels_db: Sequence[float]) -> float:
    """The log-odds that the note is really there: above 0 where it probably is."""
    note, level_db = picked[place], levels_db[place]
    others = [other for other in _around(place, picked) if picked[other].end > note.begin + 2]
    loudest_db = max(levels_db[other] for other in others)
    surest = max(picked[other].sure for other in others)
    below = [levels_db[other] - level_db for other in others if note.key - picked[other].key in PARTIALS]
    is_partial, louder_db = bool(below), max([0.0, *below])
    return (
        4.5 * note.struck
        - 2.9 * note.sure
        + 8.4 * note.peak
        + 0.023 * (level_db - loudest_db)
        + 0.32 * note.sure / surest
        + note.again * (8.3 * note.struck - 8.6)
        - is_partial * (0.52 + 0.09 * min(louder_db, MOST_DB))
        - 4.8
    )


def _around(place: int, picked: Sequence[Picked]) -> list[int]:
    """Places of the notes that begin before it or together with it, and its own."""
    begin = picked[place].begin
    first, after = place, place
    while first > 0 and begin - picked[first - 1].begin < LONGEST_FRAMES:
        first -= 1
    while after < len(picked) and picked[after].begin <= begin + TOGETHER_FRAMES:
        after += 1
    return list(range(first, after))
