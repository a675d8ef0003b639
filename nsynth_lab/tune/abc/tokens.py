"""A line of ABC music -> tokens: (kind, the match). What no rule knows becomes a token of kind `other`.

Source: the ABC standard 2.1, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

NOTE = r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']{0,9}"
LENGTH = r"\d{0,4}(?:/+\d{0,4})?"
NUMBERS = r"\d{1,2}(?:[-,]\d{1,2}){0,8}"

TOKEN = re.compile(
    rf"""
      (?P<space>[\s`$\\]+)
    | (?P<quote>"[^"]*")
    | (?P<mark>![^!\s|:\[\]]{{1,40}}!)
    | (?P<field>\[[A-Za-z]:[^\]]*\])
    | (?P<ending>\[\s*(?P<numbers>{NUMBERS}))
    | (?P<bar>\.?(?:\[\||\||:)(?:\||:|\]|\[\|)*(?:[ ]*(?P<after>{NUMBERS}))?)
    | (?P<chord>\[(?P<inside>[^\]]*)\](?P<chord_length>{LENGTH}))
    | (?P<grace>\{{/?(?P<graces>[^}}]*)\}})
    | (?P<note>(?P<pitch>{NOTE})(?P<length>{LENGTH}))
    | (?P<rest>[zx](?P<rest_length>{LENGTH}))
    | (?P<bars_rest>[ZX](?P<bars>\d{{0,3}}))
    | (?P<spacer>y\d{{0,3}})
    | (?P<tuplet>\((?P<p>[2-9])(?::(?P<q>\d?))?(?::(?P<r>\d{{0,2}}))?)
    | (?P<slur>\.?\(|\))
    | (?P<broken>>{{1,3}}|<{{1,3}})
    | (?P<tie>\.?-)
    | (?P<overlay>&+)
    | (?P<letter>[H-Wh-w~.])
    | (?P<other>.)
    """,
    re.VERBOSE,
)
INSIDE = re.compile(rf"(?P<pitch>{NOTE})(?P<length>{LENGTH})(?P<tie>-?)")


def tokens(line: str) -> Iterator[tuple[str, re.Match[str]]]:
    """The tokens of one line of music.

    >>> [(kind, match[0]) for kind, match in tokens('|: "Am"^c>d (3efg a2-|1 a4 :|')][:4]
    [('bar', '|:'), ('space', ' '), ('quote', '"Am"'), ('note', '^c')]
    """
    kinds = TOKEN.groupindex
    for match in TOKEN.finditer(line):
        for kind in KINDS:
            if match[kinds[kind]] is not None:
                yield kind, match
                break


KINDS = (
    "note", "space", "bar", "quote", "grace", "tuplet", "broken", "tie", "letter", "rest", "chord", "ending", "field",
    "mark", "slur", "bars_rest", "spacer", "overlay", "other",
)  # fmt: skip
