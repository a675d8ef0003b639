"""The port: OSC packets from other programs, bounded in length and number, and one line about what is refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event
from nsynth_lab.osc.addresses import Addresses, PresentAddresses
from nsynth_lab.osc.packets import LONGEST_BYTES, OscError, check_installed, read_packet
from nsynth_lab.wording import counted, quoted

HERE = "127.0.0.1"
MOST_A_SECOND = 5_000  # messages; what comes beyond is dropped, before it takes time from the engine
POLL_SECONDS = 0.2
BETWEEN_LINES_SECONDS = 5.0
WAITING_BYTES = 1 << 20  # that the system keeps while the music comes first

Receive = Callable[[float, Sequence[Event]], None]


def parse_endpoint(text: str, *, option: str = "--osc") -> tuple[str, int]:
    """A port, on this machine, or HOST:PORT.

    Raises:
        UsageError: neither.

    >>> parse_endpoint("9000"), parse_endpoint("0.0.0.0:9001")
    (('127.0.0.1', 9000), ('0.0.0.0', 9001))
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise UsageError(f"{option} {quoted(text)}; expected a port from 1 to 65535, such as 9000, or HOST:PORT")
    return host or HERE, int(port)


class OscServer:
    """Listens on `(host, port)` while it is a context; `receive(seconds, events)` is called on its own thread.

    `seconds` are those of `time.perf_counter` at which the events happen.

    Raises:
        MissingError: python-osc is not installed.
        UsageError: the port is taken, or there is no such address.
    """

    def __init__(self, endpoint: tuple[str, int], addresses: Addresses | PresentAddresses, receive: Receive) -> None:
        check_installed()
        self.received = self.refused = 0
        self._addresses, self._receive = addresses, receive
        self._socket = _bound(endpoint)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="osc", daemon=True)
        self._second, self._in_second = 0, 0
        self._line, self._told_refused, self._told_at = "", 0, -BETWEEN_LINES_SECONDS

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    def troubles(self) -> list[str]:
        """A line about what was refused since the last one; at most one in five seconds."""
        now, new = time.monotonic(), self.refused - self._told_refused
        if not new or now - self._told_at < BETWEEN_LINES_SECONDS:
            return []
        self._told_at, self._told_refused = now, self.refused
        return [self._line + (f" (and {counted(new - 1, 'packet')} more)" if new > 1 else "")]

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                packet, sender = self._socket.recvfrom(LONGEST_BYTES + 1)
            except TimeoutError:
                continue
            except OSError:  # on some systems an answer that nobody took is told here
                continue
            try:
                self._take(packet)
            except OscError as error:
                self._line = f"OSC from {sender[0]} refused: {error}"
                self.refused += 1

    def _take(self, packet: bytes) -> None:
        messages, now = read_packet(packet), time.perf_counter()
        if int(now) != self._second:
            self._second, self._in_second = int(now), 0
        self._in_second += len(messages)
        if self._in_second > MOST_A_SECOND:
            raise OscError(f"more than {MOST_A_SECOND} messages a second")
        for message in messages:
            self._receive(now + message.later_seconds, self._addresses.events(message))
            self.received += 1


def _bound(endpoint: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WAITING_BYTES)
        made.settimeout(POLL_SECONDS)
        made.bind(endpoint)
    except OSError as error:
        made.close()
        host, port = endpoint
        raise UsageError(
            f"--osc: cannot listen on {host}, UDP port {port} ({error.strerror or error}); choose another port, or "
            "close the program that has it"
        ) from error
    return made
