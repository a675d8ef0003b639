"""Simulated listeners: a search that can find something does, and what it is measured by is right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from nsynth_lab.cli import run
from nsynth_lab.evaluate.evolution.evaluate import rows
from nsynth_lab.evaluate.evolution.listeners import ROUNDS, Audience, drawn_anew, newcomers
from nsynth_lab.evaluate.evolution.sounds import sound_features
from nsynth_lab.evaluate.evolution.tunes import CrossedSpace, Notes, crossed
from nsynth_lab.evolve.population import Member, Point, of_the_nearer
from nsynth_lab.tune.abc import tune_from_abc
from nsynth_lab.tune.key import parse_key
from nsynth_lab.units import SAMPLE_RATE, Doubles

DIMS = 8
TUNE = tune_from_abc("X:1\nM:4/4\nL:1/8\nK:D\nD2 F2 A2 d2|e2 ^d2 dB A2|]\n")


class Box:
    """A space of a few numbers."""

    spread: Doubles = np.ones(DIMS)

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        return [(chance.standard_normal(DIMS), "") for _ in range(count)]

    def within(self, point: Doubles) -> Doubles:
        return point

    def inherited(self, first: str, second: str, along: float) -> str:
        return of_the_nearer(first, second, along)

    def knows(self, kind: str) -> bool:
        return not kind

    def passes(self, point: Point, kind: str) -> bool:
        return len(point) == DIMS and not kind


def itself(members: Sequence[Member]) -> Doubles:
    return np.array([one.point for one in members])


@pytest.fixture(scope="module")
def audience() -> Audience:
    return Audience(Box(), itself, newcomers(Box(), 1000, seed=1), count=24, seed=1)


def test_listeners_find_more_by_breeding_than_by_patience(audience: Audience) -> None:
    bred = audience.search(seed=3).means
    drawn = audience.search(seed=3, breed=drawn_anew).means
    assert len(bred) == ROUNDS + 1
    # The best of n drawn evenly lies at n / (n + 1) in the mean.
    assert bred[0] == pytest.approx(6 / 7, abs=0.05)
    assert drawn[-1] == pytest.approx((6 + 5 * ROUNDS) / (7 + 5 * ROUNDS), abs=0.02)
    assert bred[-1] > 0.995 > drawn[-1]
    assert all(later >= earlier for earlier, later in pairwise(bred)), "the best lives on"


def test_listeners_who_err_find_less_and_searches_are_the_same_again(audience: Audience) -> None:
    exact, erring = audience.search(seed=3), audience.search(seed=3, error=2.0)
    assert erring.means[-1] < exact.means[-1]
    again = audience.search(seed=3)
    assert again.means == exact.means
    assert again.last == exact.last
    assert all(len(one.parents) == 2 for one in exact.children)


def test_a_melody_is_heard_as_what_it_is() -> None:
    notes = Notes.of(TUNE)
    mean, span, a_bar, leap, steps, _, off = notes.features(bars=2, beats=4)
    pitches = [62, 66, 69, 74, 76, 75, 75, 71, 69]
    assert notes.pitches.tolist() == pitches
    assert mean == pytest.approx(np.mean(pitches))
    assert (span, a_bar) == (14, 4.5)
    assert leap == pytest.approx(np.mean([4, 3, 5, 2, 1, 0, 4, 2]))
    assert steps == 4 / 8
    assert off == pytest.approx(1 / 9)
    assert notes.in_scale(parse_key("D")) == pytest.approx(7 / 9)
    again = Notes.at_point(notes.point)
    assert again.pitches.tolist() == pitches
    assert np.allclose(again.at, notes.at, atol=1e-4)


def test_crossover_joins_the_beginning_of_one_and_the_end_of_another() -> None:
    low, high = (Notes(np.arange(8) / 4, np.full(8, pitch)) for pitch in (50, 90))
    space = CrossedSpace([low, high])
    members = [Member(low.point), Member(high.point), *[Member(low.point)] * 4]
    cuts = set()
    for seed in range(20):
        children = crossed(space, members, [1, 2], 2, seed)
        assert children[0].point == low.point
        for child in children[1:5]:
            notes = Notes.at_point(child.point)
            is_high = notes.pitches > 70
            assert np.allclose(notes.at, np.arange(8) / 4)
            assert np.abs(np.diff(is_high.astype(int))).sum() <= 1
            cuts.add(int(is_high.sum()))
    assert len(cuts) > 4


def test_sounds_are_told_apart_by_what_they_are() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 440 * at) * np.minimum(1, at / 0.3)
    low, high = (np.stack([sound, sound]).astype(np.float32) for sound in (tone, np.sin(2 * np.pi * 1760 * at)))
    noise = np.random.default_rng(0).standard_normal((2, SAMPLE_RATE)).astype(np.float32) * 0.1
    centroid, _, flat, rises, lasts, wide = np.array([sound_features(one) for one in (low, high, noise)]).T
    assert centroid[1] - centroid[0] == pytest.approx(2.0, abs=0.3)
    assert flat[2] > flat[0] + 20
    assert rises[0] > 0.15 > rises[1]
    assert lasts[1] == pytest.approx(1.0, abs=0.1)
    assert wide[2] == pytest.approx(6.0, abs=0.5)  # of two independent sides the difference has four times the mean's
    assert wide[0] < -50


def test_the_table_says_what_is_missed_and_other_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    ways = {name: [0.85, 0.96] for name in ("evolved", "erring", "drawn", "crossed")}
    scales = {"evolved": 0.995, "crossed": 0.9, "drawn": 0.99}
    recognised = {"evolved": {"family": 0.75, "pitch": 0.96}, "real": {"family": 0.9, "pitch": 1.0}}
    better = {**ways, "evolved": [0.9, 0.98]}
    instruments = {"percentiles": better, "recognised": recognised, "family": "reed"}
    table = rows({"tunes": {"percentiles": ways, "in_scale": scales}, "instruments": instruments})
    assert [row.met for row in table] == [False, None, None, True, True, True, False]
    assert run(["evaluate", "evolution", "--only", "songs"]) == 2
    assert "tunes, presets, instruments" in capsys.readouterr().err
