"""ABC: what is written is read, and what is read is written; what cannot be kept is told."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest
from tunes import ALL, HORNPIPE, JIG, WALTZ, again, heard, made_tune, told_by, tune_of

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.abc import abc_text, decoded, read_text, tunes_of
from nsynth_lab.tune.form import form
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.lines import Lines
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.places import bar_faults, places
from nsynth_lab.tune.tune import Tempo, Tune


def music(notes: str, *, header: str = "M:4/4\nL:1/8\n", key: str = "C") -> Tune:
    return tune_of(f"X:1\n{header}K:{key}\n{notes}\n")


def pitches(notes: str, *, key: str = "C", header: str = "M:4/4\nL:1/8\n") -> list[str]:
    bars = music(notes, key=key, header=header).bars
    return [str(note.pitch) for bar in bars for note in bar.notes]


def lengths(notes: str, *, metre: str = "4/4") -> list[Fraction]:
    """In eighths."""
    bars = music(notes, header=f"M:{metre}\nL:1/8\n").bars
    return [note.length * 8 for bar in bars for note in bar.notes]


def test_a_jig_is_read_as_its_player_would() -> None:
    tune = tune_of(JIG)
    assert (tune.title, tune.text("C"), tune.text("R")) == ("The Test Bench", "nobody", "jig")
    assert (tune.key, tune.metre, tune.upbeat) == (Key("E", 0, "dorian"), Metre((6,), 8), Fraction(1, 8))
    assert tune.tempo == Tempo(Fraction(116), Fraction(3, 8))
    first = tune.bars[1]
    assert first.begins_repeat
    assert [chord.name for chord in first.chords] == ["Em"]
    assert first.notes[0].marks == ("roll",)
    assert [str(grace) for grace in tune.bars[2].notes[3].graces] == ["C#5"]
    assert [bar.ending for bar in tune.bars] == [(), (), (), (), (1,), (2,), (), (), (), (), ()]
    assert form(tune) == "AABB"
    assert bar_faults(tune) == ()
    at = {place.number: place.offset for place in places(tune)}
    assert at[0] == Fraction(5, 8)


def test_repeats_endings_and_ties_are_played_out() -> None:
    tune = tune_of("X:1\nM:2/4\nL:1/4\nK:C\nC|:D E-|E F|1 G A:|2 B c|]d2|]")
    assert [note for _, _, note in heard(tune)] == [60, 62, 64, 65, 67, 69, 62, 64, 65, 71, 72, 74]
    assert heard(tune)[2][:2] == (Fraction(1, 2), Fraction(1, 2))
    tune = tune_of("X:1\nM:1/4\nL:1/4\nK:C\nC:|D|:E|1,3 F:|2 G:|4 A|]B|::c::|")
    names = {60: "C", 62: "D", 64: "E", 65: "F", 67: "G", 69: "A", 71: "B", 72: "c"}
    assert "".join(names[note] for _, _, note in heard(tune)) == "CCDEFEGEFEABccc"
    assert "".join(names[note] for _, _, note in heard(tune_of("X:1\nK:C\nC||D:|E|F::G:|"))) == "CDDEFEFGG"
    assert [note for *_, note in heard(tune_of(WALTZ))] == [60, 64, 67, 84, 83, 81, 67, 63, 67, 70, 75, 75, 74, 72, 63,
                                                          60, 64, 67, 84, 83, 81, 67]  # fmt: skip


@pytest.mark.parametrize(
    ("notes", "key", "expected"),
    [
        ("^FF|F f", "C", "F#4 F#4 F4 F5"),
        ("^Ff=fF", "C", "F#4 F#5 F5 F4"),
        ("F =F|F", "G", "F#4 F4 F#4"),
        ("C, C c c' B,,", "C", "C3 C4 C5 C6 B2"),
        ("BE", "Eb", "Bb4 Eb4"),
        ("^^F __B", "C", "F##4 Bbb4"),
        ("^F2-|F2 F2", "C", "F#4 F#4 F4"),
        ("CFG", "HP", "C4 F4 G4"),
        ("CFG", "Hp", "C#4 F#4 G4"),
        ("FC", "D =c", "F#4 C4"),
        ("FCB", "D exp _b", "F4 C4 Bb4"),
        ("CD", "C octave=-1", "C3 D3"),
    ],
)
def test_accidentals_and_signatures(notes: str, key: str, expected: str) -> None:
    tune = read_text(tunes_of(f"X:1\nM:4/4\nL:1/8\nK:{key}\n{notes}\n")[0], Lines())
    assert " ".join(str(note.pitch) for bar in tune.bars for note in bar.notes) == expected


def test_how_far_an_accidental_reaches_may_be_said() -> None:
    assert pitches("^Ff", header="%%propagate-accidentals octave\n") == ["F#4", "F5"]
    assert pitches("^FF", header="I:propagate-accidentals not\n") == ["F#4", "F4"]
    assert "every octave" in told_by("X:1\nK:C\n^Ff|\n")[0]


@pytest.mark.parametrize(
    ("name", "fifths", "tonic"),
    [("G", 1, 7), ("Em", 1, 4), ("E minor", 1, 4), ("EDorian", 2, 4), ("Amix", 2, 9), ("F#m", 3, 6), ("Bblyd", -1, 10),
     ("Cphr", -4, 0), ("Bloc", 0, 11), ("Caeolian", -3, 0), ("Cion", 0, 0), ("none", 0, 0), ("", 0, 0)],
)  # fmt: skip
def test_keys(name: str, fifths: int, tonic: int) -> None:
    key = music("C", key=name).key
    assert (key.fifths, key.tonic) == (fifths, tonic)


@pytest.mark.parametrize(
    ("notes", "metre", "expected"),
    [
        ("C C2 C/ C// C3/2 C/4", "4/4", "1 2 1/2 1/4 3/2 1/4"),
        ("C>D C<D C>>D", "4/4", "3/2 1/2 1/2 3/2 7/4 1/4"),
        ("C>{d}D", "4/4", "3/2 1/2"),
        ("(3CDE F", "4/4", "2/3 2/3 2/3 1"),
        ("(3:2:2C2D F", "4/4", "4/3 2/3 1"),
        ("(3C2DE2", "4/4", "4/3 2/3 4/3"),
        ("(2CD E", "6/8", "3/2 3/2 1"),
        ("(4CDEF G", "6/8", "3/4 3/4 3/4 3/4 1"),
        ("(5CDEFG", "4/4", "2/5 2/5 2/5 2/5 2/5"),
        ("(5CDEFG", "6/8", "3/5 3/5 3/5 3/5 3/5"),
        ("(5::3CDEF", "4/4", "2/5 2/5 2/5 1"),
        ("Cz2 x Z", "3/4", "1 2 1 6"),
        ("Z2 C", "2/4", "4 4 1"),
        ("(3C>DE", "4/4", "1 1/3 2/3"),
    ],
)
def test_lengths(notes: str, metre: str, expected: str) -> None:
    assert lengths(notes, metre=metre) == [Fraction(one) for one in expected.split()]


def test_the_unit_depends_on_the_metre_where_none_is_given() -> None:
    assert tune_of("X:1\nM:2/4\nK:C\nC\n").bars[0].length == Fraction(1, 16)
    assert tune_of("X:1\nM:6/8\nK:C\nC\n").bars[0].length == Fraction(1, 8)
    assert tune_of("X:1\nM:C\nL:1/4\nK:C\nC [L:1/8] C\n").bars[0].length == Fraction(3, 8)


@pytest.mark.parametrize("text", ALL)
def test_a_tune_written_is_the_tune_read(text: str) -> None:
    tune = tune_of(text)
    assert again(tune) == tune
    assert abc_text(again(tune)) == abc_text(tune)


def test_tunes_made_by_chance_come_back() -> None:
    for seed in range(80):
        tune = made_tune(seed)
        assert again(tune) == again(again(tune)), seed
        assert heard(again(tune)) == heard(tune), seed
        back, bars = again(tune), tune.bars
        assert [bar.notes for bar in back.bars] == [bar.notes for bar in bars], seed
        assert [bar.chords for bar in back.bars] == [bar.chords for bar in bars], seed
        assert (back.key, back.metre, back.title, back.tempo, back.about) == (
            tune.key, tune.metre, tune.title, tune.tempo, tune.about,
        )  # fmt: skip


def test_written_accidentals_are_read_alike_whether_they_hold_in_one_octave_or_in_all() -> None:
    for seed in range(40):
        text = abc_text(made_tune(seed))
        one_octave = text.replace("K:", "%%propagate-accidentals octave\nK:", 1)
        assert heard(read_text(tunes_of(one_octave)[0], Lines())) == heard(read_text(tunes_of(text)[0], Lines())), seed


def test_a_chord_within_a_long_note_ties_its_parts() -> None:
    tune = tune_of(WALTZ)
    bar = tune.bars[3]
    chord = tune_of('X:1\nM:3/4\nL:1/4\nK:C\nG2"D7"G|').bars[0].chords
    moved = tune.with_bars((type(bar)(bar.notes, chord),))
    back = again(moved)
    assert back.bars[0].chords == chord
    assert heard(back) == heard(moved)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("X:1\nK:C\n[CEG]2|\n", "of notes that sound together only the highest is taken (line 3)"),
        ("X:1\nK:C\nV:1\nCD|\nV:2\nEF|\n", "voice '2' is left out: a tune is one line of notes"),
        ("X:1\nK:C\n[V:1]CD|[V:2]EF|\n", "voice '2' is left out: a tune is one line of notes"),
        ("X:1\nK:C\nCD & EF|\n", "a second voice in a bar (&) is left out (line 3)"),
        ('X:1\nK:C\n"^loud"CD|\n', "annotations are left out (line 3)"),
        ("X:1\nK:C\nC-D|\n", "ties that lead to no note of the same pitch are left out"),
        ("X:1\nK:C\nCD|\nQ:1/4=90\nEF|\n", "changes of tempo are left out (line 4)"),
        ("X:1\nK:C\nC !odd! D|\n", "'!odd!' is left out (line 3)"),
        ("X:1\nK:C\nC D0 E|\n", "'D0' is beyond what can be played: left out (line 3)"),
        ("X:1\nK:Q\nC\n", "K:'Q'; expected a key such as G, Em, Edor or Bbmix; left out (line 2)"),
        ("X:1\nM:6/7\nK:C\nC\n", "metre '6/7'; expected 1 to 64 above, and 1, 2, 4, 8, 16, 32 or 64 below; left out"),
        ("X:1\nK:C\nCD|\n\nEF|GA|\n", "music behind the empty line that ends the tune is left out"),
    ],
)
def test_what_is_left_out_is_told(text: str, says: str) -> None:
    assert [line for line in told_by(text) if line.startswith(says)], told_by(text)


def test_only_the_first_voice_sounds() -> None:
    text = "X:1\nV:1 name=Tune\nV:2\nK:C\n[V:2]C,D,|\n[V:1]CD|\n[V:2]E,F,|\n[V:1]EF|\n"
    tune = read_text(tunes_of(text)[0], Lines())
    assert [note for *_, note in heard(tune)] == [60, 62, 64, 65]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no ABC tune"),
        ("X:1\nT:empty\n", "has no key"),
        ("X:1\nK:C\n", "has no notes"),
        ("X:1\nK:C\nz4|\n", "has no notes"),
        ("X:1\nK:C\n" + "C" * 25_000, "letters"),
        ("X:1\nK:C\n" + ("C" * 5_000 + "|\n") * 5, "more than 20,000 notes"),
    ],
)
def test_what_is_no_tune_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(TuneError, match=says):
        read_text(tunes_of(text)[0], Lines())


def test_any_letters_are_read_or_refused() -> None:
    by = random.Random(20)
    letters = "ABCDEFGabcdefgzxZ|:[]()<>{}\"!^_=-/0123456789 \n\\%&~.,'KLMVPQ+*$é\x00"
    for _ in range(400):
        body = "".join(by.choice(letters) for _ in range(by.randrange(200)))
        for text in (f"X:1\nK:C\n{body}", body):
            try:
                for tune in tunes_of(text):
                    heard(read_text(tune, Lines()))
            except TuneError:
                pass


def test_a_note_cannot_be_made_to_take_for_ever() -> None:
    huge = "X:1\nM:4/4\nK:C\n" + "C9999 Z999 (3C////////1 C1/9999 " + "[CEG]" * 500 + "|1-99 D:|" * 50 + "\n"
    heard(read_text(tunes_of(huge)[0], Lines()))
    endless = "X:1\nP:((((A99)99)99)99)99\nK:C\nP:A\nC|\n"
    assert len(heard(read_text(tunes_of(endless)[0], Lines()))) == 1


def test_a_book_holds_its_tunes_apart() -> None:
    book = f"%abc-2.1\nM:3/4\nR:waltz\n\n{JIG}\nfree text | here\n\n{HORNPIPE}"
    numbers = [tune.number for tune in tunes_of(book)]
    assert numbers == ["7", "2"]
    first, second = (read_text(tune, Lines()) for tune in tunes_of(book))
    assert (first.metre, second.title) == (Metre((6,), 8), "Steps")
    assert second.text("R") == "waltz"
    assert decoded("T:Sláinte".encode("latin-1")) == decoded("T:Sláinte".encode()) == "T:Sláinte"
    assert tune_of("X:1\nT:Sl\\'ainte 100\\% \\& more % no title\nK:C\nC|\n").title == "Sláinte 100% & more"


def test_whole_collections_come_back(shared_data: Path) -> None:
    read = wrong = 0
    for path in sorted((shared_data / "tunes" / "nottingham").glob("*.abc")):
        for text in tunes_of(decoded(path.read_bytes()))[::3]:
            tune = read_text(text, Lines())
            assert again(tune) == tune, (path.name, text.number)
            read += 1
            wrong += bool(bar_faults(tune))
    assert read > 300
    assert wrong <= 2
