"""Live events: queued from any thread, then given the sample at which they are heard."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from nsynth_lab.midi.events import Event
from nsynth_lab.synth.engine import panic
from nsynth_lab.units import SAMPLE_RATE

MAX_WAITING = 50_000
FOLLOW = 0.02  # share of the clock error corrected per block


class EventQueue:
    """Events on their way from any thread to the engine's thread, each with its time of arrival."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Event]] = deque(maxlen=MAX_WAITING)
        self._overflowed = False

    def put_at(self, seconds: float, events: Iterable[Event]) -> None:
        """Add events that arrived at `seconds` of `time.perf_counter`."""
        for event in events:
            if len(self._waiting) >= MAX_WAITING:
                self._overflowed = True
            self._waiting.append((seconds, event))

    def put(self, events: Iterable[Event]) -> None:
        """Add events that are played now."""
        self.put_at(time.perf_counter(), events)

    def drain(self) -> list[tuple[float, Event]]:
        """All waiting events. If the queue overflowed, a panic comes first: a note-off may have been lost."""
        out = []
        if self._overflowed:
            self._overflowed = False
            out = [(time.perf_counter(), event) for event in panic()]
        while self._waiting:
            out.append(self._waiting.popleft())
        return out


class ClockFollower:
    """Converts seconds of the system clock to samples of the engine's clock.

    A device asks for blocks in bursts, but keeps its sample rate in the long run. So the offset between the clocks is
    followed slowly (a one-pole low-pass), and events keep their spacing: each is heard one block after it arrives.
    """

    def __init__(self, block_samples: int) -> None:
        self._block = block_samples
        self._offset: float | None = None

    def begin_block(self, clock: int, seconds: float) -> None:
        """Note that the engine begins the block at sample `clock` at `seconds`."""
        offset = seconds - clock / SAMPLE_RATE
        if self._offset is None or abs(offset - self._offset) > 0.25:
            self._offset = offset
        self._offset += FOLLOW * (offset - self._offset)

    def sample(self, seconds: float) -> int:
        """Sample at which an event that arrived at `seconds` is heard."""
        return round((seconds - (self._offset or 0.0)) * SAMPLE_RATE) + self._block
