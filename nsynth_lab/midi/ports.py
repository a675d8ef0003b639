"""MIDI input ports: found by name, opened, lost and found again.

    port_process (a process that listens to the ports) --> Parser --> receive(seconds, events)

python-rtmidi supports ALSA, JACK, CoreMIDI and Windows; the first of the system's interfaces that works is used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from nsynth_lab.errors import MidiError, MissingError
from nsynth_lab.midi.events import Event
from nsynth_lab.midi.parse import Parser
from nsynth_lab.midi.port_process import ALL
from nsynth_lab.silence_stderr import silence_stderr

OWN_NAME = "nsynth-lab"
START_TIMEOUT_SECONDS = 20.0
RESTART_SECONDS, END_SECONDS = 0.5, 1.0

Receive = Callable[[float, list[Event]], None]
Clock = Callable[[float, bytes, str], object]


class Ports:
    """All input ports whose name contains `wanted` ("all": every port, "": none), including those connected later.

    `receive(seconds, events)` is called on a thread of its own with everything that arrives and the
    `time.perf_counter` of its arrival; `on_lost()` whenever a port vanishes, so that its notes can be released;
    `on_change()` whenever there are other ports, or others are open; `clock(seconds, message, port)` with the messages
    of a MIDI clock (see `midi.clock`), if it is given. Without `insist` nothing waits for them. With `virtual` other
    programs are offered a port of our own.

    Attributes:
        names: of all ports that there are.
        open: names of the ports that are open now.
        has_virtual: whether the port of our own is there.
        found, lost: how many ports have been opened, and how many have vanished.

    Raises:
        MissingError: python-rtmidi is not installed.
        MidiError: this machine has no MIDI, or at the start no such port.
    """

    def __init__(
        self,
        wanted: str,
        receive: Receive,
        *,
        on_lost: Callable[[], None],
        on_change: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
        virtual: bool = False,
        insist: bool = True,
    ) -> None:
        self.wanted, self._receive, self._on_lost = wanted, receive, on_lost
        self._on_change, self._insist, self._clock = on_change, insist, clock
        self._virtual, self.has_virtual = virtual, False
        self._api = _interface()[1]
        self.open: list[str] = []
        self.found = self.lost = 0
        self.names: list[str] = []
        self._parser = Parser()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._read_process, name="midi", daemon=True)
        self._started, self._ended = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._insist:
            return self
        self._started.wait(START_TIMEOUT_SECONDS)
        if not self.open and self.wanted != ALL:
            self.__exit__()
            there = ", ".join(self.names) or "none"
            raise MidiError(f"no MIDI input is called '{self.wanted}'; there are: {there} (see `nsynth-lab devices`)")
        return self

    def choose(self, wanted: str) -> None:
        """Listen to the ports whose name contains `wanted` from now on, as if it had been said at the start."""
        self.wanted = " ".join(wanted.split())
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError, ValueError):  # it has just ended, and the next one is told at its start
                process.stdin.write(f"{self.wanted}\n")
                process.stdin.flush()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._thread.join(END_SECONDS)

    def _read_process(self) -> None:
        """Read what the port process reports; if it ends, start another."""
        pipe = subprocess.PIPE
        while not self._ended.is_set():
            wanted, flags = self.wanted, [str(int(flag)) for flag in (self._clock is not None, self._virtual)]
            command = [sys.executable, "-m", "nsynth_lab.midi.port_process", str(self._api), OWN_NAME, wanted, *flags]
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
            if self.wanted != wanted:  # it has been chosen meanwhile
                self.choose(self.wanted)
            for line in self._process.stdout or ():
                self._handle(json.loads(line))
            self._update(self.names, [])
            for end in filter(None, (self._process.stdin, self._process.stdout)):
                with suppress(OSError):
                    end.close()
            self._ended.wait(RESTART_SECONDS)

    def _handle(self, line: dict[str, Any]) -> None:
        if "clock" in line:
            if self._clock is not None:
                self._clock(float(line["at"]), bytes.fromhex(line["bytes"]), str(line["clock"]))
        elif "bytes" in line:
            events = self._parser.feed(bytes.fromhex(line["bytes"]))
            if events:
                self._receive(float(line["at"]), events)
        else:
            self.has_virtual = bool(line["virtual"])
            self._update(line["names"], line["open"])
            self._started.set()

    def _update(self, names: list[str], now_open: list[str]) -> None:
        lost = set(self.open) - set(now_open)
        self.found += len(set(now_open) - set(self.open))
        self.lost += len(lost) * (not self._ended.is_set())
        self.names, self.open = names, now_open
        if lost:
            self._on_lost()
        self._on_change()


def input_names() -> list[str]:
    """Names of this machine's MIDI inputs.

    Raises:
        MissingError, MidiError: as `Ports`.
    """
    rtmidi, api = _interface()
    probe = rtmidi.MidiIn(api, name=f"{OWN_NAME}-look")
    try:
        return [name for name in probe.get_ports() if OWN_NAME not in name]
    finally:
        probe.delete()


def _interface() -> tuple[Any, int]:
    """python-rtmidi, and its number for the first of the system's MIDI interfaces that works."""
    try:
        import rtmidi
    except ImportError as error:
        raise MissingError(f"MIDI ports need python-rtmidi: pip install 'nsynth-lab[midi]' ({error})") from error
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    failures = []
    for api in rtmidi.get_compiled_api():
        try:
            with silence_stderr():
                probe = rtmidi.MidiIn(api, name=f"{OWN_NAME}-look")
        except Exception as error:  # rtmidi raises SystemError on a system without MIDI
            failures.append(f"{rtmidi.get_api_display_name(api)}: {' '.join(str(error).split())}")
            continue
        probe.delete()
        return rtmidi, api
    raise MidiError(
        f"the system's MIDI does not answer ({'; '.join(failures) or 'no interface'}); on Linux load the ALSA "
        "sequencer (modprobe snd-seq) or start JACK"
    )
