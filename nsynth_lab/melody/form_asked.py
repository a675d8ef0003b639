"""Forms as musicians write them: AABB, ABAC, ABA'; which sections are written, and in which order they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from nsynth_lab.errors import UsageError
from nsynth_lab.wording import quoted

MOST_SECTIONS = 26
_SHAPE = re.compile(r"(?:[A-Z]'?)+")


@dataclass(frozen=True)
class Form:
    """A form.

    Attributes:
        letters: of the sections as they are played: A, B, A'.

    >>> form = parse_form("AABA'")
    >>> form.written, form.runs
    (('A', 'B', "A'"), (('A', 2), ('B', 1), ("A'", 1)))
    """

    letters: tuple[str, ...]

    @property
    def written(self) -> tuple[str, ...]:
        """Each different section, in the order in which they come."""
        return tuple(dict.fromkeys(self.letters))

    @property
    def runs(self) -> tuple[tuple[str, int], ...]:
        """Sections as they stand on paper, with how often each is played in a row."""
        return tuple((letter, len(list(same))) for letter, same in groupby(self.letters))


def parse_form(text: str) -> Form:
    """A form of a text.

    Raises:
        UsageError: it is none.
    """
    if not _SHAPE.fullmatch(text):
        raise UsageError(f"form {quoted(text)}; expected letters of sections such as AABB, ABAC or AABA'")
    letters = tuple(re.findall(r"[A-Z]'?", text))
    if len(letters) > MOST_SECTIONS:
        raise UsageError(f"form {quoted(text)} has {len(letters)} sections; expected at most {MOST_SECTIONS}")
    for place, letter in enumerate(letters):
        if letter.endswith("'") and letter[0] not in letters[:place]:
            raise UsageError(f"form {quoted(text)}: {letter} is a variation of {letter[0]}, which must come before it")
    return Form(letters)
