"""Recorder: writes blocks to a sound file on a thread of its own, so that a slow or full disk never stops the music.

Blocks wait for a slow disk for up to 20 seconds; beyond that they are lost and replaced by silence of the same length,
so that the rest stays in time. A full disk ends the recording; everything written until then is kept.
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
POLL_SECONDS = 0.05
SILENCE_SAMPLES = SAMPLE_RATE  # written at a time


class Recorder:
    """`with Recorder(FileSink(...)) as recorder: recorder.write(block)`; `write` never waits and never fails.

    The recording is kept even if the block is left by an error.

    Attributes:
        name: name of the file.
        samples: written so far, including silence for lost ones.
        lost_samples: samples the disk was too slow for.
        ended: whether the recording is over: closed, or ended by a full disk.
    """

    def __init__(self, sink: FileSink) -> None:
        self.name = sink.path.name
        self.lost_samples = 0
        self.ended = False
        self._sink = sink
        self._queue: deque[tuple[int, FloatArray]] = deque()  # (samples lost before the block, the block)
        self._queued = self._lost_now = self._written = 0
        self._troubles: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def samples(self) -> int:
        """Samples written so far, including silence for lost ones."""
        return self._sink.samples

    @property
    def waiting_samples(self) -> int:
        """Samples queued and not yet written."""
        return self._queued - self._written

    def write(self, block: FloatArray) -> None:
        """Queue a block [channels, samples], which must not be changed afterwards."""
        samples = block.shape[1]
        if self.ended:
            return
        if self.waiting_samples + samples > MOST_WAITING_SAMPLES:
            if not self.lost_samples:
                self._troubles.append(f"the disk is too slow to record {self.name}: silence stands for what is lost")
            self.lost_samples += samples
            self._lost_now += samples
            return
        self._queued += samples
        self._queue.append((self._lost_now, block))
        self._lost_now = 0

    def troubles(self) -> list[str]:
        """What has gone wrong since the last call, one line each."""
        new = []
        while self._troubles:
            new.append(self._troubles.pop(0))
        return new

    def close(self) -> None:
        """Write all queued blocks and finish the file."""
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
        while not (self._stop.is_set() and not self._queue):
            if not self._queue:
                time.sleep(POLL_SECONDS)
                continue
            lost, block = self._queue.popleft()
            try:
                self._write_silence(lost, channels=len(block))
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
        self._troubles.append(f"recording ended after {self.samples / SAMPLE_RATE:.1f} s: {error}; {kept}")
        self.ended = True
        self._queue.clear()
