"""Followed: the clock of another program that the panel keeps to, as pages choose it, and how it is heard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

from nsynth_lab.midi.followed_clock import Following, Send, check_clock, following
from nsynth_lab.midi.ports import Clock

NOT_HEARD, STANDS, RUNS = STATES = ("not heard", "stands still", "runs")


class Followed:
    """`follow(name)` keeps to another clock from now on, `close` to none.

    `send(seconds, events)` is told of tempo, beat, start and stop; `listen(take)` has the ports heard by a MIDI clock.

    Attributes:
        name: of the clock, midi or link; empty if none is followed.
    """

    def __init__(self, send: Send, listen: Callable[[Clock | None], None]) -> None:
        self.name = ""
        self._send, self._listen = send, listen
        self._clock = Following()
        self._stack, self._lock = ExitStack(), threading.Lock()

    def follow(self, name: str, *, bpm: float) -> None:
        """Keep to the clock of that name; `bpm` is the tempo of a Link session that begins here.

        Raises:
            UsageError: an unknown one.
            MissingError, MidiError: it cannot be heard on this machine; then none is followed.
        """
        check_clock(name)
        with self._lock:
            self._end()
            with ExitStack() as stack:
                clock = stack.enter_context(following(name, self._send, bpm=bpm))
                if clock.take is not None:
                    stack.callback(self._listen, None)
                    self._listen(clock.take)
                self._stack, self._clock, self.name = stack.pop_all(), clock, name

    def state(self, *, runs: bool) -> str:
        """How it is heard, one of `STATES`; empty if none is followed."""
        if not self.name:
            return ""
        if not self._clock.is_heard():
            return NOT_HEARD
        return RUNS if runs else STANDS

    def troubles(self) -> list[str]:
        """What is wrong with it since the last call, a line each."""
        return self._clock.troubles()

    def close(self) -> None:
        """Keep to none."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self.name, self._clock = "", Following()
        self._stack.close()
