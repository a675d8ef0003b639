from __future__ import annotations

import random

import pytest

from nsynth_lab.errors import UsageError
from nsynth_lab.note import FAMILIES, Note, note_name, parse_note


def test_every_midi_note_survives_its_name() -> None:
    assert [parse_note(note_name(number)) for number in range(128)] == list(range(128))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("A4", 69),
        ("a4", 69),
        (" C4 ", 60),
        ("C-1", 0),
        ("G9", 127),
        ("Bb3", 58),
        ("b3", 59),
        ("bb3", 58),
        ("E#4", 65),
        ("Cb4", 59),
        ("F##4", 67),
        ("G♯4", 68),
        ("0", 0),
        ("127", 127),
    ],
)
def test_names_as_musicians_write_them(text: str, number: int) -> None:
    assert parse_note(text) == number


@pytest.mark.parametrize("text", ["", "H9", "A", "4A", "G#9", "C-2", "128", "-1", "A4.5", "nan", "A44", "A 4 4"])
def test_invalid_notes_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="is not a note: use a name from C-1 to G9") as caught:
        parse_note(text)
    assert "\n" not in str(caught.value)


def test_random_text_is_a_note_or_a_usage_error() -> None:
    rng = random.Random(2)
    for _ in range(10_000):
        text = "".join(rng.choices("abcdefghABH#b♭-0123456789 \n\t²٣é", k=rng.randrange(6)))
        try:
            assert 0 <= parse_note(text) <= 127
        except UsageError:
            continue


def test_a_note_knows_its_frequency_and_name() -> None:
    assert Note(60).hz == pytest.approx(261.6256, abs=1e-4)
    assert Note(61).name == "C#4"


@pytest.mark.parametrize(("number", "velocity"), [(-1, 100), (128, 100), (60, 0), (60, 128)])
def test_notes_stay_within_midi(number: int, velocity: int) -> None:
    with pytest.raises(UsageError, match="outside MIDI's range"):
        Note(number, velocity)


def test_a_note_prints_as_it_is_written() -> None:
    assert eval(repr(Note(60, 90))) == Note(60, 90)


def test_the_families_are_nsynths_eleven() -> None:
    assert len(FAMILIES) == len(set(FAMILIES)) == 11
