"""Tunings: what Scala's files say is what the keys play."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsynth_lab.errors import MidiError, UsageError
from nsynth_lab.synth.scala import parse_kbm, parse_scl, read_tuning
from nsynth_lab.synth.tuning import EQUAL, Keys, equal, tuned
from nsynth_lab.units import ratio_to_cents

JUST = """! just.scl
!
Five-limit just intonation
 12
!
 16/15
 9/8
 6/5
 5/4
 4/3
 45/32
 3/2
 8/5
 5/3
 9/5
 15/8
 2/1
"""
NINETEEN = "19 equal\n19\n" + "\n".join(f" {1200 * step / 19:.6f}" for step in range(1, 20))
WHITE = "! a scale of seven on the white keys\n12\n0\n127\n60\n69\n440.0\n7\n0\nx\n1\nx\n2\n3\nx\n4\nx\n5\nx\n6\n"
DIATONIC = "diatonic\n7\n9/8\n5/4\n4/3\n3/2\n5/3\n15/8\n2\n"


def cents(tuning_hz: float, key: int) -> float:
    return ratio_to_cents(tuning_hz / EQUAL.hz(key))


def test_equal_temperament() -> None:
    assert EQUAL.hz(69) == 440.0
    assert equal(442.0).hz(81) == pytest.approx(884.0)
    assert EQUAL.hz(60) == pytest.approx(261.6256, abs=1e-4)


def test_just_intonation_with_its_a_at_440() -> None:
    tuning = tuned(parse_scl(JUST), Keys())
    assert tuning.hz(69) == pytest.approx(440.0)
    assert tuning.hz(60) == pytest.approx(440.0 / (5 / 3))
    assert tuning.hz(67) / tuning.hz(60) == pytest.approx(1.5)
    assert tuning.hz(72) / tuning.hz(60) == pytest.approx(2.0)
    assert tuning.hz(48) / tuning.hz(60) == pytest.approx(0.5)


def test_a_scale_of_nineteen_repeats_after_nineteen_keys() -> None:
    tuning = tuned(parse_scl(NINETEEN), Keys())
    assert tuning.hz(79) / tuning.hz(60) == pytest.approx(2.0, rel=1e-6)
    assert ratio_to_cents(tuning.hz(61) / tuning.hz(60)) == pytest.approx(1200 / 19, abs=0.001)


def test_a_mapping_leaves_keys_out() -> None:
    scale = parse_scl(DIATONIC)
    tuning = tuned(scale, parse_kbm(WHITE, len(scale.cents)))
    assert tuning.hz(69) == pytest.approx(440.0)
    assert tuning.hz(64) / tuning.hz(60) == pytest.approx(5 / 4)
    assert tuning.hz(76) / tuning.hz(64) == pytest.approx(2.0)
    assert not tuning.sounds(61)
    assert tuning.sounds(62)


def test_files(tmp_path: Path) -> None:
    scl, kbm = tmp_path / "a.scl", tmp_path / "a.kbm"
    scl.write_text(DIATONIC)
    kbm.write_text(WHITE)
    assert read_tuning(scl, kbm).hz(67) / read_tuning(scl, kbm).hz(60) == pytest.approx(1.5)
    assert read_tuning(scl, a4_hz=432.0).hz(69) == pytest.approx(432.0)
    with pytest.raises(MidiError, match="cannot be read"):
        read_tuning(tmp_path / "none.scl")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a Scala scale"),
        ("name\nmany\n", "the number of notes"),
        ("name\n0\n", "the number of notes"),
        ("name\n3\n2/1\n", "not a whole Scala scale"),
        ("name\n1\nfifth\n", "no note of a scale"),
        ("name\n1\n3/0\n", "no note of a scale"),
        ("name\n1\n-3/2\n", "no note of a scale"),
        ("name\n1\n1e9.\n", "no note of a scale|beyond hearing"),
    ],
)
def test_scales_that_are_none(text: str, says: str) -> None:
    with pytest.raises(MidiError, match=says):
        parse_scl(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("12\n0\n127\n", "expected 7 lines"),
        ("12\n0\n127\n60\n69\n-5\n12\n", "reference frequency"),
        ("12\n0\n127\n60\n200\n440\n12\n", "reference key"),
        ("2\n0\n127\n60\n69\n440\n12\nx\nq\n", "a key's step"),
    ],
)
def test_mappings_that_are_none(text: str, says: str) -> None:
    with pytest.raises(MidiError, match=says):
        parse_kbm(text, 12)


def test_a_reference_that_is_silent() -> None:
    with pytest.raises(MidiError, match="plays no step"):
        tuned(parse_scl(DIATONIC), parse_kbm(WHITE.replace("\n69\n", "\n61\n"), 7))


def test_an_a4_that_is_none() -> None:
    with pytest.raises(UsageError):
        equal(44.0)
