"""What a reader or writer has to tell: what it left out, mended or found, each thing once with where it occurred."""

from __future__ import annotations

MOST_LINES, MOST_KEPT, MOST_PLACES = 12, 200, 4


class Lines:
    """`add` as things are met; `all` at the end.

    >>> lines = Lines("bar")
    >>> for bar in (3, 7): lines.add("slurs are left out", at=bar)
    >>> lines.add("lyrics are left out")
    >>> lines.all
    ('slurs are left out (bars 3, 7)', 'lyrics are left out')
    """

    def __init__(self, noun: str = "bar") -> None:
        self._noun = noun
        self._places: dict[str, dict[int, None]] = {}
        self._counts: dict[str, int] = {}

    def add(self, text: str, *, at: int | None = None, times: int = 1) -> None:
        """Note that something was met, `times` times, at a bar or line or, without one, somewhere."""
        if len(self._counts) >= MOST_KEPT and text not in self._counts:
            return
        self._counts[text] = self._counts.get(text, 0) + times
        if at is not None:
            self._places.setdefault(text, {})[at] = None

    @property
    def all(self) -> tuple[str, ...]:
        """One line for each thing."""
        lines = [text + self._where(text) for text in self._counts]
        more = len(lines) - MOST_LINES
        return tuple(lines if more <= 0 else [*lines[:MOST_LINES], f"and {more} more things"])

    def _where(self, text: str) -> str:
        places = list(self._places.get(text, {}))
        if not places:
            return f" ({self._counts[text]} times)" if self._counts[text] > 1 else ""
        named = ", ".join(map(str, places[:MOST_PLACES]))
        more = f" and {len(places) - MOST_PLACES} more" if len(places) > MOST_PLACES else ""
        return f" ({self._noun}{'s' * (len(places) > 1)} {named}{more})"
