"""Ableton Link: the tempo and beat of a session on the network, and whether it plays. The only door to LinkPython.

Link agrees with the other programs on a clock to within a fraction of a millisecond, so nothing is left to be filtered.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from nsynth_lab.errors import MissingError
from nsynth_lab.midi.events import Event, beat, run, tempo
from nsynth_lab.tempo import DEFAULT_BPM

BEATS_IN_A_BAR = 4.0  # what sessions agree on: where a bar of four begins
EVERY_SECONDS = 0.05
AT_ONCE_SECONDS, READINGS = 0.0002, 5

Send = Callable[[float, Sequence[Event]], object]


def check_installed() -> Any:
    """LinkPython.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import link
    except ImportError as error:
        raise MissingError(f"Ableton Link needs LinkPython: pip install 'nsynth-lab[link]' ({error})") from error
    return link


class LinkClock:
    """Joins the session of this network while it is a context; `send(seconds, events)` is told of tempo and beat.

    The song begins with the session's next bar, and again with a bar whenever the session's start is told; a stop is
    followed too, where the other programs send one. Nobody's tempo is changed.

    Raises:
        MissingError: LinkPython is not installed.
    """

    def __init__(self, send: Send, *, bpm: float = DEFAULT_BPM) -> None:
        self._send = send
        self._link: Any = check_installed().Link(bpm)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="link", daemon=True)
        self._begin_beat: float | None = None
        self._plays: bool | None = None
        self._runs = True
        self._was_alone = False
        self.bpm = bpm

    def __enter__(self) -> Self:
        self._link.startStopSyncEnabled = True
        self._link.enabled = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._link.enabled = False

    @property
    def peers(self) -> int:
        """How many other programs are in the session."""
        return int(self._link.numPeers())

    def troubles(self) -> list[str]:
        """A line when the last of the others has left, or nobody is there yet."""
        alone = self.peers == 0
        told = alone and not self._was_alone
        self._was_alone = alone
        return [f"nobody else is in the Link session; the tempo is {self.bpm:.1f}"] * told

    def look(self) -> None:
        """Send the tempo and beat of this moment."""
        state = self._link.captureSessionState()
        seconds, micros = self._moment()
        self.bpm = float(state.tempo())
        now = float(state.beatAtTime(micros, BEATS_IN_A_BAR))
        plays = bool(state.isPlaying())
        if self._begin_beat is None or (plays and self._plays is False):
            self._begin_beat, self._runs = math.ceil(now / BEATS_IN_A_BAR) * BEATS_IN_A_BAR, True
        elif self._plays and not plays:
            self._runs = False
        self._plays = plays
        self._send(seconds, [tempo(self.bpm), beat(now - self._begin_beat), run(self._runs)])

    def _moment(self) -> tuple[float, int]:
        """One moment on our clock and on Link's; read again where another program came in between."""
        for _ in range(READINGS):
            before = time.perf_counter()
            micros = int(self._link.clock().micros())
            after = time.perf_counter()
            if after - before < AT_ONCE_SECONDS:
                break
        return (before + after) / 2.0, micros

    def _follow(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self.look()
