"""From the time at which something was played to the sample at which it is heard."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from nsynth_lab.midi.events import Event
from nsynth_lab.synth.engine import panic
from nsynth_lab.units import SAMPLE_RATE

MOST_WAITING = 50_000
FOLLOW = 0.02  # how fast the clock follows the device's pace


class EventQueue:
    """Events on their way from any thread to the engine's, with the time at which each arrived."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Event]] = deque(maxlen=MOST_WAITING)
        self._overfull = False

    def take(self, seconds: float, events: Iterable[Event]) -> None:
        """What arrived at `seconds` of `time.perf_counter`."""
        for event in events:
            if len(self._waiting) >= MOST_WAITING:
                self._overfull = True
            self._waiting.append((seconds, event))

    def put(self, events: Iterable[Event]) -> None:
        """What is played now."""
        self.take(time.perf_counter(), events)

    def drain(self) -> list[tuple[float, Event]]:
        """All that waits. Where too much came to keep, everything is silenced first: a note-off may be lost."""
        out = []
        if self._overfull:
            self._overfull = False
            out = [(time.perf_counter(), event) for event in panic()]
        while self._waiting:
            out.append(self._waiting.popleft())
        return out


class ClockFollower:
    """Seconds of the machine's clock to samples of the engine's.

    Blocks are asked for in bursts, but at the device's pace in the long run: the offset between the clocks is
    followed slowly, and an event is given the sample that belongs to it, one block later.
    """

    def __init__(self, block_samples: int) -> None:
        self._block = block_samples
        self._offset: float | None = None

    def begin_block(self, clock: int, seconds: float) -> None:
        """The engine is about to make the block at `clock`."""
        offset = seconds - clock / SAMPLE_RATE
        if self._offset is None or abs(offset - self._offset) > 0.25:
            self._offset = offset
        self._offset += FOLLOW * (offset - self._offset)

    def sample(self, seconds: float) -> int:
        """The sample at which something that arrived at `seconds` is heard."""
        return round((seconds - (self._offset or 0.0)) * SAMPLE_RATE) + self._block
