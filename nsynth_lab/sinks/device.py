"""DeviceSink: plays blocks on an audio device, through PortAudio. The only door to sounddevice.

    engine's thread: write(block) --> Ring --> audio thread: PortAudio's callback copies a block out

The callback does nothing else. If the device vanishes, `write` discards blocks at the pace of the clock, so that the
music stays in time, and looks for the device until it is back.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from nsynth_lab.errors import DeviceError, MissingError
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sinks.ring import Ring
from nsynth_lab.units import SAMPLE_RATE, FloatArray

CHANNELS = 2
LATENCIES = ("low", "high")
# With a large device buffer PortAudio asks for several blocks in a burst, so the ring holds at least this much:
BLOCKS_AHEAD = {"low": 2, "high": 4}
AHEAD_SECONDS = {"low": 0.008, "high": 0.040}
LARGEST_BUFFER_SECONDS = 0.2
SILENT_SECONDS = 1.0  # without a callback for this long, the stream is dead
RETRY_SECONDS = 1.0
POLL_SECONDS = 0.0003
NO_DEFAULT = "device -1"  # PortAudio's name for a default device that does not exist


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
            time.sleep(self.device_seconds + 2 * self.block_seconds)  # the device's own buffer, and some margin
        self._close()

    def _open(self) -> None:
        sounddevice = load_sounddevice()
        ring, threads = self.ring, set[int]()

        def callback(out: Any, _samples: int, _time: Any, flags: Any) -> None:
            if (thread := threading.get_ident()) not in threads:
                threads.add(thread)
                self._begin()
            ring.pop(out)
            if flags.output_underflow and not ring.ending:  # heard as a gap, though a block was there in time
                ring.underruns += 1

        try:
            self._stream = sounddevice.OutputStream(
                device=self.name or None,
                samplerate=SAMPLE_RATE,
                blocksize=self.block_samples,
                channels=CHANNELS,
                dtype="float32",
                latency=self.latency,
                callback=callback,
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            if not self.name and NO_DEFAULT in str(error):
                raise DeviceError(
                    "there is no audio output to play on: connect one, or start the sound server (PipeWire, "
                    "PulseAudio, JACK); `nsynth-lab devices` lists what is found"
                ) from error
            raise DeviceError(
                f"audio device '{self.name or 'default'}' cannot play 48 kHz stereo: {one_line(error)}; "
                "see `nsynth-lab devices`"
            ) from error
        self.device_seconds = float(self._stream.latency)
        self._started = False

    def _close(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(Exception):  # a vanished device may fail in any way
                self._stream.close(ignore_errors=True)
            self._stream = None

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
        sounddevice = load_sounddevice()
        with contextlib.suppress(Exception):  # PortAudio lists only devices that existed when it was initialized
            sounddevice._terminate()
        with contextlib.suppress(Exception), silence_stderr():
            sounddevice._initialize()
        with contextlib.suppress(DeviceError), silence_stderr():
            self.ring.clear()
            self._open()
            self.away = False
            self.found += 1
        self._last_attempt = time.monotonic()


def load_sounddevice() -> Any:  # the library ships no types
    """sounddevice, imported on first use.

    Raises:
        MissingError: PortAudio is not installed.
    """
    try:
        with silence_stderr():
            import sounddevice
    except (ImportError, OSError) as error:
        raise MissingError(
            f"playing needs PortAudio ({error}): apt-get install libportaudio2, or brew install portaudio"
        ) from error
    return sounddevice


def one_line(error: Exception) -> str:
    """A PortAudio error as one line."""
    return " ".join(str(error).split()).rstrip(".")
