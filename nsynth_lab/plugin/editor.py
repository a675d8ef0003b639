"""Editor: the panel on one instance of the plugin, opened when somebody asks for it.

    page <-- socket --> Instrument --> HostStage --> the seat's bridge --> host
                             |
                          teller --> seat --> shell: the project's preset, and the parameters that have moved

What the page shows is what the host saves. The panel stays while the host begins new sessions, as each does that
bounces or changes its rate, and with it all that can be undone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Protocol

from nsynth_lab.panel.guard import LOOPBACK, Guard
from nsynth_lab.panel.instrument import Instrument
from nsynth_lab.panel.own_thread import OwnThread
from nsynth_lab.panel.server import Serving, address_of, listen, make_app
from nsynth_lab.panel.worker import WorkerShare
from nsynth_lab.patch import Patch
from nsynth_lab.patch.preset_file import format_preset
from nsynth_lab.plugin.bridge import Bridge
from nsynth_lab.plugin.host_stage import HostStage
from nsynth_lab.plugin.moves import with_moves
from nsynth_lab.plugin.parameters import PARAMETERS, values_of
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.session import Session

LOOK_SECONDS, REST_SECONDS = 0.05, 0.02
GOODBYE_SECONDS = 3.0
FIRST_TWO = ("x", "y")


class Host(Protocol):
    """The seat that an editor is attached to."""

    def keep(self, patch: Patch, moves: Mapping[int, float], text: str) -> None:
        """Tell the shell what its preset has become, and which parameters have moved."""

    def late(self, engine: Playing) -> None:
        """Tell the shell by how much an engine is late."""


class Editor:
    """The panel on what plays on `bridge`; `attach` it.

    Attributes:
        address: for a browser.
        gone_since: when the last session has ended, by `time.monotonic`; None during one.
    """

    def __init__(
        self, session: Session, bridge: Bridge, worker: WorkerShare, text: str, *, say: Callable[[str], None]
    ) -> None:
        self.gone_since: float | None = None
        self._say = say
        self._host: Host | None = None
        self._text, self._values = text, values_of(bridge.patch)
        self._seen: list[float | None] = [None] * len(PARAMETERS)
        self._stage = HostStage(bridge, worker, say=say)
        self._thread = OwnThread("teller", self._tell_all)
        self._stage.changed, self._stage.late = self._thread.wake, self._be_late
        self._instrument = Instrument(session, bridge.patch, stage=self._stage)
        with ExitStack() as stack:
            listener = stack.enter_context(listen(LOOPBACK, 0))
            port = listener.getsockname()[1]
            guard = Guard(LOOPBACK, port, secrets.token_urlsafe(32))  # a page of another track knows another one
            self.address = address_of(listener, guard)
            stack.enter_context(self._instrument)
            stack.enter_context(self._thread)
            self._serving = Serving(make_app(self._instrument, guard=guard), listener)
            self._stack = stack.pop_all()

    def attach(self, host: Host, bridge: Bridge, *, lead_seconds: float) -> None:
        """A session begins."""
        self._seen = [None] * len(PARAMETERS)
        self._stage.attach(bridge, lead_seconds=lead_seconds)
        self._host, self.gone_since = host, None

    def detach(self, host: Host) -> None:
        """Its session has ended; the next one may have begun before."""
        if self._host is host:
            self._host, self.gone_since = None, time.monotonic()
            self._stage.detach()

    def adopt(self, patch: Patch, text: str) -> None:
        """The host plays this preset: what it has been told last, or another one, which can be undone."""
        self._values = values_of(patch)
        if text != self._text:
            self._text = text
            self._stage.take_patch()
            self._instrument.adopt(patch)
        elif self._stage.has_news:
            self._instrument.renew()  # it has been changed between two sessions
        else:
            self._instrument.adopt()

    def close(self, *, wait: bool = False) -> None:
        """The instance has gone; everybody is told goodbye."""
        self._serving.end()
        if wait:
            self._serving.wait(GOODBYE_SECONDS)
        self._stack.close()

    def _be_late(self, engine: Playing) -> None:
        if (host := self._host) is not None:
            host.late(engine)

    def _tell_all(self) -> None:
        while self._thread.wait(LOOK_SECONDS):
            if (host := self._host) is not None and (bridge := self._stage.bridge) is not None:
                try:
                    self._hear(bridge)
                    self._tell(host, bridge)
                except Exception as error:  # of one change; the next ones are to be kept all the same
                    self._say(f"the project does not know of a change on the panel: {' '.join(str(error).split())}")
                time.sleep(REST_SECONDS)

    def _hear(self, bridge: Bridge) -> None:
        """Show what the host has moved."""
        moves = {}
        for index, value in enumerate(bridge.stands):
            if value is not None and value != self._seen[index]:
                moves[index] = self._seen[index] = value
        if moves and with_moves(self._instrument.patch, moves) is not self._instrument.patch:
            self._instrument.adjust(lambda patch: with_moves(patch, moves))
            bridge.patch = self._instrument.patch
            now = values_of(bridge.patch)
            self._values = tuple(now[index] if index in moves else value for index, value in enumerate(self._values))

    def _tell(self, host: Host, bridge: Bridge) -> None:
        """Tell the host what pages have changed."""
        place, patch = self._stage.take_place(), self._stage.take_patch()
        if patch is None and not place:
            return
        whole = self._instrument.patch
        now = values_of(whole)
        now = (*(place.get(name, value) for name, value in zip(FIRST_TWO, now, strict=False)), *now[len(FIRST_TWO) :])
        moves = {index: value for index, value in enumerate(now) if value != self._values[index]}
        text = self._text if patch is None else format_preset(patch)
        if moves or text != self._text:
            for index in moves:
                bridge.stands[index] = self._seen[index] = None
            self._values, self._text = now, text
            host.keep(whole, moves, text)
