"""The weights by which a duet finds the beat: learnt from phrases whose beat is known, they find it in these."""

from __future__ import annotations

from tunes import REEL, tune_of

from nsynth_lab.duet.beat_choice import WEIGHTS
from nsynth_lab.evaluate.duet.pulse_training import learnt, phrases_of, share_right
from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.melody.conditions import METRES
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import steps_of


def test_what_is_learnt_finds_the_beat_of_what_it_was_learnt_from() -> None:
    sample = Sample(Draft.of(96, steps_of(tune_of(REEL)).notes), METRES.index("4/4"), 0)
    phrases = phrases_of([sample], count=8, seed=0)
    assert phrases.table.shape[2] == len(WEIGHTS)
    assert not (phrases.right & ~phrases.there).any()
    weights = learnt(phrases)
    assert share_right(phrases, weights) >= 0.8
