"""MIDI input ports: found by name, opened, lost and found again.

    port's own thread: bytes -> Parser -> take(time, events)
    `midi.look`, a process: names of ports, whenever they change -> ports opened and let go

python-rtmidi brings ALSA, JACK, CoreMIDI and Windows' own; the first that answers is used.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from nsynth_lab.errors import MidiError, MissingError
from nsynth_lab.hush import hush
from nsynth_lab.midi.events import Event
from nsynth_lab.midi.parse import Parser

OWN_NAME = "nsynth-lab"
LOOKER = f"{OWN_NAME}-look"
ALL = "all"

Take = Callable[[float, list[Event]], None]


class Ports:
    """All input ports whose name holds `wanted` ("all": every port there is), now and later.

    `take(seconds, events)` hears of what arrives, on the port's own thread, with the `time.perf_counter` at which it
    did; `gone` of a port that vanished, so that no note of its hangs.

    Attributes:
        open: names of the ports that are open now.
        found, lost: how many ports were opened and vanished since the beginning.

    Raises:
        MissingError: python-rtmidi is not there.
        MidiError: no MIDI on this machine, or no such port at the beginning.
    """

    def __init__(self, wanted: str, take: Take, *, gone: Callable[[], None]) -> None:
        self.wanted, self._take, self._gone = wanted, take, gone
        self._rtmidi, self._api = _interface()
        self._inputs: dict[str, Any] = {}
        self.found = self.lost = 0
        self._looker: subprocess.Popen[str] | None = None

    @property
    def open(self) -> list[str]:
        """Names of the ports that are open now."""
        return list(self._inputs)

    def __enter__(self) -> Self:
        names = input_names()
        self._refresh(names)
        if not self._inputs and self.wanted != ALL:
            there = ", ".join(names) or "none"
            raise MidiError(f"no MIDI input is called '{self.wanted}'; there are: {there} (see `nsynth-lab devices`)")
        command = [sys.executable, "-m", "nsynth_lab.midi.look", str(self._api), LOOKER]
        pipe = subprocess.PIPE
        self._looker = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._watch, name="midi-ports", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._looker is not None:
            self._looker.terminate()
            self._looker.wait()
        for port in self._inputs.values():
            with contextlib.suppress(Exception):
                port.delete()

    def _watch(self) -> None:
        looker = self._looker
        for line in looker.stdout if looker is not None and looker.stdout is not None else ():
            with contextlib.suppress(Exception):  # a port may be gone again before it is opened
                self._refresh(_others(json.loads(line)))

    def _refresh(self, names: list[str]) -> None:
        for name in [name for name in self._inputs if name not in names]:
            with contextlib.suppress(Exception):
                self._inputs.pop(name).delete()
            self.lost += 1
            self._gone()
        for name in names:
            if name not in self._inputs and (self.wanted == ALL or self.wanted.lower() in name.lower()):
                self._inputs[name] = self._opened(name)
                self.found += 1

    def _opened(self, name: str) -> Any:
        parser = Parser()
        port = self._rtmidi.MidiIn(self._api, name=OWN_NAME)
        port.open_port(port.get_ports().index(name), name="in")

        def heard(message: tuple[list[int], float], _data: object) -> None:
            events = parser.feed(bytes(message[0]))
            if events:
                self._take(time.perf_counter(), events)

        port.set_callback(heard)
        return port


def input_names() -> list[str]:
    """MIDI inputs of this machine.

    Raises:
        MissingError, MidiError: as `Ports`.
    """
    rtmidi, api = _interface()
    look = rtmidi.MidiIn(api, name=LOOKER)
    try:
        return _others(look.get_ports())
    finally:
        look.delete()


def _others(names: list[str]) -> list[str]:
    """Ports that are not our own."""
    return [name for name in names if OWN_NAME not in name]


def _interface() -> tuple[Any, int]:
    """python-rtmidi, and the number of the first of the system's MIDI interfaces that answers."""
    try:
        import rtmidi
    except ImportError as error:
        raise MissingError(f"MIDI ports need python-rtmidi: pip install 'nsynth-lab[midi]' ({error})") from error
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    said = []
    for api in rtmidi.get_compiled_api():
        try:
            with hush():
                look = rtmidi.MidiIn(api, name=LOOKER)
        except Exception as error:  # rtmidi raises SystemError where a system has no MIDI
            said.append(f"{rtmidi.get_api_display_name(api)}: {' '.join(str(error).split())}")
            continue
        look.delete()
        return rtmidi, api
    raise MidiError(
        f"the system's MIDI does not answer ({'; '.join(said) or 'no interface'}); on Linux load the ALSA sequencer "
        "(modprobe snd-seq) or start JACK"
    )
