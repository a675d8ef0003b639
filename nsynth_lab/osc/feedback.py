"""What changes, sent to another program: parameters by the addresses that also move them, and what the engine does."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self

from nsynth_lab.errors import UsageError
from nsynth_lab.osc.addresses import ROOT, address_of
from nsynth_lab.osc.packets import check_installed, write_packet
from nsynth_lab.synth.parameter_words import WORDS
from nsynth_lab.units import gain_to_db

if TYPE_CHECKING:
    from nsynth_lab.synth.player import Player

EVERY_SECONDS = 0.04
LOWEST_DB = -120.0

Look = Callable[[], Mapping[str, float]]


def values_of(player: Player, *, clock: int, voices: int, peak: float, load: float, underruns: int) -> dict[str, float]:
    """What is sent, by address: every parameter of the synth in its user's unit, tempo and beat, voices and level."""
    values = {address_of(word.name): word.outwards(getattr(player.settings, word.parameter)) for word in WORDS.values()}
    beats = player.beats
    return values | {
        f"{ROOT}tempo": beats.bpm,
        f"{ROOT}beat": float(math.floor(float(beats.song(clock)))),
        f"{ROOT}voices": float(voices),
        f"{ROOT}level_db": float(gain_to_db(peak, floor_db=LOWEST_DB)),
        f"{ROOT}load": load,
        f"{ROOT}underruns": float(underruns),
    }


class OscFeedback:
    """Sends what `look()` returns to `(host, port)`: all of it at first, then what has changed, 25 times a second.

    Raises:
        MissingError: python-osc is not installed.
        UsageError: there is no such address.
    """

    def __init__(self, endpoint: tuple[str, int], look: Look) -> None:
        check_installed()
        self._look, self._sent = look, dict[str, float]()
        try:
            found = socket.getaddrinfo(*endpoint, type=socket.SOCK_DGRAM)
        except OSError as error:
            raise UsageError(f"--osc-out: no such address as {endpoint[0]} ({error.strerror or error})") from error
        self._to = found[0][4]
        self._socket = socket.socket(found[0][0], socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc-out", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def send(self) -> None:
        """Send what has changed. Nobody need listen."""
        for address, value in self._look().items():
            if self._sent.get(address) != value:
                try:
                    self._socket.sendto(write_packet(address, [value]), self._to)
                except OSError:  # nobody listens, or the network is full: it is sent again
                    continue
                self._sent[address] = value

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self.send()
