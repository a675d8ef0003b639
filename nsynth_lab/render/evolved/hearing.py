"""Hearing: sounds of files played at the press of a key, each in the place of the one before."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from nsynth_lab.audio import read_audio
from nsynth_lab.sinks.device import DeviceSink
from nsynth_lab.units import FloatArray

BLOCK_SAMPLES = 1024
FADE_SAMPLES = 480  # of a sound that is broken off


class Hearing:
    """`with Hearing() as hearing: hearing.play(path)`; the device is opened when something is first played."""

    def __init__(self) -> None:
        self._sink: DeviceSink | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._left: FloatArray = np.zeros((2, 0), np.float32)
        self._changing = threading.Lock()

    def play(self, path: Path) -> None:
        """Play a sound file from its beginning; returns at once.

        Raises:
            AudioError: it cannot be read.
            DeviceError, MissingError: there is nothing to play on.
        """
        samples = read_audio(path).samples
        self._open()
        self._put(np.ascontiguousarray(np.broadcast_to(samples[:2], (2, samples.shape[1]))))

    def be_silent(self) -> None:
        """Break off what is played."""
        self._put(np.zeros((2, 0), np.float32))

    def next_block(self) -> FloatArray:
        """The next block [2, samples] that is heard, silence when nothing is played."""
        with self._changing:
            block, self._left = self._left[:, :BLOCK_SAMPLES], self._left[:, BLOCK_SAMPLES:]
        return np.pad(block, ((0, 0), (0, BLOCK_SAMPLES - block.shape[1])))

    def _put(self, samples: FloatArray) -> None:
        """These samples from now on, over the end, faded out, of what was played."""
        with self._changing:
            rest = self._left[:, :FADE_SAMPLES]
            ending = rest * np.linspace(1.0, 0.0, rest.shape[1], dtype=np.float32)
            joined = np.zeros((2, max(samples.shape[1], ending.shape[1])), np.float32)
            joined[:, : samples.shape[1]] = samples
            joined[:, : ending.shape[1]] += ending
            self._left = joined

    def _open(self) -> None:
        if self._sink is None:
            sink = DeviceSink(block_samples=BLOCK_SAMPLES, latency="high")
            self._sink = sink.__enter__()
            self._thread = threading.Thread(target=self._run, args=(sink,), name="hearing", daemon=True)
            self._thread.start()

    def _run(self, sink: DeviceSink) -> None:
        while not self._ended.is_set():
            sink.write(self.next_block())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._sink is not None:
            self._sink.__exit__(kind or KeyboardInterrupt, error, trace)
