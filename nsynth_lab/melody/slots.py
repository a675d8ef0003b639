"""Two bars of melody in slots of a sixteenth: what `loops` encodes, decodes and blends.

A slot holds a pitch where a note begins, `HOLD` while it goes on, `SILENCE` where nothing sounds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import DURATIONS, PITCHES, REST
from nsynth_lab.units import Ints

SLOT_TICKS, SLOTS, BARS = 6, 48, 2
HOLD, SILENCE, SYMBOLS = PITCHES, PITCHES + 1, PITCHES + 2


def slots_of(draft: Draft, first: int) -> tuple[Ints, bool]:
    """(the slots of the two bars that begin at tick `first`, whether every note in them begins on a slot of its own).

    A note that began earlier begins with the loop; one that begins between two slots is moved to the nearer one, and of
    two that meet in a slot the first stays.
    """
    ticks = BARS * draft.bar_ticks
    count = ticks // SLOT_TICKS
    found = np.full(count, SILENCE, np.int64)
    exact, taken = True, -1
    for at in range(max(0, bisect_right(draft.begins, first) - 1), bisect_left(draft.begins, first + ticks)):
        begin = max(0, draft.begins[at] - first)
        end = draft.begins[at] + DURATIONS[draft.durations[at]] - first
        if end <= 0:
            continue
        slot, until = round(begin / SLOT_TICKS), min(count, round(end / SLOT_TICKS))
        exact &= begin % SLOT_TICKS == 0 and (end % SLOT_TICKS == 0 or end > ticks)
        if slot <= taken or slot >= count:
            exact = False
            continue
        taken = slot
        found[slot:] = SILENCE
        if draft.pitches[at] != REST:
            found[slot] = draft.pitches[at]
            found[slot + 1 : until] = HOLD
    return found, exact
