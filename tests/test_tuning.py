"""Tunings: the keys play what Scala's files specify."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsynth_lab.errors import MidiError, UsageError
from nsynth_lab.synth.scala import decoded, parse_kbm, parse_scl, read_tuning
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


def test_just_intonation_with_a4_at_440_hz() -> None:
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


def test_a_mapping_can_leave_keys_unmapped() -> None:
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
def test_invalid_scales_are_refused(text: str, says: str) -> None:
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
def test_invalid_mappings_are_refused(text: str, says: str) -> None:
    with pytest.raises(MidiError, match=says):
        parse_kbm(text, 12)


def test_a_reference_key_must_sound() -> None:
    with pytest.raises(MidiError, match="plays no step"):
        tuned(parse_scl(DIATONIC), parse_kbm(WHITE.replace("\n69\n", "\n61\n"), 7))


def test_an_invalid_a4_is_refused() -> None:
    with pytest.raises(UsageError):
        equal(44.0)


SEVEN = [9 / 8, 5 / 4, 4 / 3, 3 / 2, 5 / 3, 15 / 8, 2.0]
NAMES = {  # whose letters hold, in UTF-8, the bytes 0x85 or 0x1C to 0x1E, at which str.splitlines cuts Latin-1
    "arabic": "مقام راست",
    "russian": "характер",
    "polish": "Skala sąsiadów",
    "swedish": "Ångström",
    "plain": "just",
}
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8 with its mark": "utf-8-sig",
    "utf-16 little-endian with its mark": "utf-16",
    "utf-16 without a mark": "utf-16-be",
}


def ratios(path: Path, kbm: Path | None = None) -> list[float]:
    tuning = read_tuning(path, kbm)
    return [tuning.hz(key) / tuning.hz(60) for key in range(61, 68)]


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_scale_is_read_in_any_encoding_and_with_any_line_ending(
    tmp_path: Path, name: str, encoding: str, ending: str
) -> None:
    path = tmp_path / "scale.scl"
    text = f"! {name}.scl\n!\n{name}\n 7\n! {name}\n 9/8\n5/4 {name}\n 4/3\n 3/2\n 5/3\n 15/8\n2/1\n"
    path.write_bytes(text.replace("\n", ending).encode(encoding))
    assert ratios(path) == pytest.approx(SEVEN)
    assert parse_scl(decoded(path.read_bytes())).name == name


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "just\u2026 intonation"), ("latin-1", "Ångström\x85 scale")])
def test_a_scale_in_eight_bits_is_read(tmp_path: Path, encoding: str, name: str) -> None:
    path = tmp_path / "scale.scl"
    path.write_bytes(f"{name}\n7\n9/8\n5/4\n4/3\n3/2\n5/3\n15/8\n2\n\x1a".encode(encoding))
    assert ratios(path) == pytest.approx(SEVEN)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_mapping_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    scl, kbm = tmp_path / "a.scl", tmp_path / "a.kbm"
    scl.write_text(DIATONIC)
    kbm.write_bytes(f"! Clavier à touches\n{WHITE}".replace("\n", "\r\n").encode(encoding))
    tuning = read_tuning(scl, kbm)
    assert tuning.hz(67) / tuning.hz(60) == pytest.approx(3 / 2)
    assert not tuning.sounds(61)


@pytest.mark.parametrize(
    ("line", "cents"),
    [
        ("81/64", 407.820),
        ("408.0", 408.0),
        ("408.", 408.0),
        (".5", 0.5),
        ("5", 2786.314),
        ("-5.0", -5.0),
        ("10/20", -1200.0),
        ("100.0 cents", 100.0),
        ("100.0cents", 100.0),
        ("100.0 C#", 100.0),
        ("5/4   E\\", 386.314),
        ("9 / 8", 203.910),
        ("\t9/ 8\t! whole tone 203.91", 203.910),
        ("2/1 octave", 1200.0),
        ("2 (octave)", 1200.0),
        ("3/2! fifth", 701.955),
        ("7.01955e2", 701.955),
        ("+5/4", 386.314),
        ("8589934592/4294967296", 1200.0),  # beyond 32 bits
        (f"{3 * 10**600}/{2 * 10**600}", 701.955),
        ("5/4 1.5", 386.314),
    ],
)
def test_what_follows_a_value_is_ignored(line: str, cents: float) -> None:
    assert parse_scl(f"x\n1\n{line}\n").cents[0] == pytest.approx(cents, abs=0.001)


@pytest.mark.parametrize(
    "line",
    ["-3/2", "3/-2", "3/2/1", "9 /", "9 / x", "0", "0/3", "3/0", "7\\12", "701,955", "1.2.3", "12e2", "1_0/8", "٣/٢",
     "<5/4>", "nan", "inf", "$4", "3:2", "1OO.0", "7O1.9", "3/2E", "3\N{FRACTION SLASH}2", "3 \N{DIVISION SLASH} 2",
     "3\N{DIVISION SIGN}2", "3\N{FULLWIDTH SOLIDUS}2", "100.0\N{MINUS SIGN}5", "1'200.0", "3|2",
     "9" * 5000, f"{'9' * 5000}/1"],
)  # fmt: skip
def test_no_value_is_guessed(line: str) -> None:
    with pytest.raises(MidiError, match=r"line 4: .*is no note of a scale"):
        parse_scl(f"! x\nx\n1\n{line}\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x\n2\n3/2\nfifth\n", "scale.scl: line 4: 'fifth' is no note"),
        ("x\nmany\n", "scale.scl: line 2: the number of notes is 'many'; expected 1 to 16384"),
        ("x\n99999999999\n", "line 2: the number of notes"),
        ("x\n2\n3/2\n", "2 notes announced, 1 there"),
        ("x\n1\n1e5.\n", "no note"),
        ("x\n1\n99999.0\n", "line 3: a note of 99999 cents lies beyond hearing"),
        ("x\n1\n\x1b[31m\n", r"line 3: '\\x1b\[31m' is no note"),
    ],
)
def test_an_error_in_a_scale_names_its_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "scale.scl"
    path.write_bytes(text.encode())
    with pytest.raises(MidiError, match=says):
        read_tuning(path)


def test_an_error_in_a_mapping_names_its_file_and_line(tmp_path: Path) -> None:
    scl, kbm = tmp_path / "a.scl", tmp_path / "a.kbm"
    scl.write_text(DIATONIC)
    kbm.write_text(WHITE.replace("\n440.0\n", "\n44O.0\n"))
    with pytest.raises(MidiError, match=r"a\.kbm: line 7: reference frequency '44O\.0'"):
        read_tuning(scl, kbm)


def test_blank_lines_and_long_scales() -> None:
    assert len(parse_scl("x\n\n 12\n\n" + "\n\n".join(f"{100 * step}.0" for step in range(1, 13))).cents) == 12
    steps = 4_800
    assert len(parse_scl(f"x\n{steps}\n" + "\n".join(f"{step / 4:.2f}" for step in range(1, steps + 1))).cents) == steps
    assert parse_scl("\n2\n3/2\n2/1\nand more\n").name == ""


def test_keys_left_out_at_the_end_of_a_mapping_are_silent() -> None:
    keys = parse_kbm("4\n0\n127 ! all\n60\n69\n440.0 Hz\n0\n0\n  ! a comment\nX ! none\n\n \n", 7)
    assert keys.steps == (0, None)
    assert (keys.octave, keys.reference_hz) == (7, 440.0)
    with pytest.raises(MidiError, match="line 9: a key's step is ''"):
        parse_kbm("4\n0\n127\n60\n69\n440.0\n0\n0\n\n3\n", 7)


def test_an_endless_file_is_refused() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("needs a file that never ends")
    with pytest.raises(MidiError, match="larger than 1 MiB"):
        read_tuning("/dev/zero")
