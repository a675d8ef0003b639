"""Listens to MIDI ports in a process of its own: `-m nsynth_lab.midi.port_process API NAME WANTED CLOCK VIRTUAL`.

    stdout, one JSON object a line:  {"names": [all inputs], "open": [those being listened to], "virtual": whether there
                                      is a port for others to send to}                            whenever they change
                                     {"at": seconds of time.perf_counter, "bytes": "903c64"}      a message
                                     the same with "clock": name of its port                      a message of a clock

CLOCK is 1 to hear clocks too, VIRTUAL to offer a port called NAME to other programs, else 0.

stdin: another WANTED a line, to listen to other ports from then on; "" is none of them. The process ends when it does.

Why a process: rtmidi holds Python's interpreter lock while the system's MIDI answers, which would interrupt the music,
and on JACK it has been seen to crash when a port vanishes. Here it may do either.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import time
from typing import Any, cast

POLL_SECONDS = 0.05  # a port that vanishes and is back under its name within this time counts as never gone
CLOCK_MESSAGES = (0xF2, 0xF8, 0xFA, 0xFB, 0xFC)  # as in `midi.clock`, which brings NumPy
LONGEST_BYTES = 3  # anything longer is system exclusive, which the synth ignores
ALL = "all"


class PortWatcher:
    """Opens every port whose name contains `wanted` as it appears, and closes it when it vanishes; none if empty."""

    def __init__(self, api: int, name: str, wanted: str, *, clock: bool = False, virtual: bool = False) -> None:
        import rtmidi

        self._rtmidi, self._api, self._name, self._wanted, self._clock = rtmidi, api, name, wanted, clock
        self._probe = rtmidi.MidiIn(api, name=f"{name}-look")
        self._inputs: dict[str, Any] = {}
        self._reported: object = None
        self._offers, self._own = virtual, cast("Any", None)

    def refresh(self) -> None:
        """Look which ports there are, open and close accordingly, and report if anything has changed."""
        names = [name for name in self._probe.get_ports() if self._name not in name]
        wanted = [name for name in names if self._is_wanted(name)]
        for name in [name for name in self._inputs if name not in wanted]:
            with contextlib.suppress(Exception):
                self._inputs.pop(name).delete()
        for name in wanted:
            if name not in self._inputs:
                with contextlib.suppress(Exception):  # it may be gone again already
                    self._inputs[name] = self._open(name)
        state = {"names": names, "open": list(self._inputs), "virtual": self._own is not None}
        if state != self._reported:
            _report(state)
            self._reported = state
        if self._offers:  # after those that are waited for
            self._offers, self._own = False, self._virtual()

    def want(self, wanted: str) -> None:
        """Listen to these from the next `refresh` on."""
        self._wanted = wanted

    def _is_wanted(self, name: str) -> bool:
        return self._wanted == ALL or (self._wanted != "" and self._wanted.lower() in name.lower())

    def _virtual(self) -> Any:
        """A port of our own; None where the system has none, as Windows."""
        try:
            port = self._rtmidi.MidiIn(self._api, name=self._name)
            port.open_virtual_port(self._name)
        except Exception:
            return None
        return self._heard(port, self._name)

    def _open(self, name: str) -> Any:
        port = self._rtmidi.MidiIn(self._api, name=self._name)
        port.open_port(port.get_ports().index(name), name="in")
        return self._heard(port, name)

    def _heard(self, port: Any, name: str) -> Any:
        port.ignore_types(timing=not self._clock)
        port.set_callback(_on_message, name)
        return port


def _on_message(message: tuple[list[int], float], port: object) -> None:
    at, content = time.perf_counter(), message[0]
    if len(content) <= LONGEST_BYTES:
        clock = {"clock": port} if content[0] in CLOCK_MESSAGES else {}
        _report({"at": at, "bytes": bytes(content).hex(), **clock})


def _report(what: dict[str, Any]) -> None:
    """Write one whole line to stdout; safe from any thread."""
    os.write(sys.stdout.fileno(), (json.dumps(what) + "\n").encode())


def main() -> None:
    """Watch the ports until stdin ends."""
    api, name, wanted, clock, virtual = sys.argv[1:6]
    watcher = PortWatcher(int(api), name, wanted, clock=clock == "1", virtual=virtual == "1")
    while True:
        watcher.refresh()
        if select.select([sys.stdin], [], [], POLL_SECONDS)[0]:
            if not (line := sys.stdin.readline()):
                os._exit(0)  # there is nothing to clean up, and cleaning up is where the library crashes
            watcher.want(line.rstrip("\n"))


if __name__ == "__main__":
    main()
