"""Server: the seats of all instances, until the last one has been gone for a while."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from nsynth_lab.panel.worker import Worker
from nsynth_lab.plugin.layout import NUMBER
from nsynth_lab.plugin.seat import Seat
from nsynth_lab.plugin.socket_frames import Frames
from nsynth_lab.priority import never_for_long
from nsynth_lab.render.live import undisturbed
from nsynth_lab.render.session import Session
from nsynth_lab.version import __version__

if TYPE_CHECKING:
    from nsynth_lab.plugin.editor import Editor

HELLO, STATUS = NUMBER["SAY_HELLO"], NUMBER["SAY_STATUS"]
USE, PANEL = NUMBER["SAY_USE"], NUMBER["SAY_PANEL"]
FORGOTTEN_SECONDS = 10.0  # after which the panel of an instance that has gone is closed


class Server:
    """`serve(listening)` until no instance has been there for `linger_seconds`; `say` is told what goes wrong."""

    def __init__(self, session: Session, *, linger_seconds: float, say: Callable[[str], None]) -> None:
        self._session, self._linger, self._say = session, linger_seconds, say
        self._worker = Worker()
        self._seats: list[Seat] = []
        self._editors: dict[str, Editor] = {}
        self._opening = threading.Lock()
        self._begun = self._last = time.monotonic()
        self._changing = threading.Lock()

    def serve(self, listening: socket.socket) -> None:
        """On the main thread, where plugins of presets are loaded."""
        threading.Thread(target=self._accept, args=(listening,), name="doorman", daemon=True).start()
        with undisturbed(), never_for_long(self._say), self._worker:
            self._worker.work_here(self._is_wanted)
            for editor in self._editors.values():
                editor.close(wait=True)

    def _is_wanted(self) -> bool:
        self._forget_editors()
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
            self._seat(frames, text)
            return
        if kind == STATUS:
            frames.say(STATUS, json.dumps(self.status()))
        elif kind == USE:
            frames.say(USE, str(int(self._use(text))))
        elif kind == PANEL:
            frames.say(PANEL, json.dumps(self._panel(text)))
        frames.close()
        for file in frames.files:
            with suppress(OSError):
                os.close(file)

    def _seat(self, frames: Frames, hello: str) -> None:
        seat = Seat(frames, hello, self._session, self._worker, say=self._say, panel_wanted=self._show)
        with self._changing:
            seat.editor = self._editors.get(seat.name)
            before = [place for place, other in enumerate(self._seats) if other.name == seat.name]
            for place in before:  # whose session has ended, though it has not left yet
                self._seats[place] = seat
            if not before:
                self._seats.append(seat)
        try:
            seat.serve()
        finally:
            with self._changing:
                self._seats = [other for other in self._seats if other is not seat]
                self._last = time.monotonic()

    def _use(self, text: str) -> bool:
        """Have a track play a preset; whether there is such a track."""
        track, _, preset = text.partition("\n")
        if (seat := self._seat_of(track)) is not None:
            seat.use(preset)
        return seat is not None

    def _seat_of(self, track: str) -> Seat | None:
        with self._changing:
            return next(iter(self._seats[int(track) - 1 :]), None) if track.isdecimal() and int(track) else None

    def _panel(self, track: str) -> dict[str, str]:
        """The address of a track's panel, or what is wrong; neither, if there is no such track."""
        if (seat := self._seat_of(track)) is None:
            return {}
        try:
            return {"address": self._opened(seat).address}
        except Exception as error:
            return {"problem": " ".join(f"{error}".split())}

    def _opened(self, seat: Seat) -> Editor:
        with self._opening:
            editor = seat.open()
            with self._changing:
                self._editors[seat.name] = editor
            return editor

    def _show(self, seat: Seat) -> None:
        """Have the browser show a seat's panel; does not wait."""
        threading.Thread(target=self._show_now, args=(seat,), name="panel", daemon=True).start()

    def _show_now(self, seat: Seat) -> None:
        try:
            from nsynth_lab.panel.browser_window import open_window

            address = self._opened(seat).address
            if not open_window(address):
                self._say(f"open the panel in a browser, for there is no display here: {address}")
        except Exception as error:
            self._say(f"the panel cannot be opened: {' '.join(str(error).split())}")

    def _forget_editors(self) -> None:
        """Close the panels of instances that have gone for good."""
        with self._changing:
            gone = [name for name, editor in self._editors.items() if self._has_gone(editor)]
            forgotten = [self._editors.pop(name) for name in gone]
        for editor in forgotten:
            editor.close()

    @staticmethod
    def _has_gone(editor: Editor) -> bool:
        return editor.gone_since is not None and time.monotonic() - editor.gone_since > FORGOTTEN_SECONDS

    def status(self) -> dict[str, object]:
        """What `nsynth-lab plugin status` shows of it."""
        with self._changing:
            playing = [seat.playing for seat in self._seats]
            panels = [seat.editor.address if seat.editor else "" for seat in self._seats]
        return {
            "version": __version__,
            "process": os.getpid(),
            "seconds": round(time.monotonic() - self._begun, 1),
            "playing": playing,
            "panels": panels,
        }
