"""Chord symbols taken apart: root, kind and bass; their names here and in MusicXML, a row each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nsynth_lab.tune.pitch import ALTERATIONS

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
OTHER_NAMES = {
    "maj": "", "M": "", "min": "m", "-": "m", "M7": "maj7", "min7": "m7", "-7": "m7", "o": "dim", "°": "dim",
    "+": "aug", "ø": "m7b5", "o7": "dim7", "°7": "dim7", "+7": "aug7", "sus": "sus4", "7sus4": "sus4",
}  # fmt: skip
KIND_OF = dict(KINDS)
NAME_OF = {kind: name for name, kind in KINDS}
_SHAPE = re.compile(r"([A-G])([#b♯♭]?)([^/\s]*)\s*(?:/\s*([A-Ga-g])([#b+]?))?")
_ALTERS = {"": 0, "#": 1, "♯": 1, "+": 1, "b": -1, "♭": -1}

Root = tuple[str, int]  # letter and alteration


@dataclass(frozen=True, slots=True)
class ChordName:
    """A chord symbol taken apart: `kind` as in `KINDS`' first column."""

    root: Root
    kind: str
    bass: Root | None = None

    @property
    def name(self) -> str:
        """As it is written."""
        bass = f"/{self.bass[0]}{ALTERATIONS[self.bass[1]]}" if self.bass else ""
        return f"{self.root[0]}{ALTERATIONS[self.root[1]]}{self.kind}{bass}"


def parse_chord(text: str) -> ChordName | None:
    """The chord of a symbol; None if it is none that can be taken apart.

    >>> parse_chord("F#m7/C#")
    ChordName(root=('F', 1), kind='m7', bass=('C', 1))
    >>> parse_chord("N.C.")
    """
    shape = _SHAPE.fullmatch(text.strip())
    if not shape:
        return None
    kind = OTHER_NAMES.get(shape[3], shape[3])
    if kind not in KIND_OF:
        return None
    bass = (shape[4].upper(), _ALTERS[shape[5]]) if shape[4] else None
    return ChordName((shape[1], _ALTERS[shape[2]]), kind, bass)
