"""What a part has to tell a person whom it keeps waiting; the command line listens."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[str], None]] = []


def listen(hear: Callable[[str], None]) -> None:
    """Have `hear` called with every line that is told from now on."""
    if hear not in _listeners:
        _listeners.append(hear)


def tell(line: str) -> None:
    """Tell all who listen."""
    for hear in _listeners:
        hear(line)
