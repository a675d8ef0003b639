"""MachineMidi: the MIDI ports of this machine, as pages choose them.

    port process --> Ports --> heard(seconds, events) --> Hands, EventQueue

The first page that asks has the ports watched from then on, so that all are told when one is plugged in. A MIDI clock
is heard on those that are listened to, and on a port of our own that is offered to other programs meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from nsynth_lab.errors import MidiError, NsynthLabError
from nsynth_lab.midi.events import Event
from nsynth_lab.midi.port_process import ALL
from nsynth_lab.midi.ports import Clock, Ports
from nsynth_lab.panel.messages.playing import Midi
from nsynth_lab.panel.messages.shown import MidiPorts

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
        self._clock: Clock | None = None
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

    def hear_clock(self, take: Clock | None) -> None:
        """Have the messages of a MIDI clock given to `take` from now on; to nobody, if None.

        Raises:
            MidiError: this machine has no MIDI.
        """
        with self._lock:
            self._clock = take
            if take is not None and not self._wanted:
                self._wanted = ALL
            if take is None and self._ports is None:
                return
            self._end()
            self._begin()
            problem = self._problem
        self._changed()
        if take is not None and problem:
            raise MidiError(problem)

    def _begin(self) -> None:
        try:
            ports = Ports(
                self._wanted, self._heard, on_lost=self._lost, on_change=self._changed, clock=self._clock,
                virtual=self._clock is not None, insist=False,
            )  # fmt: skip
        except NsynthLabError as error:
            self._problem = str(error)
        else:
            self._ports, self._problem = ports.__enter__(), ""

    def close(self) -> None:
        """Listen no more."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        ports, self._ports = self._ports, None
        if ports is not None:
            with suppress(OSError):
                ports.__exit__()
            self._lost()
