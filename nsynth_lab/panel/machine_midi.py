"""MachineMidi: the MIDI ports of this machine, as pages choose them.

    port process --> Ports --> heard(seconds, events) --> Hands, EventQueue

The first page that asks has the ports watched from then on, so that all are told when one is plugged in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.midi.events import Event
from nsynth_lab.midi.ports import Ports
from nsynth_lab.panel.messages import Midi, MidiPorts

Heard = Callable[[float, list[Event]], None]


class MachineMidi:
    """`choose(message)` listens to other ports; `close` ends it.

    `heard` is called on a thread of its own with what is played, `lost` when a port has gone, `changed` when there are
    others.
    """

    def __init__(self, heard: Heard, *, lost: Callable[[], None], changed: Callable[[], None]) -> None:
        self._heard, self._lost, self._changed = heard, lost, changed
        self._ports: Ports | None = None
        self._wanted = self._problem = ""
        self._lock = threading.Lock()

    @property
    def ports(self) -> MidiPorts:
        """Which there are, and which are listened to."""
        ports = self._ports
        if ports is None:
            return MidiPorts(bool(self._problem), problem=self._problem)
        return MidiPorts(True, listen=self._wanted, names=tuple(ports.names), open=tuple(ports.open))

    def choose(self, message: Midi) -> None:
        """Listen to what a page has chosen; where this machine has no MIDI, `ports` says so."""
        with self._lock:
            self._wanted = message.listen
            if self._ports is None:
                self._begin()
            else:
                self._ports.choose(message.listen)
        self._changed()

    def _begin(self) -> None:
        try:
            ports = Ports(self._wanted, self._heard, on_lost=self._lost, on_change=self._changed, insist=False)
        except NsynthLabError as error:
            self._problem = str(error)
        else:
            self._ports, self._problem = ports.__enter__(), ""

    def close(self) -> None:
        """Listen no more."""
        with self._lock, suppress(OSError):
            if self._ports is not None:
                self._ports.__exit__()
            self._ports = None
