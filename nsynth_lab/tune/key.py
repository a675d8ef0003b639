"""Key: tonic, mode and signature; and how musicians write one: Edor, Bb major, F#m, Hp."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.pitch import ALTERATIONS, LINE_OF_FIFTHS, SEMITONES, at_fifths, fifths_of
from nsynth_lab.wording import quoted

NO_MODE = "none"
MODES = {  # fifths between the signature of the major key on the same tonic and that of the mode
    "major": 0,
    "minor": -3,
    "dorian": -2,
    "mixolydian": -1,
    "phrygian": -4,
    "lydian": 1,
    "locrian": -5,
    NO_MODE: 0,
}
MINOR_THIRD = ("minor", "dorian", "phrygian", "locrian")
ABC_MODES = {mode: mode[:3] for mode in MODES} | {"major": "", "minor": "m"}
OTHER_NAMES = {"ionian": "major", "aeolian": "minor", "m": "minor", "": "major"}
MOST_SHARPS = 7
_SHAPE = re.compile(r"\s*([A-Ga-g])\s*(##|bb|[#b♯♭]?)\s*([A-Za-z]*)\s*")
_ALTERS = {"#": 1, "♯": 1, "b": -1, "♭": -1, "##": 2, "bb": -2, "": 0}


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    Attributes:
        letter: the tonic, C to B.
        alter: -1 for a flat tonic, 1 for a sharp one.
        mode: one of `MODES`; `none` if no tonic is known, as in music without a signature.
        more: alterations besides the mode's, such as (("C", 0),) for D mixolydian with every C natural.

    >>> Key("E", 0, "dorian").fifths, Key("B", -1).name, Key("E", 0, "dorian").abc
    (2, 'Bb major', 'Edor')
    """

    letter: str = "C"
    alter: int = 0
    mode: str = "major"
    more: tuple[tuple[str, int], ...] = ()

    @property
    def fifths(self) -> int:
        """Sharps of the signature; flats if negative."""
        return fifths_of(self.letter, self.alter) + MODES[self.mode]

    @property
    def tonic(self) -> int:
        """Pitch class of the tonic, C being 0."""
        return (SEMITONES[self.letter] + self.alter) % 12

    @property
    def alterations(self) -> dict[str, int]:
        """Semitones that each letter is moved by; letters that are not in it are natural."""
        sharps = dict.fromkeys(LINE_OF_FIFTHS[: max(self.fifths, 0)], 1)
        flats = dict.fromkeys(LINE_OF_FIFTHS[::-1][: max(-self.fifths, 0)], -1)
        return {**sharps, **flats, **dict(self.more)}

    @property
    def is_minor(self) -> bool:
        """Whether its third is minor."""
        return self.mode in MINOR_THIRD

    @property
    def name(self) -> str:
        """In words, such as E dorian."""
        return "no key" if self.mode == NO_MODE else f"{self.letter}{ALTERATIONS[self.alter]} {self.mode}"

    @property
    def abc(self) -> str:
        """As ABC writes it, without the further alterations."""
        if self.mode == NO_MODE:
            return NO_MODE
        return f"{self.letter}{ALTERATIONS[self.alter]}{ABC_MODES[self.mode]}"


def with_fifths(fifths: int, mode: str = "major") -> Key:
    """The key of a mode with that many sharps.

    >>> with_fifths(2, "dorian").name
    'E dorian'
    """
    letter, alter = at_fifths(fifths - MODES[mode])
    return Key(letter, alter, mode)


def mode_named(text: str) -> str | None:
    """The mode of a name or its beginning: only the first three letters count, and `m` is minor.

    >>> mode_named("Mixolydian"), mode_named("m"), mode_named("Aeo"), mode_named("xyz")
    ('mixolydian', 'minor', 'minor', None)
    """
    short = text.lower()[:3]
    if short in OTHER_NAMES:
        return OTHER_NAMES[short]
    for name in (*MODES, *OTHER_NAMES):
        if len(short) >= 3 and name.startswith(short):
            return OTHER_NAMES.get(name, name)
    return "minor" if text.lower() == "mi" else None


def parse_key(text: str) -> Key:
    """A key as musicians write it.

    Raises:
        TuneError: it is none.

    >>> parse_key("Edor").name, parse_key("f# minor").name, parse_key("Bb").name, parse_key("none").name
    ('E dorian', 'F# minor', 'Bb major', 'no key')
    """
    if text.strip().lower() in ("", NO_MODE):
        return Key(mode=NO_MODE)
    shape = _SHAPE.fullmatch(text)
    mode = mode_named(shape[3]) if shape else None
    if not shape or mode is None:
        raise TuneError(f"key {quoted(text)}; expected a tonic and a mode, such as G, Em, Edor or 'Bb mixolydian'")
    key = Key(shape[1].upper(), _ALTERS[shape[2]], mode)
    if abs(key.fifths) > MOST_SHARPS:
        raise TuneError(f"key {quoted(text)} would take {abs(key.fifths)} sharps or flats; expected at most 7")
    return key
