"""Collects what is wrong with a MIDI file that is played all the same."""

from __future__ import annotations

MOST_LINES, MOST_KEPT = 8, 1000


class FileWarnings:
    """`add(text)` as faults are found; `lines` at the end: each fault once, and only the first few.

    Attributes:
        prefix: put before every text added, such as 'track 2: '.
    """

    def __init__(self) -> None:
        self.prefix = ""
        self._counts: dict[str, int] = {}

    def add(self, text: str) -> None:
        """Note a fault."""
        text = self.prefix + text
        if text in self._counts or len(self._counts) < MOST_KEPT:
            self._counts[text] = self._counts.get(text, 0) + 1

    @property
    def lines(self) -> tuple[str, ...]:
        """One line per fault, with how often it occurred.

        >>> warnings = FileWarnings()
        >>> warnings.add("a key above 127 is left out"), warnings.add("a key above 127 is left out")
        (None, None)
        >>> warnings.lines
        ('a key above 127 is left out (2 times)',)
        """
        lines = [f"{text} ({count} times)" if count > 1 else text for text, count in self._counts.items()]
        more = len(lines) - MOST_LINES
        return tuple(lines if more <= 0 else [*lines[:MOST_LINES], f"and {more} more faults"])
