"""tokenize_name(stem): splits a recording's file name into tokens: notes, numbers, velocities, dynamics, words.

`Juno-60_C3_v2_rr1` is a word, a number, a note, a velocity mark and a take number (round robin). What a number, a word
such as "piano" or a German B means cannot be decided from one name: `file_names` looks at all names of a folder.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

NATURALS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "s": 1, "sharp": 1, "is": 1, "b": -1, "♭": -1, "flat": -1, "es": -1}
# The velocities that notation programs play them with.
DYNAMIC_VELOCITIES = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}
DYNAMIC_WORDS = {
    "moltopianissimo": "ppp", "pianississimo": "ppp", "pianissimo": "pp", "piano": "p", "mezzopiano": "mp",
    "mezzoforte": "mf", "forte": "f", "fortissimo": "ff", "moltofortissimo": "fff", "fortississimo": "fff",
    "softest": "pp", "soft": "p", "quiet": "p", "gentle": "p", "medium": "mf", "med": "mf", "mid": "mf", "loud": "f",
    "hard": "ff", "strong": "ff", "loudest": "ff", "leise": "p", "mittel": "mf", "laut": "f",
}  # fmt: skip
LAYER_LETTERS = {"vl": "p", "vm": "mf", "vh": "f"}  # low, medium and high velocity right after a note, as in A0vL
UNAMBIGUOUS_DYNAMICS = {word for word in DYNAMIC_WORDS if word.endswith("issimo") or word.startswith("mezzo")} | {
    *DYNAMIC_VELOCITIES
}
_MARKS = {
    "velocity": ("velocity", "velo", "vel", "vl", "v"),
    "layer": ("layer", "lay", "lyr", "dynamic", "dyn", "l"),
    "midi": ("midi", "note", "root", "key"),
    "take": ("roundrobin", "round-robin", "round robin", "rr", "take", "alt", "variation", "var", "rep", "r", "t"),
    "other": ("string", "str", "pos", "mic", "ch", "bpm"),
}
_SPACED = {"v", "vel", "velo", "velocity", "layer", "midi", "note", "root", "key", "take", "string"}
_KINDS = {mark: kind for kind, marks in _MARKS.items() for mark in marks}


def _either(words: list[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_SPACED_MARKS = _either([mark for mark in _KINDS if mark in _SPACED])
_MARK = rf"(?:(?P<mark>{_either(list(_KINDS))})|(?P<spaced>{_SPACED_MARKS})[ _.-])(?P<count>\d{{1,3}})(?!\d)"
_LETTERS = "ppp|pp|mp|mf|fff|ff|p|f"
_LETTERED = rf"(?P<lettered>{_either([*LAYER_LETTERS])})(?![a-z0-9])"
_AFTER_NOTE = (
    rf"(?=$|[^0-9a-z]|(?:v|vel|l|lay|layer|r|rr)\d|(?:{_LETTERS}|{_either([*LAYER_LETTERS])})(?![a-z0-9])"
    r"|[a-h](?:#|♯|b|♭|s)?-?\d(?!\d))"
)
_NOTE = (
    r"(?P<step>[a-h])(?P<sign>#|♯|♭|[ _-]?sharp[ _-]?|[ _-]?flat[ _-]?|is|es|s|b)?(?P<octave>-?\d)(?!\d)" + _AFTER_NOTE
)
_RELEASE = r"(?P<release>rel|release|releases|rls|note[ _-]?off|key[ _-]?off)(?![a-z])"
_DYNAMIC = (
    r"(?P<dynamic>molto[ _-]?(?:pianissimo|fortissimo)|mezzo[ _-]?(?:piano|forte)|"
    rf"{_either([*DYNAMIC_WORDS])}|{_LETTERS})(?![a-z0-9]|[#♯](?!\d))|(?P<counted>ppp|pp|mp|mf|fff|ff)(?=\d(?![a-z0-9]))"
)
_NUMBER = r"(?P<number>\d+)(?![0-9a-z]|\.\d)"
_WORD = r"(?P<word>[^\W_]+)"
_PART = re.compile("|".join((_MARK, _NOTE, _RELEASE, _DYNAMIC, _NUMBER, _WORD)))
_AFTER_DIGIT = re.compile("|".join((_MARK, _NOTE, _LETTERED, _DYNAMIC, _WORD)))
_APART = re.compile(r"(?<![A-Za-z0-9#])([A-Ha-h](?:#|♯|b|♭|s|is|es)?)[ _](-?\d)(?![0-9A-Za-z])")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-H](?:#|♯|b|♭|s|is|es)?-?\d(?!\d))")


@dataclass(frozen=True)
class NameToken:
    """One token of a file name.

    Attributes:
        kind: "note", "number", "velocity", "layer", "midi", "take", "other", "dynamic", "release" or "word".
        text: the token itself, in lower case.
        number: the value of a number, the number after a mark such as v, or a note's signed octave.
        step, sign: of a note, a key of `NATURALS` and one of `ACCIDENTALS`.
        gap: the characters between this token and the one before.
    """

    kind: str
    text: str
    number: int = 0
    step: str = ""
    sign: str = ""
    gap: str = ""

    @property
    def hyphen(self) -> bool:
        """For a note: whether a minus sign or a hyphen precedes its octave."""
        return self.kind == "note" and "-" in self.text[-2:]


def tokenize_name(stem: str) -> tuple[NameToken, ...]:
    """Split a file name without its ending into tokens, from left to right.

    >>> [(token.kind, token.text) for token in tokenize_name("Juno-60_C#3_v2_rr1")]
    [('word', 'juno'), ('number', '60'), ('note', 'c#3'), ('velocity', 'v2'), ('take', 'rr1')]
    >>> [token.kind for token in tokenize_name("A0v16")], [token.kind for token in tokenize_name("C4B4")]
    (['note', 'velocity'], ['note', 'note'])
    """
    text = _CAMEL.sub("_", unicodedata.normalize("NFC", stem)).lower()
    tokens: list[NameToken] = []
    at = end = 0
    while at < len(text):
        follows = tokens and at == end and text[at - 1].isdigit()
        match = (_AFTER_DIGIT if follows else _PART).match(text, at) if text[at].isalnum() else None
        if match is None:
            at += 1
            continue
        tokens.append(_part(match, text[end:at]))
        at = end = match.end()
    return tuple(tokens)


def _part(match: re.Match[str], gap: str) -> NameToken:
    found, text = match.groupdict(), match[0]
    if mark := found.get("mark") or found.get("spaced"):
        return NameToken(_KINDS[mark], text, int(found["count"]), gap=gap)
    if step := found.get("step"):
        return NameToken("note", text, int(found["octave"]), step, (found["sign"] or "").strip(" _-"), gap)
    if found.get("number") and len(text) <= 3:
        return NameToken("number", text, int(text), gap=gap)
    if found.get("dynamic") or found.get("counted") or found.get("lettered"):
        return NameToken("dynamic", re.sub("[ _-]", "", text), gap=gap)
    return NameToken("release" if found.get("release") else "word", text, gap=gap)


def join_octaves(stem: str) -> str:
    """Remove the space or underscore between a note's letter and its octave, as in "Piano C# 3".

    >>> join_octaves("Piano_C#_3"), join_octaves("Piano C 4 pp")
    ('Piano_C#3', 'Piano C4 pp')
    """
    return _APART.sub(r"\1\2", stem)


def dynamic_velocity(dynamic: str) -> int:
    """The MIDI velocity of a dynamic mark or word.

    >>> dynamic_velocity("mf"), dynamic_velocity("piano"), dynamic_velocity("mezzoforte")
    (80, 49, 80)
    """
    return DYNAMIC_VELOCITIES[(DYNAMIC_WORDS | LAYER_LETTERS).get(dynamic, dynamic)]
