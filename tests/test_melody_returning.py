"""A tune that has begun to repeat itself is a little likelier to go on."""

from __future__ import annotations

import numpy as np

from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.returning import LIKELIER, returning
from nsynth_lab.melody.steps import DURATIONS

QUARTER = DURATIONS.index(24)


def test_what_was_eight_bars_ago_is_likelier_once_two_notes_have_returned() -> None:
    draft = Draft(96)
    line = [12 + at % 13 for at in range(32)]
    for pitch in line:
        draft.add(QUARTER, pitch)
        assert not any(part.any() for part in returning(draft))
    draft.add(QUARTER, line[0])
    assert not any(part.any() for part in returning(draft))
    draft.add(QUARTER, line[1])
    durations, pitches = returning(draft)
    assert np.flatnonzero(durations).tolist() == [QUARTER]
    assert np.flatnonzero(pitches).tolist() == [line[2]]
    assert durations.max() == pitches.max() == LIKELIER
    draft.add(QUARTER, line[2] + 1)
    assert not any(part.any() for part in returning(draft))
