"""DeviceSink: blocks into an audio device, through PortAudio. The only door to sounddevice.

    engine's thread: write(block) --> Ring --> audio thread: the callback copies it out

The callback does nothing but take a block. A device that vanishes is looked for until it is there again; meanwhile
blocks go nowhere at the pace of the clock, so that what is played stays in time.
"""

from __future__ import annotations

import contextlib
import math
import time
from types import TracebackType
from typing import Any, Self

from nsynth_lab.errors import DeviceError, MissingError
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sinks.ring import Ring
from nsynth_lab.units import SAMPLE_RATE, FloatArray

CHANNELS = 2
LATENCIES = ("low", "high")
# PortAudio asks for several blocks in a burst where its device has a large buffer: so many wait at least, and so long
BLOCKS_AHEAD = {"low": 2, "high": 4}
AHEAD_SECONDS = {"low": 0.008, "high": 0.040}
LARGEST_BUFFER_SECONDS = 0.2
SILENT_SECONDS = 1.0  # a callback that has not come for so long will not
RETRY_SECONDS = 1.0
NAP_SECONDS = 0.0003
NO_DEFAULT = "device -1"  # so PortAudio names a default that is not there


class DeviceSink:
    """`with DeviceSink(...) as sink: sink.write(block)`, which waits until the ring has room.

    Attributes:
        ring: what waits to be heard; it counts underruns.
        ahead: blocks that are kept waiting.
        lost, found: how often the device vanished and came back.
        away: whether it is gone now.

    Raises:
        MissingError: PortAudio is not there.
        DeviceError: no such device, or it cannot play 48 kHz stereo.
    """

    def __init__(self, name: str = "", *, block_samples: int, latency: str = "low") -> None:
        self.name, self.block_samples, self.latency = name, block_samples, latency
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
        self._seen = (-1, 0.0)
        self._tried = 0.0

    @property
    def latency_seconds(self) -> float:
        """From a block's being written to its being heard."""
        return self.ahead * self.block_seconds + self.device_seconds

    @property
    def starving(self) -> bool:
        """Whether less than a block waits: the next one is nearly too late."""
        return not self.away and self.ring.filled < 1

    def write(self, block: FloatArray) -> None:
        """Take the next block [2, block_samples]; waits while the ring is full."""
        if self.away:
            self._pass_over()
            return
        self.ring.push(block)
        if not self._started:
            self._begin()
            return
        while self.ring.filled >= self.ahead:
            time.sleep(NAP_SECONDS)
            if self._is_dead():
                self._lose()
                return

    def end(self) -> None:
        """No more blocks come: what waits is still heard, and nothing after it is missed."""
        self.ring.ending = True

    def _begin(self) -> None:
        """Start the stream once there is enough for its buffer, which it fills at once, and for what is kept ahead."""
        enough = min(self.ahead + self._blocks(self.device_seconds) + 1, self.ring.blocks)
        if self._stream is not None and self.ring.filled >= enough:
            self._started = True
            self._seen = (-1, time.monotonic())
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
        if kind is None and not self.away:  # let what waits be heard
            until = time.monotonic() + self.latency_seconds + SILENT_SECONDS
            while self.ring.filled and time.monotonic() < until:
                time.sleep(NAP_SECONDS)
            time.sleep(self.device_seconds + 2 * self.block_seconds)  # what was taken last, and a block of play
        self._close()

    def _open(self) -> None:
        sounddevice = load_sounddevice()
        ring = self.ring

        def callback(out: Any, _samples: int, _time: Any, flags: Any) -> None:
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
                f"audio device '{self.name or 'default'}' cannot play 48 kHz stereo: {reason(error)}; "
                "see `nsynth-lab devices`"
            ) from error
        self.device_seconds = float(self._stream.latency)
        self._started = False

    def _close(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(Exception):  # a device that is gone may fail in any way
                self._stream.close(ignore_errors=True)
            self._stream = None

    def _is_dead(self) -> bool:
        """Whether the stream has ended or its callback no longer comes."""
        taken, since = self._seen
        count = self.ring.popped + self.ring.underruns
        now = time.monotonic()
        if count != taken:
            self._seen = (count, now)
            return False
        return now - since > SILENT_SECONDS

    def _lose(self) -> None:
        self._close()
        self.lost += 1
        self.away = True
        self._clock = self._tried = time.monotonic()

    def _pass_over(self) -> None:
        """A block while there is no device: wait as long as it lasts, and look for the device now and then."""
        self._clock += self.block_seconds
        time.sleep(max(0.0, self._clock - time.monotonic()))
        if time.monotonic() - self._tried < RETRY_SECONDS:
            return
        sounddevice = load_sounddevice()
        with contextlib.suppress(Exception):  # PortAudio knows only the devices that were there when it began
            sounddevice._terminate()
        with contextlib.suppress(Exception), silence_stderr():
            sounddevice._initialize()
        with contextlib.suppress(DeviceError), silence_stderr():
            self.ring.clear()
            self._open()
            self.away = False
            self.found += 1
        self._tried = time.monotonic()


def load_sounddevice() -> Any:  # the library ships no types
    """sounddevice, on first use.

    Raises:
        MissingError: PortAudio is not there.
    """
    try:
        with silence_stderr():
            import sounddevice
    except (ImportError, OSError) as error:
        raise MissingError(
            f"playing needs PortAudio ({error}): apt-get install libportaudio2, or brew install portaudio"
        ) from error
    return sounddevice


def reason(error: Exception) -> str:
    """An error of PortAudio's in one line."""
    return " ".join(str(error).split()).rstrip(".")
