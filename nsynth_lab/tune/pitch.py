"""Pitch: a note with its spelling, so that F sharp and G flat stay apart; and how a MIDI note is spelled in a key."""

from __future__ import annotations

from dataclasses import dataclass

LETTERS = "CDEFGAB"
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LINE_OF_FIFTHS = "FCGDAEB"  # the order in which sharps are added to a signature; flats come the other way round
ALTERATIONS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
FURTHEST_ALTERATION = 2
LOWEST_OCTAVE, HIGHEST_OCTAVE = -1, 9  # those of MIDI


@dataclass(frozen=True, slots=True)
class Pitch:
    """A spelled pitch.

    Attributes:
        letter: C to B.
        alter: semitones up from the letter, -2 to 2.
        octave: C4 is middle C.

    >>> Pitch("A", 0, 4).note, Pitch("B", 1, 3).note, str(Pitch("E", -1, 5))
    (69, 60, 'Eb5')
    """

    letter: str
    alter: int
    octave: int

    @property
    def note(self) -> int:
        """MIDI note number."""
        return 12 * (self.octave + 1) + SEMITONES[self.letter] + self.alter

    @property
    def height(self) -> int:
        """Place on the staff, counted in letters: C4 is 28."""
        return 7 * self.octave + LETTERS.index(self.letter)

    def __str__(self) -> str:
        return f"{self.letter}{ALTERATIONS[self.alter]}{self.octave}"


def fifths_of(letter: str, alter: int) -> int:
    """Place of a spelled pitch class on the line of fifths, C being 0.

    >>> fifths_of("C", 0), fifths_of("F", 1), fifths_of("B", -1)
    (0, 6, -2)
    """
    return LINE_OF_FIFTHS.index(letter) - 1 + 7 * alter


def at_fifths(fifths: int) -> tuple[str, int]:
    """(letter, alteration) of a place on the line of fifths.

    >>> at_fifths(6), at_fifths(-2)
    (('F', 1), ('B', -1))
    """
    return LINE_OF_FIFTHS[(fifths + 1) % 7], (fifths + 1) // 7


def written(note: int, letter: str, alter: int) -> Pitch:
    """A MIDI note under a name that it can have.

    >>> str(written(60, "B", 1))
    'B#3'
    """
    return Pitch(letter, alter, (note - alter) // 12 - 1)


def spelled(note: int, *, fifths: int, minor: bool = False) -> Pitch:
    """A MIDI note as it is usually written under a signature of `fifths` sharps (flats if negative).

    Twelve neighbours on the line of fifths are in use: the scale, to its left the lowered seventh and third, to its
    right the raised fourth, first and fifth; in minor, counted from its own tonic, the raised seventh and fourth. So do
    most who wrote down folk tunes: in C major they have three G sharps for an A flat, in A minor five D sharps for an E
    flat.

    >>> [str(spelled(note, fifths=0)) for note in (61, 63, 66, 68, 70)]
    ['C#4', 'Eb4', 'F#4', 'G#4', 'Bb4']
    >>> str(spelled(63, fifths=0, minor=True)), str(spelled(60, fifths=7))
    ('D#4', 'B#3')
    """
    lowest = fifths - (2 if minor else 3)
    place = lowest + (7 * note - lowest) % 12
    letter, alter = at_fifths(place)
    if abs(alter) > FURTHEST_ALTERATION:
        letter, alter = at_fifths(place - 12 if alter > 0 else place + 12)
    return written(note, letter, alter)
