"""Lyrics of ABC: a w: line -> what is sung to each note, and back.

Source: the ABC standard 2.1, section 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nsynth_lab.tune.tune import HELD, TuneNote

NEXT_BAR, NOTHING = "|", "*"
LONGEST_SYLLABLE = 64
_SYLLABLE = re.compile(r"(?:\\-|[^\s\-_*|])+-?|[_*|]|-")


def syllables(text: str) -> list[str]:
    r"""The signs and syllables of a line; a syllable that its word goes on after ends with a hyphen.

    >>> syllables("O-ver the sea~to _ Skye | * la")
    ['O-', 'ver', 'the', 'sea to', '_', 'Skye', '|', '*', 'la']
    """
    found = []
    for sign in _SYLLABLE.findall(text):
        plain = sign.replace("\\-", "-").replace("~", " ")[:LONGEST_SYLLABLE]
        found.append(HELD if sign == "-" else plain)
    return found


def sung(bars: Sequence[Sequence[TuneNote]], text: str) -> tuple[list[list[str]], int]:
    """(what is sung to each note of some bars, empty where nothing is; how many syllables no note is left for)."""
    found = [["" for _ in bar] for bar in bars]
    places = [(bar, at) for bar, notes in enumerate(bars) for at, note in enumerate(notes) if note.pitch is not None]
    place, over = 0, 0
    for sign in syllables(text):
        if sign == NEXT_BAR:
            bar = places[place - 1][0] if place else -1
            while place < len(places) and places[place][0] <= bar:
                place += 1
            continue
        if place >= len(places):
            over += 1
            continue
        bar, at = places[place]
        found[bar][at] = "" if sign == NOTHING else sign
        place += 1
    return found, over


def words_line(notes: Sequence[TuneNote]) -> str:
    """The w: line of some notes, rests left out; empty if nothing is sung to them."""
    signs = [_written(note.lyric) for note in notes if note.pitch is not None]
    while signs and signs[-1] == NOTHING:
        signs.pop()
    text = ""
    for sign in signs:
        joined = text.endswith("-") and not text.endswith("\\-") and sign not in (HELD, NOTHING)
        text += sign if joined else f" {sign}"
    return f"w:{text}" if signs else ""


def _written(lyric: str) -> str:
    if lyric in ("", HELD):
        return lyric or NOTHING
    goes_on = lyric.endswith("-") and len(lyric) > 1
    text = lyric[:-1] if goes_on else lyric
    for sign in "-_*|%":
        text = text.replace(sign, "\\-" if sign == "-" else "")
    return "~".join(text.split()) + "-" * goes_on or NOTHING
