"""What the melody model learns from: which tunes are taken, and what is told of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.errors import DatasetError
from nsynth_lab.melody.conditions import (
    IS_LAST,
    LAST_NOT_TOLD,
    METRES,
    MODES,
    NOT_LAST,
    NOT_TOLD,
    STYLES,
    metre_number,
)
from nsynth_lab.melody.harmony import Harmony, halves_of
from nsynth_lab.melody.steps import END_OF_TUNE
from nsynth_lab.train.melody import collections
from nsynth_lab.train.melody.collections import read_collections
from nsynth_lab.train.melody.harmony import counted_harmony
from nsynth_lab.train.melody.loops_training import FARTHEST, along_the_scale, loops_of
from nsynth_lab.train.melody.pool import Batches, example_of
from nsynth_lab.tune.abc import tune_from_abc
from nsynth_lab.tune.metre import parse_metre

GOOD = "X:{number}\nT:Made {number}\nM:4/4\nL:1/8\nK:Dmix\n{notes}\n\n"
SECTION = "DFAF d2AF|GBAF E2FA|d2fd c2ec|B2AF D4:|"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tunes, and no music21."""
    monkeypatch.setattr(collections, "_music21_corpus", lambda: None)
    book = tmp_path / "nottingham"
    book.mkdir()
    tunes = [
        GOOD.format(number=1, notes=f"|:{SECTION}\n|:{SECTION.replace('D', 'G')}"),
        GOOD.format(number=2, notes=f"|:{SECTION}").replace("T:", "Z:Transcribed by Henrik Norbeck\nT:"),
        GOOD.format(number=3, notes="D4 F4|"),
        GOOD.format(number=4, notes="DEFG A|" * 12),
        GOOD.format(number=5, notes=f"|:{SECTION}").replace("4/4", "7/8"),
    ]
    (book / "reels.abc").write_text("".join(tunes))
    return tmp_path


def test_tunes_are_taken_that_are_free_long_and_add_up(folder: Path) -> None:
    said: list[str] = []
    pieces = read_collections(folder, say=said.append)
    assert [piece.tune.title for piece in pieces] == ["Made 1"]
    assert said == ["nottingham: 1 of 4 tunes"]
    assert (METRES[pieces[0].metre], MODES[pieces[0].mode], STYLES[pieces[0].style]) == (
        "4/4", "mixolydian", "nottingham",
    )  # fmt: skip
    with pytest.raises(DatasetError, match="no tunes"):
        read_collections(folder / "nowhere")


def test_a_tune_tells_how_many_bars_are_left_and_whether_it_ends(folder: Path) -> None:
    example = example_of(read_collections(folder)[0])
    left, last = example.told[:, -2], example.told[:, -1]
    assert left[0] == 4
    assert left[7 + 7 + 7] == 1  # the fourth bar: seven notes in each of three bars stand before it
    half = len(left) // 2
    assert set(last[:half]) == {NOT_LAST}
    assert set(last[half:]) == {IS_LAST}
    assert example.notes[-1, 2] == END_OF_TUNE


def test_batches_are_made_anew_from_their_number_alone(folder: Path) -> None:
    examples = [example_of(read_collections(folder)[0])] * 40
    batches = Batches(examples, notes=600, seed=1)
    again = Batches(examples, notes=600, seed=1)
    one, two = batches[7], again[7]
    assert np.array_equal(one.told, two.told)
    assert np.array_equal(one.conditions, two.conditions)
    form_told = {(int(row[0, -2]), int(row[0, -1])) == (NOT_TOLD, LAST_NOT_TOLD) for row in one.told}
    assert form_told == {True, False}  # of some tunes it is told, of others not
    assert one.there.size <= 600


def test_loops_are_moved_along_their_scale() -> None:
    table = along_the_scale()
    major, minor = MODES.index("major"), MODES.index("minor")
    assert [int(table[major, FARTHEST + 1, pitch]) for pitch in (12, 14, 16, 17, 23)] == [14, 16, 17, 19, 24]
    assert [int(table[minor, FARTHEST - 1, pitch]) for pitch in (12, 15, 22)] == [10, 14, 20]
    assert table[major, FARTHEST + 1, 13] == -1  # no degree of the scale
    assert table[major, FARTHEST, 12] == 12


def test_loops_of_pieces_begin_at_bars(folder: Path) -> None:
    loops = loops_of(read_collections(folder), every=2)
    assert list(loops) == [32]
    assert len(loops[32].slots) == 4
    assert (loops[32].slots[0] == loops[32].slots[0][0]).sum() >= 1


def test_chords_are_counted_and_found_again() -> None:
    verse = '"D"DFAF d2AF|"G"GBdB G2Bd|"A7"AceA c2ea|"D"d2AF D4|'
    tune = tune_from_abc(f"X:1\nM:4/4\nL:1/8\nK:D\n{verse * 8}\n")
    harmony = Harmony(counted_harmony([tune] * 5))
    bare = tune.with_bars(tuple(type(bar)(bar.notes, line=bar.line) for bar in tune.bars))
    found = harmony.chords(halves_of(bare), minor=False)
    roots = [root for root, _ in found[:8]]
    assert roots == [0, 0, 5, 5, 7, 7, 0, 0]
    names = [chord.name for bar in harmony.with_chords(bare).bars[:4] for chord in bar.chords]
    assert names == ["D", "G", "A7", "D"]


def test_metres_that_sound_alike_are_one() -> None:
    assert metre_number(parse_metre("C|")) == metre_number(parse_metre("4/4")) == METRES.index("4/4")
