"""Written: the notes of both players as a sheet has them, while they are played."""

from __future__ import annotations

from collections import deque

from nsynth_lab.duet.listening import Key, key_struck, keys_lifted
from nsynth_lab.duet.partner import CHANNEL
from nsynth_lab.midi.events import Event
from nsynth_lab.units import SAMPLE_RATE

MOST = 200  # notes that are remembered, the latest
PLAYER, PARTNER = 0, 1
Row = tuple[float, float, int, int]


class Written:
    """`hear(event)` in order of time, on one thread; `rows` from any."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing has been played yet."""
        self._rows: deque[list[float]] = deque(maxlen=MOST)
        self._down: dict[Key, list[float]] = {}
        self._count = 0

    def hear(self, event: Event) -> None:
        """An event of either player."""
        seconds = event.at_sample / SAMPLE_RATE
        for key in keys_lifted(event, self._down):
            row = self._down.pop(key)
            row[1] = max(seconds - row[0], 1.0 / SAMPLE_RATE)
        struck = key_struck(event)
        if struck is not None:
            self._down[struck] = [seconds, 0.0, event.number, PARTNER if event.channel == CHANNEL else PLAYER]
            self._rows.append(self._down[struck])
            self._count += 1

    @property
    def rows(self) -> tuple[int, tuple[Row, ...]]:
        """How many notes came before, and the latest ones: when they began in seconds, how long they were, key, whose.

        A note that still sounds is 0 s long.
        """
        rows, count = self._rows.copy(), self._count
        return max(count - len(rows), 0), tuple((row[0], row[1], int(row[2]), int(row[3])) for row in rows)
