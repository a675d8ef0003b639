"""Seat: one instance's session with the engine, from the shell's hello until either has gone.

The socket has a thread, the bridge another one. Presets are built on the main thread, as plugins need it; what plays
goes on meanwhile. A preset that cannot be played is told in a line, and what played before goes on; where nothing did,
the session is silent. Its text stays with the shell, which saves it again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nsynth_lab.errors import NsynthLabError, PluginError
from nsynth_lab.folders import data_folder
from nsynth_lab.panel.engines import engine_of
from nsynth_lab.panel.switch import Switch
from nsynth_lab.panel.worker import Worker
from nsynth_lab.patch import Patch, parse_preset
from nsynth_lab.patch.library import OWN
from nsynth_lab.patch.preset_file import MAX_BYTES
from nsynth_lab.plugin.bridge import Bridge
from nsynth_lab.plugin.layout import FOLLOWED_SAMPLES, NUMBER
from nsynth_lab.plugin.memory import Memory
from nsynth_lab.plugin.parameters import PARAMETERS, values_of
from nsynth_lab.plugin.socket_frames import Frames
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.session import Session
from nsynth_lab.units import SAMPLE_RATE

if TYPE_CHECKING:
    from nsynth_lab.plugin.editor import Editor

PRESET, READY, SILENT = NUMBER["SAY_PRESET"], NUMBER["SAY_READY"], NUMBER["SAY_SILENT"]
VALUES, TROUBLE, USE = NUMBER["SAY_VALUES"], NUMBER["SAY_TROUBLE"], NUMBER["SAY_USE"]
PANEL, KEPT = NUMBER["SAY_PANEL"], NUMBER["SAY_KEPT"]
LONGEST_NAME = 100


class Seat:
    """`serve` until the shell has gone; `say` is told what the shell is told of troubles.

    `hello` is what the shell began with; `panel_wanted` is called with this seat when somebody wants to see its panel.

    Attributes:
        name: of the instance, the same in all its sessions.
        playing: the name of the preset that plays; empty without one.
        bridge: what makes its blocks, once a preset plays.
        editor: its panel, if one has been opened.
    """

    def __init__(
        self,
        frames: Frames,
        hello: str,
        session: Session,
        worker: Worker,
        *,
        say: Callable[[str], None],
        panel_wanted: Callable[[Seat], None],
    ) -> None:
        self._frames, self._session, self._worker, self._say = frames, session, worker, say
        self._panel_wanted = panel_wanted
        self.name = hello.partition("\n")[2][:LONGEST_NAME] or str(id(self))
        self.playing = ""
        self.bridge: Bridge | None = None
        self.editor: Editor | None = None
        self._serial, self._text, self._lead_seconds = "0", "", 0.0
        self._rate, self._followed_samples = SAMPLE_RATE, 0
        self._corners: tuple[str, ...] = ()  # in whose range the effect plays
        self._thread: threading.Thread | None = None
        self._gone = False
        self._changing = threading.Lock()

    def serve(self) -> None:
        """Until the shell has gone, or says what cannot be understood."""
        files = self._frames.files  # that came with the hello
        try:
            if len(files) != 3:
                raise PluginError("a plugin said hello without its memory; build and install it again")
            memory = Memory(files[0])
            while (heard := self._frames.hear()) is not None:
                kind, text = heard
                serial, _, preset = text.partition("\n")
                if kind == PRESET and serial.isdecimal():
                    self._worker.ask(f"preset {id(self)}", partial(self._play, memory, serial, preset))
                elif kind == PANEL:
                    self._panel_wanted(self)
        except NsynthLabError as error:
            self._trouble(str(error))
        finally:
            self._leave()

    def use(self, text: str) -> None:
        """Have the shell ask for this preset, so that the project keeps it."""
        self._frames.say(USE, text)

    def open(self) -> Editor:
        """Its panel, from now on.

        Raises:
            PluginError: nothing plays here.
        """
        from nsynth_lab.plugin.editor import Editor

        with self._changing:
            if self.bridge is None:
                raise PluginError("this track plays nothing yet; try again in a moment")
            if self.editor is None:
                share = self._worker.share(self.name)
                self.editor = Editor(self._session, self.bridge, share, self._text, say=self._say)
                self.editor.attach(self, self.bridge, lead_seconds=self._lead_seconds)
            return self.editor

    def keep(self, patch: Patch, moves: Mapping[int, float], text: str) -> None:
        """See `editor.Host`."""
        self.playing, self._text = patch.name, text
        self._suit(patch)
        pairs = (f"{index} {value:.9g}" for index, value in moves.items())
        self._frames.say(KEPT, " ".join([self._serial, *pairs]) + f"\n{text}")

    def late(self, engine: Playing) -> None:
        """See `editor.Host`."""
        self._frames.say(
            READY, f"{self._serial} {round((engine.delay_samples + self._followed_samples) * self._rate / SAMPLE_RATE)}"
        )

    def _play(self, memory: Memory, serial: str, text: str) -> None:
        """By the worker."""
        with self._changing:
            if self._gone:
                return
            try:
                patch = _parsed(text)
                engine = engine_of(self._session, patch)
            except Exception as error:  # a plugin of the preset may fail in any way
                self._trouble(f"the project's preset cannot be played; it is kept as it is: {_said(error)}")
                self._frames.say(SILENT if self.bridge is None else READY, f"{serial} 0")
                return
            self.playing, self._serial, self._text = patch.name, serial, text
            if self.bridge is None:
                self._begin(memory, engine, patch)
            else:
                self.bridge.stands = [None] * len(PARAMETERS)
                self.bridge.patch = patch
                self.bridge.change(engine)
                self._suit(patch)
            if self.editor is not None:
                self.editor.adopt(patch, text)
            self._frames.say(VALUES, " ".join([serial, *(f"{value:.9g}" for value in values_of(patch))]))
            self.late(engine)

    def _suit(self, patch: Patch) -> None:
        """Have the effect play in the range of these instruments from now on."""
        if self.bridge is not None and self.bridge.follower is not None and patch.blend.corners != self._corners:
            from nsynth_lab.plugin.follower import rules_for

            self._corners = patch.blend.corners
            self.bridge.follower.suit(rules_for(self._session, patch))

    def _begin(self, memory: Memory, engine: Playing, patch: Patch) -> None:
        self._rate, self._lead_seconds = memory.rate, memory.lead / memory.rate
        self.bridge = Bridge(memory, Switch(engine), patch, let_go=self._let_go)
        if memory.is_effect:
            from nsynth_lab.plugin.follower import Follower, rules_for

            self._corners = patch.blend.corners
            self.bridge.follower = Follower(self.bridge.engine, memory.rate, rules_for(self._session, patch))
            self.bridge.follower.join()
            self._followed_samples = FOLLOWED_SAMPLES
        _, asked, made = self._frames.files
        for file in (asked, made):
            os.set_blocking(file, False)
        self._thread = threading.Thread(target=self._run, args=(self.bridge, asked, made), name="bridge", daemon=True)
        self._thread.start()
        if self.editor is not None:
            self.editor.attach(self, self.bridge, lead_seconds=self._lead_seconds)

    def _run(self, bridge: Bridge, asked: int, made: int) -> None:
        try:
            bridge.run(asked, made)
        except Exception as error:  # one instance must not take the others with it
            self._trouble(f"the engine has failed: {_said(error)}")
        self._frames.close()

    def _let_go(self, engine: Playing) -> None:
        self._worker.ask(f"let go {id(engine)}", engine.let_go)

    def _leave(self) -> None:
        with self._changing:
            self._gone = True
            if self.editor is not None:
                self.editor.detach(self)
        if self.bridge is not None and self._thread is not None:
            self.bridge.stopping = True
            self._thread.join()
            self._worker.ask(f"let go {id(self)}", self.bridge.let_go)
            self.bridge = None
        self._frames.close()
        for file in self._frames.files:
            with suppress(OSError):
                os.close(file)

    def _trouble(self, line: str) -> None:
        self._say(line)
        self._frames.say(TROUBLE, line)


def _parsed(text: str) -> Patch:
    if len(text.encode()) > MAX_BYTES:
        raise PluginError(f"it is larger than {MAX_BYTES // 1024} KiB; not a preset")
    return replace(parse_preset(text), home=data_folder() / OWN)  # whose sound files lie beside the user's presets


def _said(error: Exception) -> str:
    said = str(error) if isinstance(error, NsynthLabError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())
