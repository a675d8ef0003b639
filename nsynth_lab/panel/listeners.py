"""Listeners: all who are told of every change of the instrument, such as pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from nsynth_lab.panel.messages.shown import Evolution, Keys, MidiPorts, Partner, Playing, Presets, State, Trouble

Told = State | Keys | MidiPorts | Partner | Playing | Presets | Evolution | Trouble
Tell = Callable[[Told], None]


class Listeners:
    """`tell(message)` tells all who have subscribed; from any thread. `lock` is the instrument's own."""

    def __init__(self, lock: AbstractContextManager[Any]) -> None:
        self._lock = lock
        self._all: list[Tell] = []

    def subscribe(self, tell: Tell) -> Callable[[], None]:
        """Call `tell` on every change from now on; returns a function that unsubscribes it.

        `tell` is called from any thread and must not block.
        """
        with self._lock:
            self._all.append(tell)
        return partial(self._unsubscribe, tell)

    def tell(self, message: Told) -> None:
        """Tell all who have subscribed."""
        with self._lock:
            for tell in tuple(self._all):
                tell(message)

    def say(self, line: str) -> None:
        """Tell them what has gone wrong."""
        self.tell(Trouble(line))

    def _unsubscribe(self, tell: Tell) -> None:
        with self._lock:
            if tell in self._all:
                self._all.remove(tell)
