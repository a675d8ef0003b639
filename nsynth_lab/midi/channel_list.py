"""MIDI channels as musicians write them."""

from __future__ import annotations

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import CHANNELS


def channel_list(text: str) -> tuple[int, ...]:
    """Channels as musicians write them, from 1, as they are counted in messages, from 0.

    Raises:
        UsageError: something else.

    >>> channel_list("1,3-5")
    (0, 2, 3, 4)
    """
    channels: set[int] = set()
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        ends = [int(word) for word in (first, last if dash else first) if word.isascii() and word.isdigit()]
        if len(ends) < 2 or not 1 <= ends[0] <= ends[1] <= CHANNELS:
            raise UsageError(f"channels '{text}'; expected numbers from 1 to {CHANNELS}, such as 1,3-5")
        channels.update(range(ends[0] - 1, ends[1]))
    return tuple(sorted(channels))
