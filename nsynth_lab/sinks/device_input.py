"""DeviceInput: what a microphone or a line brings in, through PortAudio.

    audio thread: PortAudio's callback --> deque --> engine's thread: read() takes what has come since

An input that falls silent altogether, because it was unplugged, is looked for once a second on a thread of its own.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np

from nsynth_lab.errors import DeviceError
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sinks.portaudio import (
    CHANNELS,
    RETRY_SECONDS,
    SILENT_SECONDS,
    before_search,
    close,
    load_sounddevice,
    once_a_thread,
    opening,
)
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MOST_WAITING_BLOCKS = 512
CANCELLED = 0.05  # of the power of both sides: below it they cancel each other, and the left one is taken
FORGOTTEN = 0.99  # a block, of the power of both sides


class DeviceInput:
    """`with DeviceInput(...) as source: source.read()`; an empty `name` is the system's default input.

    `begin` is called once on each audio thread, before its first block.

    Attributes:
        lost, found: how often the device has vanished and come back.
        away: whether it is missing now.
        overflows: how often the system has lost samples because nobody fetched them in time.

    Raises:
        MissingError: PortAudio is not installed.
        DeviceError: no such input, or it does not record at 48 kHz.
    """

    def __init__(
        self,
        name: str = "",
        *,
        block_samples: int,
        latency: str = "low",
        begin: Callable[[], object] = lambda: None,
    ) -> None:
        self.name, self._block, self._latency, self._begin = name, block_samples, latency, begin
        self.lost = self.found = self.overflows = 0
        self.away = False
        self.latency_seconds = 0.0
        self._waiting: deque[FloatArray] = deque(maxlen=MOST_WAITING_BLOCKS)
        self._mono = Mono()
        self._stream: Any = None
        self._heard_at = 0.0
        self._closed = threading.Event()
        self._search: threading.Thread | None = None

    @property
    def called(self) -> str:
        """Its name for messages."""
        return f"'{self.name}'" if self.name else "the default input"

    def read(self) -> FloatArray:
        """The mono samples [any number] that have come since the last call; never waits."""
        parts = []
        while self._waiting:
            parts.append(self._mono(self._waiting.popleft()))
        if parts:
            return np.concatenate(parts)
        if not self.away and time.monotonic() - self._heard_at > SILENT_SECONDS:
            self._lose()
        return np.zeros(0, np.float32)

    def __enter__(self) -> Self:
        self._open()
        before_search.append(self._close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        before_search.remove(self._close)
        if self._search is not None:
            self._search.join()
        self._close()

    def _open(self) -> None:
        sounddevice = load_sounddevice()
        waiting, begin = self._waiting, once_a_thread(self._begin)

        def callback(samples: Any, _samples: int, _time: Any, flags: Any) -> None:
            begin()
            waiting.append(np.array(samples.T))
            self._heard_at = time.monotonic()
            self.overflows += bool(flags.input_overflow)

        with opening(
            sounddevice,
            self.name,
            none="there is no audio input to listen to: connect a microphone",
            refused=f"audio input {self.called} cannot be used at 48 kHz",
        ):
            device = sounddevice.query_devices(self.name or None, "input")
            stream = sounddevice.InputStream(
                device=self.name or None,
                samplerate=SAMPLE_RATE,
                blocksize=self._block,
                channels=min(int(device["max_input_channels"]), CHANNELS),
                dtype="float32",
                latency=self._latency,
                callback=callback,
            )
            stream.start()
        self._stream, self._heard_at = stream, time.monotonic()
        self.latency_seconds = float(stream.latency)

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        close(stream)

    def _lose(self) -> None:
        self.lost += 1
        self.away = True
        self._search = threading.Thread(target=self._look_for_it, name="input", daemon=True)
        self._search.start()

    def _look_for_it(self) -> None:
        """Until it is back. PortAudio's list of devices is not renewed here, because an output may be playing."""
        self._close()
        while not self._closed.wait(RETRY_SECONDS):
            with contextlib.suppress(DeviceError), silence_stderr():
                self._open()
                self.found += 1
                self.away = False
                return


class Mono:
    """Blocks [channels, samples] become mono: their mean, or the first channel while both cancel each other."""

    def __init__(self) -> None:
        self._apart = self._together = 0.0

    def __call__(self, block: FloatArray) -> FloatArray:
        """The mono block [samples]."""
        if len(block) == 1:
            return np.asarray(block[0])
        mean = np.asarray(block.mean(axis=0), np.float32)
        self._apart = FORGOTTEN * self._apart + float(np.square(block).mean())
        self._together = FORGOTTEN * self._together + float(np.square(mean).mean())
        return np.asarray(block[0]) if self._together < CANCELLED * self._apart else mean
