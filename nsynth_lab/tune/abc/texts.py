"""What a tune's fields say about it, its title and history and source, and which of its voices is taken."""

from __future__ import annotations

import re
import unicodedata

from nsynth_lab.tune.lines import Lines
from nsynth_lab.wording import quoted

LONGEST_TEXT, MOST_TEXTS = 2_000, 200
ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", "o": "\u030a",
    "c": "\u0327", "v": "\u030c", "u": "\u0306",
}  # fmt: skip
_ACCENTED = re.compile(r"""\\([`'^~"=ocvu])([A-Za-z])""")
_LETTERS = {
    r"\ss": "ß", r"\AE": "Æ", r"\ae": "æ", r"\OE": "Œ", r"\oe": "œ", r"\/O": "Ø", r"\/o": "ø", r"\%": "%", r"\&": "&",
}  # fmt: skip


def plain_text(text: str) -> str:
    r"""A field's text with ABC's accents made letters (the ABC standard 2.1, section 8.2).

    >>> plain_text(r"Sl\'ainte, 100\%")
    'Sláinte, 100%'
    """
    for written, letter in _LETTERS.items():
        text = text.replace(written, letter)
    return _ACCENTED.sub(lambda found: unicodedata.normalize("NFC", found[2] + ACCENTS[found[1]]), text)


def field_text(text: str) -> str:
    """A text as a field can hold it: one line, without what would begin a comment."""
    return " ".join(text.split()).replace("%", r"\%")


class Texts:
    """Title, and pairs of a field's letter and its text."""

    def __init__(self) -> None:
        self.title = ""
        self.about: list[tuple[str, str]] = []
        self._in_title = False

    def add(self, letter: str, value: str) -> None:
        """A field; a second title is a text like others."""
        value = plain_text(value)
        self._in_title = letter == "T" and not self.title
        if self._in_title:
            self.title = value[:LONGEST_TEXT]
        elif value and len(self.about) < MOST_TEXTS:
            self.about.append((letter, value[:LONGEST_TEXT]))

    def go_on(self, text: str) -> bool:
        """A line that continues the field before it; False if there is none."""
        text = plain_text(text)
        if self._in_title:
            self.title = f"{self.title} {text}"[:LONGEST_TEXT]
            return True
        if not self.about:
            return False
        letter, before = self.about[-1]
        self.about[-1] = (letter, f"{before} {text}"[:LONGEST_TEXT])
        return True


class Voices:
    """The first voice is taken; the others are silent."""

    def __init__(self, lines: Lines) -> None:
        self._taken: str | None = None
        self._now: str | None = None
        self._silent: set[str] = set()
        self._lines = lines

    def declare(self, value: str) -> None:
        """A V: field of the header."""
        self._taken = self._name(value) if self._taken is None else self._taken

    def change(self, value: str, *, begun: bool) -> None:
        """A V: field of the body; `begun` says whether notes stood before it."""
        self._now = self._name(value)
        if self._taken is None:
            self._taken = self._now if not begun else ""
        if not self.heard and self._now not in self._silent:
            self._silent.add(self._now)
            self._lines.add(f"voice {quoted(self._now)} is left out: a tune is one line of notes")

    @property
    def heard(self) -> bool:
        """Whether what comes now belongs to the voice that is taken."""
        return self._now is None or self._now == self._taken

    def _name(self, value: str) -> str:
        return value.split()[0] if value.split() else ""
