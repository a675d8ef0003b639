"""Server: the seats of all instances, until the last one has been gone for a while."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from nsynth_lab.panel.worker import Worker
from nsynth_lab.plugin.layout import NUMBER
from nsynth_lab.plugin.seat import Seat
from nsynth_lab.plugin.socket_frames import Frames
from nsynth_lab.priority import never_for_long
from nsynth_lab.render.live import undisturbed
from nsynth_lab.render.session import Session
from nsynth_lab.version import __version__

HELLO, STATUS, USE = NUMBER["SAY_HELLO"], NUMBER["SAY_STATUS"], NUMBER["SAY_USE"]
MOST_SEATS = 256


class Server:
    """`serve(listening)` until no instance has been there for `linger_seconds`; `say` is told what goes wrong."""

    def __init__(self, session: Session, *, linger_seconds: float, say: Callable[[str], None]) -> None:
        self._session, self._linger, self._say = session, linger_seconds, say
        self._worker = Worker()
        self._seats: list[Seat] = []
        self._begun = self._last = time.monotonic()
        self._changing = threading.Lock()

    def serve(self, listening: socket.socket) -> None:
        """On the main thread, where plugins of presets are loaded."""
        threading.Thread(target=self._accept, args=(listening,), name="doorman", daemon=True).start()
        with undisturbed(), never_for_long(self._say), self._worker:
            self._worker.work_here(self._is_wanted)

    def _is_wanted(self) -> bool:
        with self._changing:
            return bool(self._seats) or time.monotonic() - self._last < self._linger

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._meet, args=(connection,), name="seat", daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        frames = Frames(connection)
        try:
            kind, text = frames.hear() or (0, "")
        except Exception:  # junk
            kind, text = 0, ""
        if kind == HELLO:
            self._seat(frames)
            return
        if kind == STATUS:
            frames.say(STATUS, json.dumps(self.status()))
        elif kind == USE:
            frames.say(USE, str(int(self._use(text))))
        frames.close()
        for file in frames.files:
            with suppress(OSError):
                os.close(file)

    def _seat(self, frames: Frames) -> None:
        seat = Seat(frames, self._session, self._worker, say=self._say)
        with self._changing:
            self._seats.append(seat)
        try:
            seat.serve()
        finally:
            with self._changing:
                self._seats.remove(seat)
                self._last = time.monotonic()

    def _use(self, text: str) -> bool:
        """Have a track play a preset; whether there is such a track."""
        track, _, preset = text.partition("\n")
        with self._changing:
            seats = self._seats[int(track) - 1 : int(track)] if track.isdecimal() and int(track) else []
        for seat in seats:
            seat.use(preset)
        return bool(seats)

    def status(self) -> dict[str, object]:
        """What `nsynth-lab plugin status` shows of it."""
        with self._changing:
            playing = [seat.playing for seat in self._seats]
        return {
            "version": __version__,
            "process": os.getpid(),
            "seconds": round(time.monotonic() - self._begun, 1),
            "playing": playing,
        }
