"""DeviceSink: plays blocks on an audio device, through PortAudio.

    engine's thread: write(block) --> Ring --> audio thread: PortAudio's callback copies a block out

The callback does nothing else. At latency high it may wait a little for a block: after a delay PortAudio asks for
many at once, to fill the device's buffer, which is not empty yet. If the device vanishes, `write` discards blocks at
the pace of the clock, so that the music stays in time, and looks for the device until it is back.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from nsynth_lab.errors import DeviceError
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sinks.portaudio import (
    CHANNELS,
    RETRY_SECONDS,
    SILENT_SECONDS,
    close,
    load_sounddevice,
    once_a_thread,
    opening,
    renew_devices,
)
from nsynth_lab.sinks.ring import Ring
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LATENCIES = ("low", "high")
# With a large device buffer PortAudio asks for several blocks in a burst, so the ring holds at least this much:
BLOCKS_AHEAD = {"low": 2, "high": 4}
AHEAD_SECONDS = {"low": 0.008, "high": 0.040}
SAFE_BUFFER_SECONDS = 0.08  # of the device at latency high: a sound server may get no processor for 30 ms
LARGEST_BUFFER_SECONDS = 0.2
SERVER_SECONDS = 0.06  # more than a sound server has of its own behind the device's buffer; PortAudio does not tell
POLL_SECONDS = 0.0003


class DeviceSink:
    """`with DeviceSink(...) as sink: sink.write(block)`; `write` waits until the ring has room.

    `begin` is called once on each audio thread, before its first block.

    Attributes:
        ring: blocks waiting to be played; it counts underruns.
        ahead: how many blocks are kept waiting.
        lost, found: how often the device has vanished and come back.
        away: whether it is missing now.

    Raises:
        MissingError: PortAudio is not installed.
        DeviceError: no such device, or it cannot play 48 kHz stereo.
    """

    def __init__(
        self,
        name: str = "",
        *,
        block_samples: int,
        latency: str = "low",
        begin: Callable[[], object] = lambda: None,
    ) -> None:
        self.name, self.block_samples, self.latency, self._begin = name, block_samples, latency, begin
        self.block_seconds = block_samples / SAMPLE_RATE
        self.ahead = max(BLOCKS_AHEAD[latency], self._blocks(AHEAD_SECONDS[latency]))
        room = self.ahead + self._blocks(LARGEST_BUFFER_SECONDS)
        self.ring = Ring(room, block_samples=block_samples, channels=CHANNELS)
        self.lost = self.found = 0
        self.away = False
        self.device_seconds = 0.0
        self._stream: Any = None
        self._started = False
        self._clock = 0.0
        self._last_progress = (-1, 0.0)  # blocks asked for until then, and when that number last changed
        self._last_attempt = 0.0

    @property
    def latency_seconds(self) -> float:
        """Time from writing a block to hearing it."""
        return self.ahead * self.block_seconds + self.device_seconds

    @property
    def underruns(self) -> int:
        """Blocks that were not there when the device asked for them, or that it could not play in time."""
        return self.ring.underruns

    @property
    def starving(self) -> bool:
        """Whether the ring is empty: the next block is almost too late."""
        return not self.away and self.ring.filled < 1

    def write(self, block: FloatArray) -> None:
        """Queue the next block [2, block_samples]; waits while the ring is full."""
        if self.away:
            self._discard_block()
            return
        self.ring.push(block)
        if not self._started:
            self._start_if_filled()
            return
        while self.ring.filled >= self.ahead:
            time.sleep(POLL_SECONDS)
            if self._is_dead():
                self._lose_device()
                return

    def end(self) -> None:
        """No more blocks will come: those waiting are still played, and running out of them is no underrun."""
        self.ring.ending = True

    def _start_if_filled(self) -> None:
        """Start the stream once the ring can fill the device's buffer at once and still hold `ahead` blocks."""
        enough = min(self.ahead + self._blocks(self.device_seconds) + 1, self.ring.blocks)
        if self._stream is not None and self.ring.filled >= enough:
            self._started = True
            self._last_progress = (-1, time.monotonic())
            self._stream.start()

    def _blocks(self, seconds: float) -> int:
        return math.ceil(seconds / self.block_seconds)

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if kind is None and not self.away:  # play what is still waiting
            until = time.monotonic() + self.latency_seconds + SILENT_SECONDS
            while self.ring.filled and time.monotonic() < until:
                time.sleep(POLL_SECONDS)
            time.sleep(self.device_seconds + SERVER_SECONDS)
        self._close()

    def _open(self) -> None:
        sounddevice = load_sounddevice()
        ring, begin = self.ring, once_a_thread(self._begin)

        def callback(out: Any, _samples: int, _time: Any, flags: Any) -> None:
            begin()
            self._wait_for_block()
            ring.pop(out)
            if flags.output_underflow and not ring.ending:  # heard as a gap, though a block was there in time
                ring.underruns += 1

        with opening(
            sounddevice,
            self.name,
            none="there is no audio output to play on: connect one",
            refused=f"audio device '{self.name or 'default'}' cannot play 48 kHz stereo",
        ):
            self._stream = sounddevice.OutputStream(
                device=self.name or None,
                samplerate=SAMPLE_RATE,
                blocksize=self.block_samples,
                channels=CHANNELS,
                dtype="float32",
                latency=self.latency if self.latency == "low" else self._safe_buffer_seconds(sounddevice),
                callback=callback,
            )
        self.device_seconds = float(self._stream.latency)
        self._started = False

    def _wait_for_block(self) -> None:
        """On the audio thread, while the ring is empty: as long as half of what the device has in its own buffer."""
        patience = self.device_seconds / 2 if self.latency == "high" else 0.0
        until = time.monotonic() + patience
        while not (self.ring.filled or self.ring.ending) and time.monotonic() < until:
            time.sleep(POLL_SECONDS)

    def _safe_buffer_seconds(self, sounddevice: Any) -> float:
        usual = sounddevice.query_devices(self.name or None, "output")["default_high_output_latency"]
        return max(float(usual), SAFE_BUFFER_SECONDS)

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        close(stream)

    def _is_dead(self) -> bool:
        """Whether PortAudio has stopped calling back."""
        before, since = self._last_progress
        count = self.ring.popped + self.ring.underruns
        now = time.monotonic()
        if count != before:
            self._last_progress = (count, now)
            return False
        return now - since > SILENT_SECONDS

    def _lose_device(self) -> None:
        self._close()
        self.lost += 1
        self.away = True
        self._clock = self._last_attempt = time.monotonic()

    def _discard_block(self) -> None:
        """Without a device: wait for the duration of a block, and look for the device once a second."""
        self._clock += self.block_seconds
        time.sleep(max(0.0, self._clock - time.monotonic()))
        if time.monotonic() - self._last_attempt < RETRY_SECONDS:
            return
        renew_devices(load_sounddevice())
        with contextlib.suppress(DeviceError), silence_stderr():
            self.ring.clear()
            self._open()
            self.away = False
            self.found += 1
        self._last_attempt = time.monotonic()
