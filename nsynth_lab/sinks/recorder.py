"""Recorder: another sink, written to on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque

from nsynth_lab.sinks.sink import Sink
from nsynth_lab.units import FloatArray


class Recorder:
    """A sink that another sink writes to on a thread of its own, so that a slow disk is nobody's business."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: deque[FloatArray] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def write(self, block: FloatArray) -> None:
        """Take a block that nobody changes any more."""
        self._waiting.append(block)

    def close(self) -> None:
        """Write what waits."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not (self._stop.is_set() and not self._waiting):
            if self._waiting:
                self._sink.write(self._waiting.popleft())
            else:
                time.sleep(0.05)
