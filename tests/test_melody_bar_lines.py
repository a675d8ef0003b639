"""Bar lines that a MIDI file does not name are those in which the writer finds its notes likely."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tunes import JIG, REEL, tune_of

from nsynth_lab.evaluate.melody.bare_midi import bare_midi
from nsynth_lab.melody.bar_lines import BarLines
from nsynth_lab.tune.files import tune_in
from nsynth_lab.tune.find.bar_lines import find_bars
from nsynth_lab.tune.metre import Metre

# written for this test: a slow air that begins on the last beat, and a march whose long notes stand within its bars
AIR = "X:1\nM:3/4\nL:1/4\nK:G\nD|G2A|B2A|G2E|D2D|G2A|B2d|A3|A2B|d2B|A2B|G2E|D2D|G2A|B2A|G3|G2|]\n"
MARCH = "X:1\nM:4/4\nL:1/8\nK:D\nFG|A2d2d2cB|A2F2F2GA|B2G2E2FG|A6FG|A2d2d2cB|A2F2F2GA|B2AGF2E2|D6|]\n"


@pytest.fixture(scope="module")
def finder() -> BarLines:
    return BarLines()


@pytest.mark.parametrize(("text", "metre"), [(JIG, "6/8"), (REEL, "4/4"), (AIR, "3/4"), (MARCH, "4/4")])
def test_metre_and_upbeat_of_a_melody_are_found(finder: BarLines, text: str, metre: str) -> None:
    tune = tune_of(text)
    found = tune_in(bare_midi(tune), finder=finder).tune
    assert found.metre is not None
    assert (found.metre.name, found.upbeat) == (metre, tune.upbeat)
    told = tune_in(bare_midi(tune), metre=tune.metre, finder=finder).tune
    assert (told.metre, told.upbeat) == (tune.metre, tune.upbeat)


def test_a_metre_that_the_writer_does_not_know_is_left_to_the_rhythm(finder: BarLines) -> None:
    notes = [(Fraction(at, 4), Fraction(1, 4), 60 + at % 5) for at in range(20)]
    assert finder(notes, Metre((5,), 4)) == find_bars(notes, Metre((5,), 4))


def test_notes_that_no_step_has_and_pitches_far_apart_are_heard_all_the_same(finder: BarLines) -> None:
    odd = [(Fraction(at, 7), Fraction(1, 11), 10 + 97 * at % 110) for at in range(9)]
    metre, upbeat = finder(odd, None)
    assert 0 <= upbeat < metre.length
    assert finder(odd[:1], None)[1] < 1
