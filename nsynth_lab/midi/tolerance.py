"""What is wrong with a file that is read all the same, for the person who plays it."""

from __future__ import annotations

MOST_TOLD, MOST_KEPT = 8, 1000


class Warnings:
    """`add(text)` as faults are found, `told` at the end: each once, and not endlessly many.

    Attributes:
        where: goes before what is added, as 'track 2: '.
    """

    def __init__(self) -> None:
        self.where = ""
        self._texts: dict[str, int] = {}

    def add(self, text: str) -> None:
        """Something is wrong."""
        text = self.where + text
        if text in self._texts or len(self._texts) < MOST_KEPT:
            self._texts[text] = self._texts.get(text, 0) + 1

    @property
    def told(self) -> tuple[str, ...]:
        """A line each.

        >>> warnings = Warnings()
        >>> warnings.add("a time that is none"), warnings.add("a time that is none")
        (None, None)
        >>> warnings.told
        ('a time that is none (2 times)',)
        """
        lines = [f"{text} ({count} times)" if count > 1 else text for text, count in self._texts.items()]
        more = len(lines) - MOST_TOLD
        return tuple(lines if more <= 0 else [*lines[:MOST_TOLD], f"and {more} more faults"])
