"""Lyrics and slurs go through ABC and MusicXML as they are; what cannot be kept is told."""

from __future__ import annotations

from typing import Any

import pytest
from tunes import again, told_by, tune_of

from nsynth_lab.melody.notation import in_metre
from nsynth_lab.tune.abc import abc_text, tune_from_abc
from nsynth_lab.tune.abc.words import syllables
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.midi import midi_bytes
from nsynth_lab.tune.musicxml import musicxml_bytes, read_musicxml
from nsynth_lab.tune.tune import Tune

SONG = """X:1
M:3/4
L:1/8
K:G
D2|(GA) B2 {c}(d>e|d2) z2 (c(B|A)G) "D"F4|(3(ABc) d4-|
w: O-ver the_ hills~and | far * a-way_ to-night Skye_ to
d2 B4|G6|]
w: sing, re-mem\\-ber
"""


def sung(tune: Tune) -> list[str]:
    return [note.lyric for bar in tune.bars for note in bar.notes if note.pitch]


def slurred(tune: Tune) -> list[tuple[int, int]]:
    return [(note.slur_begins, note.slur_ends) for bar in tune.bars for note in bar.notes if note.pitch]


def through_musicxml(tune: Tune) -> tuple[Tune, tuple[str, ...]]:
    lines = Lines()
    return read_musicxml(musicxml_bytes(tune, lines), lines), lines.all


def test_syllables_stand_under_their_notes() -> None:
    tune = tune_of(SONG)
    assert sung(tune)[:5] == ["O-", "ver", "the", "_", "hills and"]
    assert [note.lyric for note in tune.bars[2].notes if note.pitch] == [
        "far",
        "",
        "a-",
    ]  # the bar sign waits for its bar
    assert sung(tune)[-3:] == ["sing,", "re-", "mem-ber"]
    assert syllables("a - b") == ["a", "_", "b"]


def test_slurs_lead_from_note_to_note_one_within_the_other() -> None:
    assert slurred(tune_of(SONG))[:10] == [
        (0, 0), (1, 0), (0, 1), (0, 0), (1, 0), (0, 0), (0, 1), (1, 0), (1, 0), (0, 1),
    ]  # fmt: skip
    assert sum(begins for begins, _ in slurred(tune_of(SONG))) == sum(ends for _, ends in slurred(tune_of(SONG))) == 5


@pytest.mark.parametrize("through", ["abc", "musicxml"])
def test_they_come_back_as_they_were(through: str) -> None:
    tune = tune_of(SONG)
    back = again(tune) if through == "abc" else through_musicxml(tune)[0]
    assert sung(back) == sung(tune)
    assert slurred(back) == slurred(tune)
    assert "left out" not in " ".join(through_musicxml(tune)[1])


def test_others_read_them() -> None:
    music21 = pytest.importorskip("music21")
    tune = tune_of(SONG)
    score: Any = music21.converter.parseData(musicxml_bytes(tune, Lines()).decode(), format="musicxml")
    lyrics = [note.lyrics for note in score.recurse().notes if not note.duration.isGrace]
    kinds = [(one[0].text, one[0].syllabic) for one in lyrics if one and one[0].text]
    assert kinds[:4] == [("O", "begin"), ("ver", "end"), ("the", "single"), ("hills and", "single")]
    assert len(score.recurse().getElementsByClass("Slur")) == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("X:1\nK:C\nCDEF|\nw: a b c d e f\n", "syllables without a note are left out (2 times)"),
        ("X:1\nK:C\nCDEF|\nw: a b c d\nw: e f g h\n", "further verses of lyrics are left out"),
        ("X:1\nK:C\nCD)EF|\n", "slurs that do not lead from one note to another are left out"),
        ("X:1\nK:C\nCD(EF|\n", "slurs that do not lead from one note to another are left out"),
        ("X:1\nK:C\nCDEF|\nW: a whole verse\n", "lyrics below the tune (W:) are left out"),
    ],
)
def test_what_cannot_be_kept_is_told(text: str, told: str) -> None:
    assert any(told in line for line in told_by(text)), told_by(text)


def test_midi_says_that_it_has_none() -> None:
    lines = Lines()
    midi_bytes(tune_of(SONG), lines)
    assert "lyrics and slurs are left out" in lines.all


def test_a_note_that_is_cut_is_sung_once_and_its_slur_ends_with_its_end() -> None:
    free = tune_from_abc("X:1\nM:none\nL:1/4\nK:C\n(C E6)|\nw: long day\n")
    tune = in_metre(free, Metre((4,), 4))
    assert sung(tune) == ["long", "day", "_"]
    assert slurred(tune) == [(1, 0), (0, 0), (0, 1)]
    assert "w: long day _" in abc_text(tune)
