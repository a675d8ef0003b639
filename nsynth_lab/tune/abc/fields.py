"""The values of ABC's information fields: key, unit length and tempo, read and written.

Source: the ABC standard 2.1, section 3.1.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.key import NO_MODE, Key, parse_key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.tune import Tempo
from nsynth_lab.wording import quoted

ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
SIGNS = {alter: sign for sign, alter in ACCIDENTALS.items()}
PIPES = Key("A", 0, "mixolydian", (("G", 0),))  # the scale of the Highland pipes: F and C sharp, G natural
SLOWEST_BPM, FASTEST_BPM, LONGEST_BEAT = 1, 1000, 4
_KEY = re.compile(r"\s*(?P<name>[A-Ga-g][#b]?|none\b|HP|Hp)?\s*(?P<rest>.*)")
_MODE = re.compile(r"(?:maj|min|m|ion|aeo|dor|phr|lyd|mix|loc)[a-z]*\b", re.IGNORECASE)
_ALTERED = re.compile(r"(?<![A-Za-z=])(\^\^|\^|=|__|_)([A-Ga-g])(?![A-Za-z])")
_OCTAVE = re.compile(r"\boctave=([+-]?\d)\b")
_UNIT = re.compile(r"1(?:/(1|2|4|8|16|32|64|128))?")
_FRACTION = r"(\d{1,4})/(\d{1,4})"
_TEMPO = re.compile(rf"({_FRACTION}(?:\s+{_FRACTION}){{0,3}})\s*=\s*(\d{{1,4}}(?:\.\d{{1,3}})?)")
_OLD_TEMPO = re.compile(r"(?:C(\d{0,2})(?:/(\d{0,2}))?\s*=\s*)?(\d{1,4})")


def key_field(text: str) -> tuple[Key | None, int]:
    """(key, octaves that the notes are moved by) of a K: field; no key if it only names a clef.

    Raises:
        TuneError: it names a key that is none.

    >>> key_field("D =c octave=-1")
    (Key(letter='D', alter=0, mode='major', more=(('C', 0),)), -1)
    >>> key_field("Eb Mixolydian clef=treble")[0].name
    'Eb mixolydian'
    """
    moved = _OCTAVE.search(text)
    octave = int(moved[1]) if moved else 0
    shape = _KEY.match(text)
    name, rest = (shape["name"], shape["rest"]) if shape else (None, text)
    if name is None:
        if rest and not re.match(r"(clef=|treble|bass|alto|tenor|perc|octave=|exp\b|[\^_=]|[a-z]+=)", rest):
            raise TuneError(f"K:{quoted(text)}; expected a key such as G, Em, Edor or Bbmix")
        return (_with_more(Key(mode=NO_MODE), rest) if _ALTERED.search(rest) or not rest else None), octave
    if name == "HP":
        return Key(mode=NO_MODE), octave
    if name == "Hp":
        return PIPES, octave
    mode = _MODE.match(rest)
    explicit = bool(re.match(r"exp\b", rest))
    key = parse_key(name + (mode[0] if mode else ""))
    if explicit:  # only the accidentals that are named
        natural = tuple((letter, 0) for letter in key.alterations)
        key = replace(key, more=natural)
    return _with_more(key, rest), octave


def _with_more(key: Key, text: str) -> Key:
    more = dict(key.more) | {letter.upper(): ACCIDENTALS[sign] for sign, letter in _ALTERED.findall(text)}
    plain = replace(key, more=()).alterations
    named = sorted((letter, alter) for letter, alter in more.items() if alter != plain.get(letter, 0))
    return replace(key, more=tuple(named))


def key_text(key: Key) -> str:
    """What follows K:.

    >>> key_text(PIPES)
    'Amix =g'
    """
    return " ".join([key.abc, *(f"{SIGNS[alter]}{letter.lower()}" for letter, alter in key.more)])


def unit_field(text: str) -> Fraction:
    """The unit note length of an L: field.

    Raises:
        TuneError: it is none.
    """
    shape = _UNIT.fullmatch(text.strip())
    if not shape:
        raise TuneError(f"L:{quoted(text)}; expected a length such as 1/8")
    return Fraction(1, int(shape[1] or 1))


def default_unit(metre: Metre | None) -> Fraction:
    """The unit note length where L: is missing: a sixteenth in metres below 3/4, else an eighth."""
    return Fraction(1, 16) if metre is not None and metre.length < Fraction(3, 4) else Fraction(1, 8)


def tempo_field(text: str, unit: Fraction) -> Tempo | None:
    """The tempo of a Q: field; None if it names none, such as words alone.

    >>> tempo_field('"Allegro" 3/8=110', Fraction(1, 8))
    Tempo(per_minute=Fraction(110, 1), beat=Fraction(3, 8), words='Allegro')
    """
    words = " ".join(re.findall(r'"([^"]*)"', text)).strip()
    plain = re.sub(r'"[^"]*"', " ", text).strip()
    per_minute, beat = Fraction(0), unit
    if shape := _TEMPO.fullmatch(plain):
        parts = [(int(above), int(below)) for above, below in re.findall(_FRACTION, shape[1])]
        if all(below for _, below in parts):
            beat = sum((Fraction(above, below) for above, below in parts), Fraction(0))
            per_minute = Fraction(shape[shape.lastindex or 0])
    elif old := _OLD_TEMPO.fullmatch(plain):
        beat = unit * int(old[1] or 1) / (int(old[2] or 1) or 1)
        per_minute = Fraction(old[3])
    if not SLOWEST_BPM <= per_minute <= FASTEST_BPM or not 0 < beat <= LONGEST_BEAT:
        return None
    return Tempo(per_minute, beat, words)


def tempo_text(tempo: Tempo) -> str:
    """What follows Q:."""
    per_minute = f"{float(tempo.per_minute):.3f}".rstrip("0").rstrip(".")
    words = f'"{tempo.words}" ' if tempo.words else ""
    return f"{words}{tempo.beat.numerator}/{tempo.beat.denominator}={per_minute}"
