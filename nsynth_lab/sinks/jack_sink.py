"""JackSink: plays blocks through JACK, or PipeWire in its place, from ports of its own. The only door to JACK-Client.

    engine's thread: write(block) --> Ring --> JACK's thread: the process callback copies what it is asked for

JACK says how many samples it wants at a time, whatever the block of the engine. If the server ends, `write` discards
blocks at the pace of the clock, and looks for a server until there is one.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np

from nsynth_lab.errors import DeviceError, MissingError
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sinks.ring import Ring
from nsynth_lab.units import SAMPLE_RATE, FloatArray

CLIENT = "nsynth-lab"
SIDES = ("left", "right")
BLOCKS_AHEAD = {"low": 2, "high": 4}
POLL_SECONDS, RETRY_SECONDS = 0.0003, 1.0
LONGEST_NAME = 60

Blocks = Callable[[], Sequence[FloatArray]]


def load_jack() -> Any:
    """JACK-Client.

    Raises:
        MissingError: it is not installed, or JACK's library is not.
    """
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    try:
        import jack
    except (ImportError, OSError) as error:
        raise MissingError(
            "--jack needs JACK-Client and JACK's library: pip install 'nsynth-lab[jack]', apt-get install "
            f"libjack-jackd2-0 ({error})"
        ) from error
    jack.set_error_function(lambda _: None)
    jack.set_info_function(lambda _: None)
    return jack


class JackSink:
    """`with JackSink(...) as sink: sink.write(block)`: a `LiveSink` with a pair of ports for each of `names`.

    `write` takes the mix [2, block_samples]; `blocks()`, if given, says what each of the names plays in it. The ports
    are connected to the outputs of the sound card, where there are any.

    Attributes:
        ring: blocks waiting to be played; it counts underruns.
        lost, found: how often the server has ended and come back.
        away: whether it is missing now.

    Raises:
        MissingError: JACK-Client or JACK's library is not installed.
        DeviceError: no server answers, or it does not run at 48 kHz.
    """

    def __init__(
        self,
        names: Sequence[str] = ("out",),
        *,
        block_samples: int,
        latency: str = "low",
        blocks: Blocks | None = None,
        begin: Callable[[], object] = lambda: None,
    ) -> None:
        self.block_samples, self.block_seconds = block_samples, block_samples / SAMPLE_RATE
        self.lost = self.found = self._xruns = 0
        self.away = False
        self._names, self._blocks, self._begin, self._latency = tuple(names), blocks, begin, latency
        self._client: Any = None
        self._ended = self._started = False
        self._ahead, self._server_samples = BLOCKS_AHEAD[latency], 0
        self._clock = self._last_attempt = 0.0
        self._ring = Ring(1, block_samples=block_samples)

    @property
    def latency_seconds(self) -> float:
        """Time from writing a block to hearing it, as far as JACK says."""
        return self._ahead * self.block_seconds + self._server_samples / SAMPLE_RATE

    @property
    def underruns(self) -> int:
        """Blocks that were not there when JACK asked for them, and times that JACK itself was late."""
        return self._ring.underruns + self._xruns

    @property
    def starving(self) -> bool:
        """Whether the next block is almost too late."""
        return not self.away and self._ring.filled < 1

    def write(self, block: FloatArray) -> None:
        """Queue the next block [2, block_samples]; waits while enough are queued."""
        if self._ended:
            self._lose_server()
        if self.away:
            self._discard_block()
            return
        parts = self._blocks() if self._blocks is not None else [block]
        self._ring.push(np.concatenate(parts))
        self._started = self._started or self._ring.filled >= self._ahead
        while self._ring.filled >= self._ahead and not self._ended:
            time.sleep(POLL_SECONDS)

    def end(self) -> None:
        """No more blocks will come: those waiting are still played, and running out of them is no underrun."""
        self._ring.ending = True

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        until = time.monotonic() + self.latency_seconds + self.block_seconds
        while kind is None and self._ring.filled and not self._ended and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
        self._close()

    def _open(self) -> None:
        jack = load_jack()
        try:
            with silence_stderr():
                client = jack.Client(CLIENT, no_start_server=True)
        except jack.JackError as error:
            raise DeviceError(
                "no JACK server answers; start one (jackd, or a desktop with PipeWire's JACK), or leave out --jack"
            ) from error
        try:
            if client.samplerate != SAMPLE_RATE:
                raise DeviceError(f"JACK runs at {client.samplerate} Hz; start it at {SAMPLE_RATE} Hz")
            self._ended = self._started = False
            self._prepare(client)
        except BaseException:
            client.close()
            raise

    def _prepare(self, client: Any) -> None:
        wanted = client.blocksize
        self._ahead = BLOCKS_AHEAD[self._latency] + math.ceil(wanted / self.block_samples) - 1
        self._server_samples = wanted
        before = self._ring.underruns
        self._ring = Ring(self._ahead + 2, block_samples=self.block_samples, channels=2 * len(self._names))
        self._ring.underruns = before
        ports = [client.outports.register(f"{name[:LONGEST_NAME]} {side}") for name in self._names for side in SIDES]
        taker, begun = _Taker(self._ring, most=max(wanted, self.block_samples)), False

        def process(samples: int) -> None:
            nonlocal begun
            if not begun:
                begun = True
                self._begin()
            sound = taker.take(samples) if self._started else taker.silence(samples)
            for number, port in enumerate(ports):
                port.get_array()[:] = sound[:, number]

        def xrun(_: float) -> None:
            self._xruns += 1

        def shutdown(*_: object) -> None:
            self._ended = True

        client.set_process_callback(process)
        client.set_xrun_callback(xrun)
        client.set_shutdown_callback(shutdown)
        client.set_blocksize_callback(taker.make_room)
        client.activate()
        self._client = client
        heard = client.get_ports(is_physical=True, is_input=True, is_audio=True)[:2]
        for number, port in enumerate(ports):
            if heard:
                client.connect(port, heard[number % len(heard)])

    def _lose_server(self) -> None:
        self._close()
        self.lost += 1
        self._ended, self.away = False, True
        self._clock = self._last_attempt = time.monotonic()

    def _discard_block(self) -> None:
        """Without a server: wait for the duration of a block, and look for a server once a second."""
        self._clock += self.block_seconds
        time.sleep(max(0.0, self._clock - time.monotonic()))
        if time.monotonic() - self._last_attempt < RETRY_SECONDS:
            return
        with suppress(DeviceError):
            self._open()
            self.away = False
            self.found += 1
        self._last_attempt = time.monotonic()

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with silence_stderr(), suppress(Exception):  # a server that has ended answers no more
                client.deactivate()
                client.close()


class _Taker:
    """As many samples as are asked for, from the blocks of a ring; nothing is allocated while it plays."""

    def __init__(self, ring: Ring, *, most: int) -> None:
        self._ring = ring
        self._block = np.zeros((ring.block_samples, ring.channels), np.float32)
        self._left = 0  # samples of the block that have not been taken
        self._out = np.zeros((most, ring.channels), np.float32)

    def make_room(self, samples: int) -> None:
        """JACK will ask for so many."""
        if samples > len(self._out):
            self._out = np.zeros((samples, self._ring.channels), np.float32)

    def silence(self, samples: int) -> FloatArray:
        """Silence [samples, channels], before there are blocks."""
        self._out[:samples] = 0.0
        return self._out[:samples]

    def take(self, samples: int) -> FloatArray:
        """The next samples [samples, channels]; silence where there are none, which counts as an underrun."""
        done = 0
        while done < samples:
            if not self._left:
                self._ring.pop(self._block)
                self._left = len(self._block)
            count = min(self._left, samples - done)
            begin = len(self._block) - self._left
            self._out[done : done + count] = self._block[begin : begin + count]
            self._left -= count
            done += count
        return self._out[:samples]
