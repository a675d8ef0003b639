"""Messages for the user from deep inside the program: warnings, and why something takes long.

Library code calls `emit`; whoever talks to the user calls `subscribe`, as the command line does. Without a subscriber
nothing is printed.
"""

from __future__ import annotations

from collections.abc import Callable

_subscribers: list[Callable[[str], None]] = []


def subscribe(show: Callable[[str], None]) -> None:
    """Call `show` with every line emitted from now on."""
    if show not in _subscribers:
        _subscribers.append(show)


def unsubscribe(show: Callable[[str], None]) -> None:
    """Call `show` no more."""
    if show in _subscribers:
        _subscribers.remove(show)


def emit(line: str) -> None:
    """Send one line to every subscriber."""
    for show in _subscribers:
        show(line)
