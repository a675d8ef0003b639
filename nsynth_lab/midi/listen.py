"""Hears MIDI ports in a process of its own: `python -m nsynth_lab.midi.listen API NAME WANTED`.

    stdout, a line of JSON each:  {"names": [all inputs], "open": [those that are heard]}   whenever they change
                                  {"at": seconds of time.perf_counter, "bytes": "903c64"}   a message

The library holds Python's interpreter while the system's MIDI answers, which would stop the music, and on JACK it has
been seen to crash when a port vanishes. Here it may do either. It ends when its stdin does.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import time
from typing import Any

LOOK_SECONDS = 0.05  # a port that is back under its name before the next look is taken for the one that was there
LONGEST_BYTES = 3  # what is longer is system exclusive, and says nothing to a synth
ALL = "all"


class Listener:
    """The ports whose name holds `wanted`, opened as they come and let go as they vanish."""

    def __init__(self, api: int, name: str, wanted: str) -> None:
        import rtmidi

        self._rtmidi, self._api, self._name, self._wanted = rtmidi, api, name, wanted
        self._look = rtmidi.MidiIn(api, name=f"{name}-look")
        self._inputs: dict[str, Any] = {}
        self._told: object = None

    def refresh(self) -> None:
        """See which ports there are, and tell if that has changed."""
        names = [name for name in self._look.get_ports() if self._name not in name]
        for name in [name for name in self._inputs if name not in names]:
            with contextlib.suppress(Exception):
                self._inputs.pop(name).delete()
        for name in names:
            if name not in self._inputs and (self._wanted == ALL or self._wanted.lower() in name.lower()):
                with contextlib.suppress(Exception):  # it may be gone again already
                    self._inputs[name] = self._opened(name)
        state = {"names": names, "open": list(self._inputs)}
        if state != self._told:
            _tell(state)
            self._told = state

    def _opened(self, name: str) -> Any:
        port = self._rtmidi.MidiIn(self._api, name=self._name)
        port.open_port(port.get_ports().index(name), name="in")
        port.set_callback(_heard)
        return port


def _heard(message: tuple[list[int], float], _data: object) -> None:
    if len(message[0]) <= LONGEST_BYTES:
        _tell({"at": time.perf_counter(), "bytes": bytes(message[0]).hex()})


def _tell(what: dict[str, Any]) -> None:
    """One whole line, from whichever thread."""
    os.write(sys.stdout.fileno(), (json.dumps(what) + "\n").encode())


def main() -> None:
    """Listen until stdin ends."""
    listener = Listener(int(sys.argv[1]), sys.argv[2], sys.argv[3])
    while True:
        listener.refresh()
        if select.select([sys.stdin], [], [], LOOK_SECONDS)[0] and not sys.stdin.readline():
            os._exit(0)  # nothing is left to be tidied up, and tidying up is where the library crashes


if __name__ == "__main__":
    main()
