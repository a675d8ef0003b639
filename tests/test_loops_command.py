"""`nsynth-lab loops`: the ends of a way come back as they are, what is between leads from one to the other."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.cli import run
from nsynth_lab.melody.looping import along, distance, encode, grid, loop_of, sampled, way
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.slots import HOLD, SILENCE
from nsynth_lab.tune.abc import tune_from_abc
from nsynth_lab.tune.files import read_tune
from nsynth_lab.tune.places import bar_faults

A = "X:1\nM:6/8\nL:1/8\nK:Edor\nB|EFE E2F|GFE d2B|AFA dAF|\n"
B = "X:1\nM:6/8\nL:1/8\nK:G\ngfg dBG|AGA Bcd|]\n"
C = "X:1\nM:6/8\nL:1/8\nK:D\nd2A F2A|B2A G3|]\n"
TRIPLETS = "X:1\nM:4/4\nL:1/8\nK:D\n(3ABc d2 A2 F2|(3GAB c2 d4|]\n"


@pytest.fixture(scope="module")
def model() -> MelodyModel:
    return MelodyModel()


def test_a_loop_is_two_whole_bars_of_a_tune_behind_the_upbeat() -> None:
    loop, lines = loop_of(tune_from_abc(A))
    assert lines == ()
    tune = tune_from_abc(A)
    assert [bar.notes for bar in loop.tune().bars] == [bar.notes for bar in tune.bars[1:3]]
    third, _ = loop_of(tune, bar=2)
    assert third.tune().bars[1].notes == tune.bars[3].notes


def test_slots_hold_what_sounds_every_sixteenth() -> None:
    loop, _ = loop_of(tune_from_abc("X:1\nM:2/4\nL:1/8\nK:C\nC2 z D|E4|]\n"))
    c, d, e = (note + 60 - loop.lowest for note in (0, 2, 4))
    assert loop.slots.tolist() == [
        c, HOLD, HOLD, HOLD, SILENCE, SILENCE, d, HOLD, e, HOLD, HOLD, HOLD, HOLD, HOLD, HOLD, HOLD,
    ]  # fmt: skip


@pytest.mark.parametrize("even", [False, True])
def test_a_way_leads_from_one_end_to_the_other_and_both_are_as_they_were(model: MelodyModel, even: bool) -> None:
    first, last = (loop_of(tune_from_abc(text))[0] for text in (A, B))
    made = way(model, first, last, steps=9, even=even)
    assert len(made) == 9
    assert (made[0], made[-1]) == (first, last)
    away = [distance(loop.slots, first.slots) for loop in made]
    back = [distance(loop.slots, last.slots) for loop in made]
    assert np.corrcoef(away, range(9))[0, 1] > 0.8
    assert np.corrcoef(back, range(9))[0, 1] < -0.8
    for loop in made:
        assert bar_faults(loop.tune()) == ()
        assert sum((bar.length for bar in loop.tune().bars), Fraction(0)) == Fraction(3, 2)
    if even:
        steps = [distance(one.slots, two.slots) for one, two in pairwise(made)]
        assert max(steps) <= 2.2 * np.mean(steps)
    else:
        assert away == sorted(away)


def test_a_loop_comes_back_from_its_latents(model: MelodyModel) -> None:
    for text in (A, B, C):
        loop, _ = loop_of(tune_from_abc(text))
        again = along(model, encode(model, loop)[None], loop, weight=2.0)[0]
        assert distance(again.slots, loop.slots) < 0.1
    odd, _ = loop_of(tune_from_abc(TRIPLETS))
    assert distance(along(model, encode(model, odd)[None], odd)[0].slots, odd.slots) < 0.4


def test_a_grid_has_its_corners_where_they_belong(model: MelodyModel) -> None:
    corners = [loop_of(tune_from_abc(text))[0] for text in (A, B, C, A.replace("EFE", "GAB"))]
    rows = grid(model, corners, size=3)
    assert [len(row) for row in rows] == [3, 3, 3]
    assert [rows[0][0], rows[0][2], rows[2][0], rows[2][2]] == corners
    middle = rows[1][1]
    assert all(distance(middle.slots, corner.slots) > 0 for corner in corners)


def test_sampled_loops_differ_and_are_the_same_for_the_same_seed(model: MelodyModel) -> None:
    like, _ = loop_of(tune_from_abc(C))
    one, again, other = (sampled(model, like, count=6, seed=seed) for seed in (1, 1, 2))
    contents = [tuple(loop.slots.tolist()) for loop in one]
    assert contents == [tuple(loop.slots.tolist()) for loop in again]
    assert len({*contents, *(tuple(loop.slots.tolist()) for loop in other)}) == 12


def test_series_grids_and_samples_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.abc").write_text(A)
    Path("b.abc").write_text(B)
    assert run(["loops", "a.abc", "b.abc", "--steps", "3", "-o", "series.abc", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["loops"] == 3
    series = read_tune(Path("series.abc")).tune
    assert [bar.notes for bar in series.bars[:2]] == [bar.notes for bar in tune_from_abc(A).bars[1:3]]
    assert [bar.notes for bar in series.bars[4:]] == [bar.notes for bar in tune_from_abc(B).bars]
    assert run(["loops", "a.abc", "b.abc", "b.abc", "a.abc", "--grid", "2", "-o", "grid"]) == 0
    assert {path.name for path in Path("grid").iterdir()} == {"1-1.mid", "1-2.mid", "2-1.mid", "2-2.mid"}
    assert run(["loops", "sample", "--metre", "6/8", "--key", "Edor", "--count", "2", "-o", "new"]) == 0
    assert read_tune(Path("new/1.mid")).tune.key.name == "E dorian"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a.abc", "-o", "x.mid"], "expected 2"),
        (["a.abc", "b.abc", "--grid", "3", "-o", "x"], "expected 4"),
        (["a.abc", "four.abc", "-o", "x.mid"], "choose one metre"),
        (["a.abc", "short.abc", "-o", "x.mid"], "no notes in bars 1 and 2"),
        (["a.abc", "no.abc", "-o", "x.mid"], "no such file"),
        (["a.abc", "b.abc", "-o", "x.xyz"], "unknown ending"),
        (["a.abc", "b.abc", "-o", "full"], "not empty"),
        (["sample", "--metre", "5/4", "-o", "x"], "5/4"),
        (["a.abc", "b.abc", "-o", "no/x"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("a", A), ("b", B), ("four", TRIPLETS), ("short", "X:1\nM:6/8\nL:1/8\nK:C\nC|z6|z6|]\n")):
        Path(f"{name}.abc").write_text(text)
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    assert run(["loops", *arguments]) in (1, 2)
    said = capsys.readouterr().err
    assert told in said
    assert "Traceback" not in said
    assert not list(Path().glob("x*"))
