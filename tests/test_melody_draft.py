"""What the writer is told before each note: what sounded bars ago, and what followed a passage before."""

from __future__ import annotations

import numpy as np
from tunes import EIGHTH, HORNPIPE, REEL, eighths, tune_of

from nsynth_lab.melody.draft import LOOKS, NOTHING, Draft, replayed, rows
from nsynth_lab.melody.steps import BARS_AGO, DURATIONS, END_OF_SECTION, NO_DURATION, NO_PITCH, steps_of

TWO_PARTS = "X:1\nM:2/4\nL:1/8\nK:D\nA|:D2 FA|d2 A2-|A2 z2|1 D3 A:|2 D4|]\n|:d2 fa|f2 d2|e2 c2|d4:|\n"


def test_the_look_back_is_what_sounded_there() -> None:
    for text in (TWO_PARTS, REEL, HORNPIPE.replace("(5ABcde f2 (3:2:4a2gf e2", "ABcd f2 e2")):
        tune = tune_of(text)
        steps = steps_of(tune)
        assert tune.metre is not None
        bar = int(tune.metre.length * 96)
        told = rows(steps, bar)
        assert (told[:, 2] == steps.position).all()
        lengths = [DURATIONS[one] for one in steps.duration]
        begins = [bar + int(steps.position[0])]
        for at in range(1, len(lengths)):
            end = begins[-1] + lengths[at - 1]
            begins.append(end + int(steps.position[at] - end) % bar)
        for at, begin in enumerate(begins):
            for place, bars in enumerate(BARS_AGO):
                then = begin - bars * bar
                there = [i for i in range(at) if begins[i] <= then < begins[i] + lengths[i]]
                expected = (steps.pitch[there[0]], steps.duration[there[0]]) if there else NOTHING
                if there and begins[there[0]] < then:
                    expected = (steps.pitch[there[0]], NO_DURATION)  # it began before the place
                assert (told[at, 4 + place], told[at, 4 + LOOKS + place]) == expected, (at, bars)


def test_bars_count_from_the_first_whole_one_of_a_section() -> None:
    told = rows(steps_of(tune_of(TWO_PARTS)), 48)
    assert told[:8, 3].tolist() == [0, 0, 0, 0, 1, 1, 2, 3]


def test_one_section_ago_is_the_same_bar_of_the_section_before() -> None:
    steps = steps_of(tune_of("X:1\nM:2/4\nL:1/8\nK:C\nCDEF|G4:|cdef|g4:|\n"))
    ago = rows(steps, 48)[:, 4 + len(BARS_AGO)]
    assert ago[5:].tolist() == steps.pitch[:5].tolist()
    assert set(ago[:5].tolist()) == {NO_PITCH}


def test_what_followed_the_longest_passage_like_the_last_is_told_with_its_length() -> None:
    draft = eighths(20, 22, 24, 25, 27, 20, 22, 24)
    *_, match = draft.context().looks
    assert match == (25, EIGHTH)
    assert draft.context().runs[-1] == 3  # three to four notes
    draft.add(EIGHTH, 31)
    assert draft.context().looks[-1] == NOTHING
    draft = eighths(20, 22, 24, 40, 20, 22, 24, 41, 20, 22, 24)
    assert draft.context().looks[-1][0] == 41  # the latest of two


def test_a_run_counts_notes_that_are_as_they_were_a_bar_ago_and_begins_anew() -> None:
    draft = eighths(*range(20, 28), 20, 21, 22)
    assert draft.context().runs[0] == 3
    draft.add(EIGHTH, 40)
    assert draft.context().runs[0] == 0


def test_sections_begin_at_bar_lines_and_bars_count_from_there() -> None:
    draft = Draft(96, position=84)
    draft.add(EIGHTH, 20)
    assert draft.context().bar == 0
    for at in range(15):
        draft.add(EIGHTH, 20 + at % 5, END_OF_SECTION if at == 14 else 0)
    assert draft.position == 84
    draft.add(EIGHTH, 30)
    assert draft.context().bar == 0
    assert draft.context().looks[len(BARS_AGO)] == (20, EIGHTH)  # the first note of the section before


def test_replaying_gives_the_same_notes() -> None:
    steps = steps_of(tune_of(REEL))
    draft = [draft for draft, _ in replayed(steps, 96)][-1]
    assert draft.pitches == steps.pitch.tolist()
    assert draft.durations == steps.duration.tolist()
    assert np.array_equal(np.array(draft.begins) % 96, steps.position)
