"""MIDI input ports: found by name, opened, lost and found again.

    `midi.port_process`, a process that hears the ports --> Parser --> receive(seconds, events)

python-rtmidi brings ALSA, JACK, CoreMIDI and Windows' own; the first that answers is used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, Self

from nsynth_lab.errors import MidiError, MissingError
from nsynth_lab.midi.events import Event
from nsynth_lab.midi.parse import Parser
from nsynth_lab.midi.port_process import ALL
from nsynth_lab.silence_stderr import silence_stderr

OWN_NAME = "nsynth-lab"
FIRST_SECONDS = 20.0
AGAIN_SECONDS = 0.5

Receive = Callable[[float, list[Event]], None]


class Ports:
    """All input ports whose name holds `wanted` ("all": every port there is), now and later.

    `receive(seconds, events)` hears of what arrives, on a thread of its own, with the `time.perf_counter` at which it
    did; `gone` of a port that vanished, so that no note of its hangs.

    Attributes:
        open: names of the ports that are open now.
        found, lost: how many ports were opened and vanished since the beginning.

    Raises:
        MissingError: python-rtmidi is not there.
        MidiError: no MIDI on this machine, or no such port at the beginning.
    """

    def __init__(self, wanted: str, receive: Receive, *, gone: Callable[[], None]) -> None:
        self.wanted, self._receive, self._gone = wanted, receive, gone
        self._api = _interface()[1]
        self.open: list[str] = []
        self.found = self.lost = 0
        self._names: list[str] = []
        self._parser = Parser()
        self._process: subprocess.Popen[str] | None = None
        self._told, self._ended = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._read_process, name="midi", daemon=True).start()
        self._told.wait(FIRST_SECONDS)
        if not self.open and self.wanted != ALL:
            self.__exit__()
            there = ", ".join(self._names) or "none"
            raise MidiError(f"no MIDI input is called '{self.wanted}'; there are: {there} (see `nsynth-lab devices`)")
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _read_process(self) -> None:
        """Hear the listening process, and begin another where one has ended before its time."""
        command = [sys.executable, "-m", "nsynth_lab.midi.port_process", str(self._api), OWN_NAME, self.wanted]
        pipe = subprocess.PIPE
        while not self._ended.is_set():
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
            for line in self._process.stdout or ():
                self._handle(json.loads(line))
            self._changed(self._names, [])
            self._ended.wait(AGAIN_SECONDS)

    def _handle(self, line: dict[str, Any]) -> None:
        if "bytes" in line:
            events = self._parser.feed(bytes.fromhex(line["bytes"]))
            if events:
                self._receive(float(line["at"]), events)
        else:
            self._changed(line["names"], line["open"])
            self._told.set()

    def _changed(self, names: list[str], now: list[str]) -> None:
        lost = set(self.open) - set(now)
        self.found += len(set(now) - set(self.open))
        self.lost += len(lost) * (not self._ended.is_set())
        self._names, self.open = names, now
        if lost:
            self._gone()


def input_names() -> list[str]:
    """MIDI inputs of this machine.

    Raises:
        MissingError, MidiError: as `Ports`.
    """
    rtmidi, api = _interface()
    look = rtmidi.MidiIn(api, name=f"{OWN_NAME}-look")
    try:
        return [name for name in look.get_ports() if OWN_NAME not in name]
    finally:
        look.delete()


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
            with silence_stderr():
                look = rtmidi.MidiIn(api, name=f"{OWN_NAME}-look")
        except Exception as error:  # rtmidi raises SystemError where a system has no MIDI
            said.append(f"{rtmidi.get_api_display_name(api)}: {' '.join(str(error).split())}")
            continue
        look.delete()
        return rtmidi, api
    raise MidiError(
        f"the system's MIDI does not answer ({'; '.join(said) or 'no interface'}); on Linux load the ALSA sequencer "
        "(modprobe snd-seq) or start JACK"
    )
