"""PresentSound: the sound that pages edit; each change goes to the history, the engines and the listeners.

message --> changes --> History --> Engines: settings at once, or a new engine from the worker
                           |
                           +------> State --> listeners
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, setting
from nsynth_lab.model.bank import Bank
from nsynth_lab.panel.changes import changed
from nsynth_lab.panel.engines import Engines
from nsynth_lab.panel.history import History, Sound
from nsynth_lab.panel.listeners import Listeners
from nsynth_lab.panel.messages.playing import Corners, Open, Place, Redo, Set, Undo
from nsynth_lab.panel.messages.shown import State
from nsynth_lab.panel.plugins import check_plugins
from nsynth_lab.panel.recordings.names import check_recordings
from nsynth_lab.panel.shown import state_of
from nsynth_lab.patch import Patch
from nsynth_lab.patch.place import MAX_SOURCES
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.render.preset_synth import SYNTH, synth_value

SELDOM_SECONDS = 0.05  # between two states while a knob is being turned


class PresentSound:
    """What is played, and what may be done to it; from any thread, and always with `lock`, the instrument's own.

    Raises:
        NsynthLabError: of every method: it cannot be done.
    """

    def __init__(
        self,
        history: History,
        bank: Callable[[], Bank],
        event_queue: EventQueue,
        lock: AbstractContextManager[Any],
        listeners: Listeners,
        *,
        engines: Callable[[Callable[[str], None]], Engines],
    ) -> None:
        """`engines(refused)` makes what plays the history, and tells `refused` of what cannot be played.

        `bank()` is the session's as it is now: recordings come and go.
        """
        self._history, self._bank, self._queue, self._lock = history, bank, event_queue, lock
        self._listeners = listeners
        self._revision, self._told_at = 0, 0.0
        self._taken_out: dict[str, str] = {}
        self.engines = engines(self._refuse)

    @property
    def now(self) -> Sound:
        """The present sound, with the preset that it came from."""
        return self._history.now

    @property
    def patch(self) -> Patch:
        """The present sound."""
        with self._lock:
            return self._history.now.patch

    def state(self) -> State:
        """As pages are told."""
        with self._lock:
            return state_of(self._history, self._bank(), revision=self._revision, taken_out=self._taken_out)

    def handle(self, message: Any) -> None:
        """Change it as a page asks."""
        with self._lock:
            match message:
                case Place(keep=False):
                    self.engines.drag(_place(message))
                case Place() | Set():
                    self._move(message)
                case Undo():
                    self._history.undo()
                    self._follow()
                case Redo():
                    self._history.redo()
                    self._follow()
                case _:
                    now, whole = self._history.now, isinstance(message, Open)
                    sound = now._replace(patch=changed(now.patch, message))
                    if isinstance(message, Corners):  # another sound, which has still to be named
                        sound = sound._replace(preset="")
                    self.keep(Sound(sound.patch) if whole else sound, as_it_was=whole)

    def keep(self, sound: Sound, *, as_it_was: bool = False) -> None:
        """Play a new sound; `as_it_was` for exactly as it was saved, even if a finger is on the pad."""
        with self._lock:
            check_recordings(sound.patch, bank := self._bank())
            for name in sound.patch.blend.corners:
                bank.find(name)
            check_plugins(sound.patch)
            if as_it_was:
                self.engines.drop()
            self._history.keep(sound)
            self._follow(whole=as_it_was, again=True)

    def rename(self, sound: Sound) -> None:
        """The same sound under another name."""
        with self._lock:
            self._history.rename(sound)
            self._follow()

    def forget(self, preset: str) -> None:
        """A preset is gone: it stays as it is, but is no longer called so."""
        with self._lock:
            if self._history.now.preset == preset:
                self.rename(Sound(self._history.now.patch))

    def revise(self, change: Callable[[Patch], Patch]) -> None:
        """Apply a change that no message of a page describes."""
        with self._lock:
            now = self._history.now
            self.keep(now._replace(patch=change(now.patch)))

    def put(self, name: str, corner: int) -> None:
        """Put an instrument on a corner of the pad, counted from 0; beyond the last one on a new corner."""
        with self._lock:
            names = list(self._history.now.patch.blend.corners)
            corner = min(corner, len(names), MAX_SOURCES - 1)
            self.handle(Corners((*names[:corner], name, *names[corner + 1 :])))

    def replace(self, name: str, others: Sequence[str]) -> None:
        """Put others, or none, where an instrument stands on the pad now."""
        with self._lock:
            names = self._history.now.patch.blend.corners
            if name not in names:
                return
            left = tuple(one for corner in names for one in (others if corner == name else (corner,)))
            if not left:
                raise UsageError(f"'{name}' is all that plays: put another instrument on its corner first")
            self.handle(Corners(left))

    def adopt(self, patch: Patch | None) -> None:
        """Another engine plays this patch already, which can be undone; or, without a patch, the present sound."""
        with self._lock:
            if patch is not None:
                self._history.keep(Sound(patch))
            self.engines.have()
            self._tell_revised()

    def adjust(self, change: Callable[[Patch], Patch]) -> None:
        """It has been moved by somebody else, and is played so already; there is nothing to undo."""
        with self._lock:
            before = self._history.now
            self._history.adjust(change)
            self.engines.have(instead_of=before)
            self._tell_revised()

    def keep_wheel(self, x: float) -> None:
        """Where the modulation wheel of a keyboard has left the blend, it is kept as if a finger had."""
        with self._lock:
            patch = self._history.now.patch
            blend = patch.blend
            if blend.dims and not blend.is_weighted and not patch.midi and x != blend.position[0]:
                self._move(Place(x, (*blend.position, 0.5)[1], keep=True))

    def keep_moved(self, moved: Callable[[Patch], Patch | None]) -> None:
        """Keep what other programs have moved and left at rest, as if a page had; `moved` gives None for nothing."""
        with self._lock:
            now = self._history.now
            if (patch := moved(now.patch)) is not None:
                self._history.keep(now._replace(patch=patch))
                self._follow()

    def note_taken_out(self, taken_out: Mapping[str, str]) -> None:
        """Tell pages which effects have been taken out, and why, where that is news."""
        with self._lock:
            if taken_out != self._taken_out:
                self._taken_out = dict(taken_out)
                self._tell_revised()

    def _move(self, message: Place | Set) -> None:
        """What can be heard is heard at once, and stays if it is kept."""
        now = self._history.now
        sound = now._replace(patch=changed(now.patch, message))
        check_plugins(sound.patch)
        if isinstance(message, Place):
            self.engines.drop()
            self._queue.put(_place(message))
        elif message.target in SYNTH:
            self._queue.put([setting(*synth_value(message.target, message.value))])
        (self._history.keep if message.keep else self._history.show)(sound)
        self._follow(seldom=not message.keep)

    def _follow(self, *, whole: bool = False, seldom: bool = False, again: bool = False) -> None:
        """Play the sound that the history holds, and tell the listeners."""
        self.engines.follow(whole=whole, again=again)
        self._revision += 1
        if not seldom or time.monotonic() - self._told_at >= SELDOM_SECONDS:
            self._tell_state()

    def _refuse(self, line: str) -> None:
        self._listeners.say(line)
        self._tell_revised()

    def _tell_revised(self) -> None:
        self._revision += 1
        self._tell_state()

    def _tell_state(self) -> None:
        self._told_at = time.monotonic()
        self._listeners.tell(self.state())


def _place(message: Place) -> list[Event]:
    return [setting("x", message.x), setting("y", message.y)]
