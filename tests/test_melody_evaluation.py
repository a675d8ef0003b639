"""The melody model's yardsticks: each is right on tunes whose answer is known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace

import numpy as np
import pytest
from tunes import REEL, eighths, tune_of

from nsynth_lab.evaluate.melody.bare_midi import bare_midi, found_in_midi, told_in_notation
from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.evaluate.melody.measures import (
    Copies,
    alike,
    ends_on_tonic,
    in_scale,
    is_stuck,
    longest_run,
    over_bar_lines,
)
from nsynth_lab.evaluate.melody.ngram import NGram, WittenBell, long_and_short, notes
from nsynth_lab.melody.conditions import METRES, STYLES
from nsynth_lab.melody.critic import divergence, heard_before
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import DURATIONS, steps_of
from nsynth_lab.train.melody.collections import Piece, digest_of
from nsynth_lab.tune.files import tune_in
from nsynth_lab.tune.find.bar_lines import find_bars
from nsynth_lab.tune.played import sounding

HALF = DURATIONS.index(48)


def by_chance(seed: int, *, count: int = 128) -> Draft:
    return eighths(*np.random.default_rng(seed).choice([24, 26, 28, 29, 31, 33, 35, 36], count).tolist())


def test_bars_heard_before_and_stuck_tunes() -> None:
    first, second = range(20, 28), range(30, 38)
    assert heard_before(eighths(*first, *second, *first, *second)) == 0.5
    assert heard_before(by_chance(1)) < 0.1
    assert is_stuck(eighths(*[*first, *second] * 6))
    assert not is_stuck(by_chance(2))
    assert not is_stuck(eighths(*[*first, *second] * 3))  # six bars are no eight


def test_runs_lines_scales_and_ends() -> None:
    assert longest_run(eighths(20, 24, 24, 24, 20)) == 3
    draft = eighths(20, 21, 22, 23, 24, 25)
    draft.add(HALF, 24)
    assert over_bar_lines(draft) == pytest.approx(1 / 7)
    assert in_scale(Sample(eighths(24, 26, 28, 30), 1, 0)) == 0.75  # C D E F#
    assert ends_on_tonic(eighths(26, 36))
    assert not ends_on_tonic(eighths(24, 26))


def test_likeness_to_what_sounded_bars_ago() -> None:
    again = alike(eighths(*list(range(20, 28)) * 20))
    assert again == [1.0] * 5
    assert max(alike(by_chance(3, count=256))) < 0.3


def test_divergence_is_none_for_the_same_and_a_bit_for_what_has_nothing_in_common() -> None:
    one: Counter[Hashable] = Counter({"a": 3, "b": 1})
    assert divergence(one, Counter({"a": 30, "b": 10})) == pytest.approx(0)
    assert divergence(Counter({"a": 1}), Counter({"b": 5})) == pytest.approx(1)


def test_copies_are_found_in_any_key_and_only_as_long_as_they_are() -> None:
    learnt = by_chance(4)
    copies = Copies([learnt, by_chance(5)])
    part = learnt.pitches[10:31]  # 21 notes: 20 intervals
    moved = eighths(*by_chance(6, count=40).pitches, *(pitch + 5 for pitch in part), *by_chance(7, count=40).pitches)
    assert copies.longest(moved) in (20, 22)
    assert copies.longest(learnt) == 64
    assert copies.new(learnt) == 0
    assert copies.new(by_chance(8)) == 1


def test_ngrams_are_distributions_and_know_what_they_have_counted() -> None:
    counted = WittenBell(5)
    contexts = [("a", 1), ("a",)]
    for symbol in (2, 2, 2, 3):
        counted.add(contexts, symbol)
    shares = counted.shares(contexts)
    assert shares.sum() == pytest.approx(1)
    # Witten-Bell by hand: from all alike through the shorter context to the longer one.
    short = (3 + 2 * 0.2) / (4 + 2)
    assert shares[2] == pytest.approx((3 + 2 * short) / (4 + 2))
    assert counted.shares([("b",)]) == pytest.approx([0.2] * 5)


def test_what_a_tune_has_done_makes_it_cheaper() -> None:
    learnt = [Sample(by_chance(seed), 1, 0) for seed in range(4)]
    long = NGram(learnt)
    alone, together = long_and_short(long, [Sample(eighths(*by_chance(9, count=16).pitches * 8), 1, 0)])
    assert together < alone - 1.0
    alone, together = long_and_short(long, [Sample(by_chance(10), 1, 0)])
    assert together > alone - 0.3
    assert alone == pytest.approx(long.bits(Sample(by_chance(10), 1, 0)))
    assert alone > math.log2(8) - 0.5  # nobody can know what chance does


def test_every_note_has_contexts_from_the_longest_on() -> None:
    sample = Sample(by_chance(11), 1, 0)
    for long, short, (duration, pitch) in notes(sample):
        for contexts in (*long, *short):
            assert [len(one) for one in contexts] == sorted((len(one) for one in contexts), reverse=True) or short
        assert 0 <= duration < len(DURATIONS)
        assert pitch in sample.draft.pitches


def test_a_tune_without_signatures_is_found_again_as_far_as_it_can_be_heard() -> None:
    tune = tune_of(REEL)
    read = tune_in(bare_midi(tune)).tune
    assert [(one.at, one.pitch.note) for one in sounding(read)] == [(one.at, one.pitch.note) for one in sounding(tune)]
    assert "no metre in the file: 4/4 found" in tune_in(bare_midi(tune)).lines
    piece = Piece(tune, steps_of(tune), METRES.index("4/4"), 0, STYLES.index("nottingham"), "test", 0)
    told = told_in_notation([piece, replace(piece, style=STYLES.index("cre"))], seed=0)
    found = found_in_midi(told, find_bars, advance=lambda _: None)
    assert (found["tunes"], found["metre"], found["tonic"]) == (1, 1.0, 1.0)


def test_a_tune_is_known_by_its_notes_alone() -> None:
    reel = tune_of(REEL)
    assert digest_of(steps_of(reel)) == digest_of(steps_of(tune_of(REEL.replace("Round", "Other"))))
    assert digest_of(steps_of(reel)) != digest_of(steps_of(tune_of(REEL.replace("BcdB FBdB", "BcdB FBdc"))))
