"""The weights by which keys are found: how they are learnt, and how often they find others' keys."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
from tunes import tune_of

from nsynth_lab.train.keys import MODES, Known, abc_tunes, features, found_of_others, learnt, midi_tunes, parts, tables
from nsynth_lab.tune.tune import Tune

TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "Bb": 10}
SUFFIXES = {"major": "", "minor": "m", "dorian": "dor", "mixolydian": "mix"}


def melody(by: random.Random, tonic: str, mode: str) -> Tune:
    """Eight bars about tonic and fifth that end on the tonic, of letters under the key's signature."""
    start = "CDEFGAB".index(tonic[0])
    steps = [by.choice((0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 7)) for _ in range(31)]
    steps[::4] = [by.choice((0, 4, 2)) for _ in steps[::4]]
    letters = ["CDEFGABcdefgab"[(start + step) % 7 + 7 * (start + step >= 7)] for step in [*steps, 0]]
    bars = ["2".join(letters[at : at + 4]) + "2" for at in range(0, 32, 4)]
    return tune_of(f"X:1\nM:4/4\nL:1/8\nK:{tonic}{SUFFIXES[mode]}\n{'|'.join(bars)}|]")


def made(count: int) -> list[Known]:
    by = random.Random(3)
    picked = [(by.choice(list(TONICS)), by.choice(MODES)) for _ in range(count)]
    return [Known(melody(by, tonic, mode), TONICS[tonic], MODES.index(mode)) for tonic, mode in picked]


def test_keys_of_tunes_like_those_that_were_learnt_from_are_found() -> None:
    assert found_of_others(made(160)).mean() > 0.85


def test_the_weights_are_the_likeliest() -> None:
    """Where they lie the likelihood, less the penalty, has no slope: each thing is expected as often as it is there."""
    table, right = features(made(60))
    weights = learnt(table, right, penalty=0.01)
    scores = table @ weights
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    expected = np.einsum("nk,nkp->p", odds, table)
    there = table[np.arange(len(table)), right].sum(axis=0)
    assert np.abs(there - expected - 2 * 0.01 * weights).max() < 0.05


def test_near_duplicates_are_not_on_both_sides() -> None:
    """A tune in two keys, as collections have it, is learnt from or found, never both."""
    tunes = [melody(random.Random(number % 30), "CDGA"[number // 30], "major") for number in range(120)]
    sides = parts(tunes)
    assert all(len(set(sides[number::30])) == 1 for number in range(30))
    assert np.bincount(sides).tolist() == [24] * 5


def test_tables_are_python(tmp_path: Path) -> None:
    table, right = features(made(20))
    told: dict[str, Any] = {}
    exec(tables(learnt(table, right)), told)
    assert {len(row) for row in (*told["PLACES"].values(), *told["BY_MODE"].values())} == {12}
    assert told["PRIOR"]["major"] == 0.0
    (tmp_path / "one.abc").write_text("X:1\nM:2/4\nL:1/8\nK:Edor\nEFGA|BAGF|E4|]\n")
    (known,) = abc_tunes(tmp_path)
    assert (known.tonic, MODES[known.mode]) == (4, "dorian")


def test_keys_of_a_collection_are_found_by_weights_learnt_on_other_tunes(shared_data: Path) -> None:
    """A sixth of the 1,195 Irish tunes, which is less to learn from than the weights in use had."""
    folder = shared_data / "tunes"
    known = midi_tunes(folder / "MIDI", folder / "roots.csv", every=6)
    assert len(known) == 200
    assert found_of_others(known).mean() >= 0.8
