"""Whatever a writer would like: bars add up, triplets are whole, no pitch and no bars for ever."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from nsynth_lab.melody.conditions import METRES, bar_ticks_of
from nsynth_lab.melody.critic import bar_contents
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.notation import Stretch, bars_of
from nsynth_lab.melody.rules import MOST_ALIKE, WINDOW, Goal, durations_allowed
from nsynth_lab.melody.steps import DURATIONS, END_OF_SECTION, END_OF_TUNE, REST
from nsynth_lab.melody.writer import Memory
from nsynth_lab.melody.writing import Asked, Recall, drawn, write
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import parse_metre
from nsynth_lab.tune.places import bar_faults
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import FloatArray, Ints


class Stubborn:
    """A writer that always likes the same best, or, with chance, something else each time."""

    def __init__(self, seed: int | None) -> None:
        self._by = np.random.default_rng(seed) if seed is not None else None

    def begin(self, tunes: int) -> Memory:
        return Memory(tunes)

    def hear(self, memory: Memory, told: list[list[int]], conditions: Ints) -> FloatArray:
        assert len(told) == len(conditions)
        memory.heard += 1
        return np.zeros((len(told), 1), np.float32)

    def durations(self, state: FloatArray) -> FloatArray:
        return self._scores(len(state), len(DURATIONS), DURATIONS.index(12))

    def pitches(self, state: FloatArray, duration: Ints) -> FloatArray:
        assert len(state) == len(duration)
        return self._scores(len(duration), REST + 1, 23)

    def flags(self, state: FloatArray, duration: Ints, pitch: Ints) -> FloatArray:
        assert len(state) == len(duration) == len(pitch)
        return self._scores(len(duration), 3, 0)

    def _scores(self, rows: int, symbols: int, liked: int) -> FloatArray:
        if self._by is not None:
            return np.asarray(self._by.normal(size=(rows, symbols)) * 2, np.float32)
        found = np.full((rows, symbols), -5.0, np.float32) - 0.01 * np.arange(symbols, dtype=np.float32)
        found[:, liked] = 0.0
        return found


class Endless(Stubborn):
    """One that never ends a section."""

    def flags(self, state: FloatArray, duration: Ints, pitch: Ints) -> FloatArray:
        assert len(duration) == len(pitch)
        return np.array([[0.0, -99.0, -99.0]] * len(state), np.float32)


def written(metre: str, *, seed: int | None, free: float, bars: int = 20, upbeat: int = 0) -> Draft:
    number = METRES.index(metre)
    bar = bar_ticks_of(number)
    begin = bar + (bar - upbeat) % bar
    goal = Goal((begin + 8 * bar, begin + bars * bar))
    draft = Draft(bar, position=begin % bar)
    asked = Asked(number, 0, goal=goal, free=free)
    return write(Stubborn(seed), [draft], asked, [np.random.default_rng(1)])[0].draft  # type: ignore[arg-type]


@pytest.mark.parametrize("metre", METRES)
def test_bars_add_up_and_sections_end_where_they_are_to(metre: str) -> None:
    for seed in range(6):
        draft = written(metre, seed=seed, free=1.5, upbeat=12)
        bar = draft.bar_ticks
        assert draft.at == 2 * bar - 12 + 20 * bar
        assert [flag for flag in draft.flags if flag] == [END_OF_SECTION, END_OF_TUNE]
        bars = bars_of(draft, Stretch(2 * bar - 12, draft.at), key=Key("D"), lowest=50)
        assert bar_faults(Tune(tuple(bars), Key("D"), parse_metre(metre))) == ()
        assert sum((one.length for one in bars), Fraction(0)) == Fraction(20 * bar, 96)


def test_triplets_are_whole() -> None:
    for seed in range(20):
        draft = written("4/4", seed=seed, free=1.5)
        for begin, duration in zip(draft.begins, draft.durations, strict=True):
            ticks = DURATIONS[duration]
            if ticks % 3:
                groups = [group for group in (12, 24, 48) if ticks in (group // 3, 2 * group // 3)]
                assert any(begin % group % (group // 3) == 0 and begin % group + ticks <= group for group in groups)
            else:
                assert begin % 3 == 0  # nothing plain begins in the midst of a triplet


@pytest.mark.parametrize(
    ("position", "lengths"),
    [
        (0, {4, 8, 16}),
        (24, {4, 8, 16}),  # a swung pair on the second beat: a long note and a short one in the time of a quarter
        (40, {4, 8}),  # its short note, or two of half its length
        (12, {4, 8}),  # a swung pair of half the length
        (20, {4}),
    ],
)
def test_swung_pairs_are_triplets_too(position: int, lengths: set[int]) -> None:
    allowed = durations_allowed(Draft(96, position=position), Goal())
    assert {ticks for ticks, can in zip(DURATIONS, allowed, strict=True) if can and ticks % 3} == lengths


class Even(Stubborn):
    """One that likes eighths best, and writes a sixteenth in fifty notes or so."""

    def durations(self, state: FloatArray) -> FloatArray:
        shares = np.full((len(state), len(DURATIONS)), 1e-12)
        shares[:, DURATIONS.index(12)], shares[:, DURATIONS.index(6)] = 0.98, 0.02
        return np.asarray(np.log(shares), np.float32)


def test_rare_durations_come_as_often_as_they_are_likely() -> None:
    drafts = [Draft(96) for _ in range(8)]
    asked = Asked(METRES.index("4/4"), 0, goal=Goal((17 * 96,)))
    chances = [np.random.default_rng(seed) for seed in range(8)]
    write(Even(1), drafts, asked, chances)  # type: ignore[arg-type]
    lengths = [DURATIONS[one] for draft in drafts for one in draft.durations]
    assert set(lengths) == {6, 12}
    assert 0.015 < lengths.count(6) / len(lengths) < 0.07  # two in a hundred, and those that fill the bar after them


def test_what_is_drawn_is_allowed_and_in_the_nucleus() -> None:
    scores, chance = np.log([0.3, 0.5, 0.18, 0.02]), np.random.default_rng(0)
    allowed = np.array([True, True, False, True])
    counts = np.bincount([drawn(scores, allowed, 1.0, chance, nucleus=1.0) for _ in range(4000)], minlength=4) / 4000
    assert counts == pytest.approx(np.array([0.3, 0.5, 0.0, 0.02]) / 0.82, abs=0.025)
    assert counts[3] > 0
    assert {drawn(scores, allowed, 1.0, chance, nucleus=0.9) for _ in range(500)} == {0, 1}


@pytest.mark.parametrize("free", [0.0, 0.5, 1.0])
def test_who_would_play_one_note_for_ever_does_not(free: float) -> None:
    draft = written("4/4", seed=None, free=free, bars=40)
    assert len(draft) > 100
    run, longest, before = 0, 0, -1
    for pitch in draft.pitches:
        run = run + 1 if pitch == before else 1
        longest, before = max(longest, run), pitch
    assert longest <= MOST_ALIKE
    contents = bar_contents(draft)
    for at in range(len(contents) - WINDOW + 1):
        assert len(set(contents[at : at + WINDOW])) > 2


@pytest.mark.parametrize(("seed", "upbeat"), [(None, 0), (None, 12), (3, 24), (4, 12)])
def test_a_tune_that_runs_on_ends_on_its_tonic_with_a_phrase_or_after_64_bars(seed: int | None, upbeat: int) -> None:
    draft = Draft(96, position=(96 - upbeat) % 96)
    begin = draft.section_start
    write(Endless(seed), [draft], Asked(1, 0), [np.random.default_rng(2)])  # type: ignore[arg-type]
    bars = (draft.at - begin) / 96
    assert 24 <= bars <= 64
    assert (bars % (4 if bars < 32 else 1) == 0 and draft.pitches[-1] % 12 == 0) or bars == 64
    assert [flag for flag in draft.flags if flag] == [END_OF_TUNE]


def test_drafts_go_on_side_by_side_from_as_many_notes_as_each_is_given() -> None:
    given = [[(5, 20 + at, 12 * at % 96, 0) for at in range(count)] for count in (3, 11)]
    drafts = [Draft(96) for _ in given]
    write(Endless(1), drafts, Asked(1, 0), [np.random.default_rng(at) for at in (0, 1)], given=given, most_notes=20)  # type: ignore[arg-type]
    for draft, notes in zip(drafts, given, strict=True):
        assert len(draft) == 20
        assert list(zip(draft.durations, draft.pitches, strict=True))[: len(notes)] == [note[:2] for note in notes]
        assert draft.pitches[len(notes)] != 20 + len(notes)


def test_neither_begins_with_a_rest_nor_rests_twice() -> None:
    for seed in range(10):
        pitches = written("6/8", seed=seed, free=2.0).pitches
        assert pitches[0] != REST
        assert all(one != REST or two != REST for one, two in pairwise(pitches))


def test_what_is_recalled_returns_note_for_note() -> None:
    bar = 96
    goal = Goal((5 * bar, 9 * bar))
    asked = Asked(1, 0, goal=goal, recalls=(Recall(5 * bar, 8 * bar, bar),))
    draft = write(Stubborn(3), [Draft(bar)], asked, [np.random.default_rng(2)])[0].draft  # type: ignore[arg-type]
    contents = bar_contents(draft)
    assert contents[4:7] == contents[:3]
    assert contents[7] != contents[3]
