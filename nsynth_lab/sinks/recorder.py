"""Recorder: blocks into a sound file on a thread of its own, whatever becomes of the disk.

What the disk is too slow for waits, up to some seconds; beyond them blocks are lost, and silence as long stands in the
file, so that the rest stays in time. A disk that is full ends the recording: what was written until then is kept.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from types import TracebackType
from typing import Self

import numpy as np

from nsynth_lab.errors import AudioError
from nsynth_lab.sinks.file import FileSink
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MOST_WAITING_SAMPLES = 20 * SAMPLE_RATE
NAP_SECONDS = 0.05
SILENCE_SAMPLES = SAMPLE_RATE


class Recorder:
    """`with Recorder(FileSink(...)) as recorder: recorder.write(block)`, which never waits and never fails.

    However it is left, what was recorded is kept.

    Attributes:
        name: of the file.
        samples: written so far, silence for lost ones too.
        lost_samples: that the disk was too slow for.
        ended: whether it ended before its time.
    """

    def __init__(self, sink: FileSink) -> None:
        self.name = sink.path.name
        self.lost_samples = 0
        self.ended = False
        self._sink = sink
        self._waiting: deque[tuple[int, FloatArray]] = deque()  # samples lost before it, and a block
        self._taken = self._missing = self._written = 0
        self._told: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def samples(self) -> int:
        """See the class."""
        return self._sink.samples

    def write(self, block: FloatArray) -> None:
        """Take a block that nobody changes any more."""
        samples = block.shape[1]
        if self.ended:
            return
        if self._taken - self._written + samples > MOST_WAITING_SAMPLES:
            if not self.lost_samples:
                self._told.append(f"the disk is too slow to record {self.name}: silence stands for what is lost")
            self.lost_samples += samples
            self._missing += samples
            return
        self._taken += samples
        self._waiting.append((self._missing, block))
        self._missing = 0

    def troubles(self) -> list[str]:
        """What went wrong since it was last asked, a line each."""
        told = []
        while self._told:
            told.append(self._told.pop(0))
        return told

    def close(self) -> None:
        """Write what waits, and finish the file."""
        self._stop.set()
        self._thread.join()
        if not self.ended:
            try:
                self._sink.close(keep=self.samples > 0)
            except AudioError as error:
                self._end(error)
            self.ended = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not (self._stop.is_set() and not self._waiting):
            if not self._waiting:
                time.sleep(NAP_SECONDS)
                continue
            missing, block = self._waiting.popleft()
            try:
                self._write_silence(missing, channels=len(block))
                self._sink.write(block)
            except AudioError as error:
                self._end(error)
                return
            self._written += block.shape[1]

    def _write_silence(self, samples: int, *, channels: int) -> None:
        while samples > 0:
            size = min(samples, SILENCE_SAMPLES)
            self._sink.write(np.zeros((channels, size), np.float32))
            samples -= size

    def _end(self, error: AudioError) -> None:
        kept = "what was recorded until then is kept" if self._sink.rescue() else "nothing could be kept"
        self._told.append(f"recording ended after {self.samples / SAMPLE_RATE:.1f} s: {error}; {kept}")
        self.ended = True
        self._waiting.clear()
