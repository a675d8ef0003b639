"""PlayedKeys: notes and controllers from pages, ports and other programs, on their way to the engine.

Pages are told which keys are down.


pages, ports, OSC --> Hands --> EventQueue
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.panel.hands import Hands, Played
from nsynth_lab.panel.listeners import Listeners
from nsynth_lab.panel.messages.playing import Controller
from nsynth_lab.panel.messages.shown import Keys
from nsynth_lab.render.event_queue import EventQueue

MODULATION = 1  # controller
REST_SECONDS = 0.4


class PlayedKeys:
    """`play` what a page plays and `hear` what comes from elsewhere; from any thread."""

    def __init__(self, event_queue: EventQueue, listeners: Listeners) -> None:
        self._hands, self._queue, self._listeners = Hands(), event_queue, listeners
        self._wheel_at = 0.0  # when a modulation wheel has moved; 0 if it has been found at rest since

    @property
    def keys(self) -> Keys:
        """Which keys are down."""
        return self._hands.keys

    def holds(self, key: int) -> bool:
        """Whether a page holds a key down."""
        return self._hands.holds(key)

    def play(self, message: Played) -> None:
        """Play what a page asks for."""
        before = self._hands.keys
        self._queue.put(self._hands.events(message))
        self._note_wheel(isinstance(message, Controller) and message.number == MODULATION)
        self._tell_keys(before)

    def hear(self, seconds: float, events: Sequence[Event]) -> None:
        """Play what came from ports and other programs at `seconds` of `time.perf_counter`."""
        before = self._hands.keys
        self._queue.put_at(seconds, self._hands.of_ports(list(events)))
        self._note_wheel(any(event.kind is Kind.CONTROL and event.number == MODULATION for event in events))
        self._tell_keys(before)

    def lose_ports(self) -> None:
        """What ports hold down is let go."""
        self._queue.put(self._hands.lose_ports())
        self._listeners.tell(self._hands.keys)

    def wheel_has_come_to_rest(self) -> bool:
        """Whether a modulation wheel has moved and been left alone since; once for each time."""
        if not self._wheel_at or time.monotonic() - self._wheel_at < REST_SECONDS:
            return False
        self._wheel_at = 0.0
        return True

    def _note_wheel(self, has_moved: bool) -> None:
        if has_moved:
            self._wheel_at = time.monotonic()

    def _tell_keys(self, before: Keys) -> None:
        if (keys := self._hands.keys) != before:
            self._listeners.tell(keys)
