"""Durations and rests come as often as people write them: what is too frequent is made less likely."""

from __future__ import annotations

import numpy as np
import pytest
from tunes import REEL, tune_of

from nsynth_lab.melody.conditions import METRES, STYLES
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.marginals import BY_METRE, Tilt
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.rules import Goal
from nsynth_lab.melody.steps import DURATIONS, REST, steps_of
from nsynth_lab.melody.writing import Asked, write
from nsynth_lab.train.melody.collections import Piece
from nsynth_lab.train.melody.marginals import COUNTED, learnt

EIGHTH, SIXTEENTH = DURATIONS.index(12), DURATIONS.index(6)
FOUR = METRES.index("4/4")


@pytest.fixture(scope="module")
def model() -> MelodyModel:
    return MelodyModel()


def written(model: MelodyModel, tilt: Tilt | None, pitches: frozenset[int] = frozenset()) -> list[Draft]:
    asked = Asked(FOUR, 0, goal=Goal((96 * 9,)), tilt=tilt, pitches=pitches)
    drafts = [Draft(96) for _ in range(6)]
    write(model.writer, drafts, asked, [np.random.default_rng(at) for at in range(6)])
    return drafts


def test_what_is_tilted_away_does_not_come_and_what_is_tilted_to_comes_more(model: MelodyModel) -> None:
    away = Tilt(tuple(-30.0 * (place == SIXTEENTH) for place in range(len(DURATIONS))), rest=3.0)
    drafts, plain = written(model, away), written(model, Tilt())
    assert all(SIXTEENTH not in draft.durations for draft in drafts)
    rests, before = (sum(pitch == REST for draft in some for pitch in draft.pitches) for some in (drafts, plain))
    assert rests > before


def test_where_pitches_are_given_the_writer_is_as_it_is(model: MelodyModel) -> None:
    scale = frozenset(range(12, 36))
    assert [one.pitches for one in written(model, None, scale)] == [
        one.pitches for one in written(model, Tilt(), scale)
    ]
    assert [one.pitches for one in written(model, None)] != [one.pitches for one in written(model, Tilt())]


def test_what_people_write_more_often_becomes_likelier(model: MelodyModel) -> None:
    reel = tune_of(REEL)
    piece = Piece(reel, steps_of(reel), FOUR, 0, STYLES.index("misc"), "train", 0)
    found = learnt(model, [piece], rounds=1, tunes=6, say=lambda _: None)
    assert found["4/4"].durations[EIGHTH] > found["4/4"].durations[SIXTEENTH]
    assert found["6/8"] == Tilt()


def test_the_table_is_of_metres_that_are_counted() -> None:
    assert tuple(BY_METRE) == COUNTED
    assert all(len(tilt.durations) == len(DURATIONS) for tilt in BY_METRE.values())
