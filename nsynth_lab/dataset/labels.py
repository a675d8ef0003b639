"""Labels of notes: the fields of one entry of `examples.json`, and an instrument's family guessed from its name.

A field that an entry lacks is taken from the note's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nsynth_lab.note import FAMILIES

QUALITIES = (
    "bright",
    "dark",
    "distortion",
    "fast_decay",
    "long_release",
    "multiphonic",
    "nonlinear_env",
    "percussive",
    "reverb",
    "tempo-synced",
)
NSYNTH_NAME = re.compile(
    r"(?P<instrument>(?P<family>[a-z][a-z_]*)_(?P<source>acoustic|electronic|synthetic)_(?P<number>\d{3}))"
    r"-(?P<pitch>\d{3})-(?P<velocity>\d{3})"
)
FAMILY_WORDS = """
bass: bass basses 808
brass: trumpet trumpets trombone trombones tuba horn horns cornet flugelhorn euphonium
flute: flutes piccolo recorder ocarina shakuhachi whistle panpipe panpipes quena
guitar: guitars banjo sitar koto shamisen ukulele mandolin lute oud
keyboard: keyboards keys piano pianos harpsichord clavinet clavichord rhodes wurlitzer
mallet: mallets vibraphone marimba xylophone glockenspiel celesta kalimba bells bell chimes timpani dulcimer
organ: organs hammond harmonium
reed: reeds sax saxophone saxes clarinet oboe bassoon accordion harmonica bagpipe bagpipes shanai duduk bandoneon
string: strings violin violins viola violas cello cellos contrabass fiddle harp erhu
synth_lead: synth lead pad saw square
vocal: vocals voice voices choir singer aahs oohs
"""
KNOWN_NOISE = re.compile(r"brass_acoustic_046-(08[4-9]|09\d|10[0-8])-\d{3}")


def clean(text: object, *, longest: int = 200) -> str:
    r"""Text from an untrusted file made safe to print: without control characters, of limited length.

    >>> clean("a\x1b[31mb"), clean(None)
    ('a[31mb', '')
    """
    return "".join(c for c in str("" if text is None else text)[:longest] if c.isprintable())


class UnusableNoteError(Exception):
    """A note that cannot be used; `kind` is one of `check.PROBLEM_KINDS`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def label_of(entry: dict[str, Any], named: dict[str, str], kind: str, known: tuple[str, ...]) -> str:
    """An entry's family or source (`kind`): its text field, else its index field, else the word in the note's name.

    Raises:
        UnusableNoteError: none of these is one of the `known` words.
    """
    index = entry.get(f"instrument_{kind}")
    by_index = known[index] if type(index) is int and 0 <= index < len(known) else None
    label = entry.get(f"instrument_{kind}_str") or by_index or named.get(kind)
    if label not in known:
        raise UnusableNoteError("label", f"its {kind} is '{clean(label)}'; expected one of {', '.join(known)}")
    return str(label)


def number_of(
    entry: dict[str, Any], named: dict[str, str], key: str, low: int, high: int, *, default: int | None = None
) -> int:
    """An integer from `low` to `high`: the entry's field, else the number in the note's name, else `default`.

    Raises:
        UnusableNoteError: there is none, or it is out of range.
    """
    value: Any = entry.get(key, named.get(key, default))
    if isinstance(value, list) and len(value) == 1:  # TFRecord exports write a number as a list of one
        value = value[0]
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise UnusableNoteError("label", f"it has no {key}, neither as a field nor in its name") from None
    if not low <= number <= high:
        raise UnusableNoteError("label", f"its {key} is {number}; expected {low} to {high}")
    return number


def qualities_of(entry: dict[str, Any]) -> Iterator[str]:
    """The names of the qualities that apply, from the entry's list of names or else from its ten flags."""
    names, flags = entry.get("qualities_str"), entry.get("qualities")
    if isinstance(names, list):
        yield from (name for name in QUALITIES if name in names)
    elif isinstance(flags, list):
        yield from (name for name, flag in zip(QUALITIES, flags, strict=False) if flag)


def guess_family(name: str) -> str:
    """The family of an instrument from the last word of its name that states one; empty if none does.

    >>> guess_family("My old Trumpet"), guess_family("bass clarinet"), guess_family("thing")
    ('brass', 'reed', '')
    """
    if "bass guitar" in name.lower():
        return "bass"
    words = [word for word in re.findall(r"[a-z0-9]+", name.lower()) if word in FAMILY_OF_WORD]
    return FAMILY_OF_WORD[words[-1]] if words else ""  # the noun comes last: bass clarinet, flute organ


def _family_of_word() -> dict[str, str]:
    rows = (line.split(": ") for line in FAMILY_WORDS.strip().splitlines())
    return {word: family for family, words in rows for word in (family, *words.split())}


FAMILY_OF_WORD = _family_of_word()
FAMILY_FOLDERS = {word for word in FAMILY_OF_WORD if word in FAMILIES or word.removesuffix("s") in FAMILIES}
