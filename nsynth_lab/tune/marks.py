"""Marks on notes, a row each: their name here, in ABC, and in MusicXML."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A mark.

    Attributes:
        name: here and in ABC, between exclamation marks.
        letter: ABC's letter for it; empty if there is none.
        group: the element of MusicXML's notations that holds it; empty if it is a notation itself.
        element: MusicXML's element.
        other_names: further names that ABC has for it.
    """

    name: str
    letter: str
    group: str
    element: str
    other_names: tuple[str, ...] = ()


MARKS = (
    Mark("staccato", ".", "articulations", "staccato"),
    Mark("accent", "L", "articulations", "accent", (">", "emphasis")),
    Mark("tenuto", "", "articulations", "tenuto"),
    Mark("breath", "", "articulations", "breath-mark"),
    Mark("wedge", "", "articulations", "staccatissimo"),
    Mark("roll", "~", "ornaments", "turn"),  # how an Irish roll is commonly shown
    Mark("trill", "T", "ornaments", "trill-mark"),
    Mark("lowermordent", "M", "ornaments", "mordent", ("mordent",)),
    Mark("uppermordent", "P", "ornaments", "inverted-mordent", ("pralltriller",)),
    Mark("invertedturn", "", "ornaments", "inverted-turn"),
    Mark("fermata", "H", "", "fermata"),
    Mark("arpeggio", "", "", "arpeggiate"),
    Mark("upbow", "u", "technical", "up-bow"),
    Mark("downbow", "v", "technical", "down-bow"),
    Mark("open", "", "technical", "open-string"),
    Mark("thumb", "", "technical", "thumb-position"),
    Mark("snap", "", "technical", "snap-pizzicato"),
    Mark("plus", "", "technical", "stopped", ("+",)),
)
BY_LETTER = {mark.letter: mark.name for mark in MARKS if mark.letter}
BY_NAME = {name: mark.name for mark in MARKS for name in (mark.name, *mark.other_names)} | {"turn": "roll"}
BY_ELEMENT = {mark.element: mark.name for mark in MARKS}
