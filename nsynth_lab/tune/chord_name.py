"""Chord symbols taken apart: root, kind, degrees and bass; their names here and in MusicXML, a row each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nsynth_lab.tune.pitch import ALTERATIONS, FURTHEST_ALTERATION, LETTERS, SEMITONES

KINDS = (  # as it is written, MusicXML's kind
    ("", "major"),
    ("m", "minor"),
    ("7", "dominant"),
    ("maj7", "major-seventh"),
    ("m7", "minor-seventh"),
    ("dim", "diminished"),
    ("aug", "augmented"),
    ("m7b5", "half-diminished"),
    ("dim7", "diminished-seventh"),
    ("aug7", "augmented-seventh"),
    ("mMaj7", "major-minor"),
    ("6", "major-sixth"),
    ("m6", "minor-sixth"),
    ("9", "dominant-ninth"),
    ("maj9", "major-ninth"),
    ("m9", "minor-ninth"),
    ("11", "dominant-11th"),
    ("m11", "minor-11th"),
    ("13", "dominant-13th"),
    ("sus4", "suspended-fourth"),
    ("sus2", "suspended-second"),
    ("5", "power"),
)
TONES = {  # of each kind, in semitones above the root
    "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10), "dim": (0, 3, 6),
    "aug": (0, 4, 8), "m7b5": (0, 3, 6, 10), "dim7": (0, 3, 6, 9), "aug7": (0, 4, 8, 10), "mMaj7": (0, 3, 7, 11),
    "6": (0, 4, 7, 9), "m6": (0, 3, 7, 9), "9": (0, 2, 4, 7, 10), "maj9": (0, 2, 4, 7, 11), "m9": (0, 2, 3, 7, 10),
    "11": (0, 2, 5, 7, 10), "m11": (0, 2, 3, 5, 7, 10), "13": (0, 2, 4, 7, 9, 10), "sus4": (0, 5, 7), "sus2": (0, 2, 7),
    "5": (0, 7),
}  # fmt: skip
STEPS = (0, 1, 1, 2, 2, 3, 4, 4, 4, 5, 6, 6)  # letters above the root, for each of twelve semitones
OTHER_NAMES = {
    "maj": "", "M": "", "min": "m", "-": "m", "M7": "maj7", "min7": "m7", "-7": "m7", "o": "dim", "°": "dim",
    "d": "dim", "+": "aug", "ø": "m7b5", "o7": "dim7", "°7": "dim7", "+7": "aug7", "sus": "sus4", "7sus4": "sus4",
}  # fmt: skip
KIND_OF = dict(KINDS)
NAME_OF = {kind: name for name, kind in KINDS}
_SHAPE = re.compile(r"([A-G])([#b♯♭]?)([^/\s]*)\s*(?:/\s*([A-Ga-g])([#b+]?))?")
_DEGREE = re.compile(r"\((add|no)?([#b]?)([1-9]\d?)\)")
_ALTERS = {"": 0, "#": 1, "♯": 1, "+": 1, "b": -1, "♭": -1}

Root = tuple[str, int]  # letter and alteration


@dataclass(frozen=True, slots=True)
class Degree:
    """What a chord has besides its kind: `word` is add, no or nothing, `alter` of its step, which is 1 to 99.

    >>> Degree("add", -1, 9).name
    '(addb9)'
    """

    word: str
    alter: int
    step: int

    @property
    def name(self) -> str:
        """As it is written."""
        return f"({self.word}{ALTERATIONS[self.alter]}{self.step})"


@dataclass(frozen=True, slots=True)
class ChordName:
    """A chord symbol taken apart: `kind` as in `KINDS`' first column."""

    root: Root
    kind: str
    bass: Root | None = None
    degrees: tuple[Degree, ...] = ()

    @property
    def name(self) -> str:
        """As it is written."""
        bass = f"/{self.bass[0]}{ALTERATIONS[self.bass[1]]}" if self.bass else ""
        more = "".join(degree.name for degree in self.degrees)
        return f"{self.root[0]}{ALTERATIONS[self.root[1]]}{self.kind}{more}{bass}"


def parse_chord(text: str) -> ChordName | None:
    """The chord of a symbol; None if it is none that can be taken apart.

    >>> parse_chord("F#m7/C#")
    ChordName(root=('F', 1), kind='m7', bass=('C', 1), degrees=())
    >>> parse_chord("C7(b9)").degrees
    (Degree(word='', alter=-1, step=9),)
    >>> parse_chord("N.C.")
    """
    shape = _SHAPE.fullmatch(text.strip())
    if not shape:
        return None
    written, bracket, more = shape[3].partition("(")
    kind = OTHER_NAMES.get(written, written)
    degrees = _DEGREE.findall(bracket + more)
    if kind not in KIND_OF or _DEGREE.sub("", bracket + more):
        return None
    bass = (shape[4].upper(), _ALTERS[shape[5]]) if shape[4] else None
    added = tuple(Degree(word, _ALTERS[sign], int(step)) for word, sign, step in degrees)
    return ChordName((shape[1], _ALTERS[shape[2]]), kind, bass, added)


def chord_tones(chord: ChordName) -> frozenset[int]:
    """The pitch classes of a chord, C being 0; degrees that are added to its kind and its bass are left out.

    >>> parsed = parse_chord("F#m")
    >>> sorted(chord_tones(parsed)) if parsed else None
    [1, 6, 9]
    """
    root = SEMITONES[chord.root[0]] + chord.root[1]
    return frozenset((root + tone) % 12 for tone in TONES[chord.kind])


def chord_spelling(chord: ChordName) -> dict[int, Root]:
    """How a chord's pitch classes are written, C being 0: by thirds above its root.

    The seventh of a diminished chord is left out: it is written as the key would have it.

    >>> parsed = parse_chord("F#7")
    >>> chord_spelling(parsed) if parsed else None
    {6: ('F', 1), 10: ('A', 1), 1: ('C', 1), 4: ('E', 0)}
    """
    root, place = SEMITONES[chord.root[0]] + chord.root[1], LETTERS.index(chord.root[0])
    found: dict[int, Root] = {}
    for tone in TONES[chord.kind]:
        letter = LETTERS[(place + STEPS[tone]) % len(LETTERS)]
        alter = (root + tone - SEMITONES[letter] + 6) % 12 - 6
        if abs(alter) <= FURTHEST_ALTERATION and not (chord.kind == "dim7" and tone == TONES["dim7"][-1]):
            found[(root + tone) % 12] = letter, alter
    return found
