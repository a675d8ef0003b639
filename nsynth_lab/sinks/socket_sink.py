"""SocketSink: blocks at the pace of the clock, as frames for whoever listens: the pages of the panel, or a program.

    engine's thread: write(block) --> frame --> Listener (bounded) --> the thread that sends it

A frame is, little-endian: the number of the block and how many samples it has (uint32 each; the number begins again
after 2^32), then the samples as float32 [samples, 2], left and right in turn.

A listener that does not read loses the oldest blocks; the engine never waits for one. Without listeners no frame is
made.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, FloatArray

HEAD = struct.Struct("<II")
NUMBERS = 1 << 32
STORE_SECONDS = 0.015  # what listeners buffer unless they say otherwise: a block may come so late without a gap
FORGIVEN_SECONDS = 0.25  # further behind than this, the clock begins anew; less is caught up with


class Listener:
    """Frames on their way to one reader, at most `blocks`; leaving it as a context, or `close`, ends it.

    `wake` is called on the engine's thread after each frame and must not wait.
    """

    def __init__(self, sink: SocketSink, *, blocks: int, wake: Callable[[], object]) -> None:
        self._sink, self._wake = sink, wake
        self._frames: deque[bytes] = deque(maxlen=blocks)

    def get(self) -> bytes | None:
        """The oldest frame; None if none is waiting."""
        try:
            return self._frames.popleft()
        except IndexError:
            return None

    def put(self, frame: bytes) -> None:
        """Add a frame; if all places are taken the oldest is lost."""
        self._frames.append(frame)
        self._wake()

    def close(self) -> None:
        """Listen no more."""
        self._sink.forget(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SocketSink:
    """A `LiveSink` whose blocks go to listeners; `write` waits until the clock says that the next block is due.

    Attributes:
        block_samples, block_seconds: of each block.
        store_seconds: the smallest buffer of its listeners.
        underruns: blocks that came later than this buffer lasts.
        away: never.
    """

    away = False
    latency_seconds = 0.0  # a block leaves as soon as it is written; what a page keeps ahead, the page knows

    def __init__(self, *, block_samples: int) -> None:
        self.block_samples = block_samples
        self.block_seconds = block_samples / SAMPLE_RATE
        self.store_seconds = STORE_SECONDS
        self.underruns = 0
        self._number = 0
        self._due: float | None = None  # when the next block is, by time.monotonic
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()

    @property
    def starving(self) -> bool:
        """Whether listeners have less than a block left: blocks have been too slow for longer than a moment."""
        return self._due is not None and time.monotonic() - self._due > self.store_seconds - self.block_seconds

    def listen(self, blocks: int, *, wake: Callable[[], object] = lambda: None) -> Listener:
        """A new listener, for which at most `blocks` are kept; it hears from the next block on."""
        listener = Listener(self, blocks=blocks, wake=wake)
        with self._lock:
            self._listeners = (*self._listeners, listener)
        return listener

    def forget(self, listener: Listener) -> None:
        """Send it nothing more."""
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

    def write(self, block: FloatArray) -> None:
        """Give the block [2, block_samples] to all listeners, and wait until the next is due."""
        if listeners := self._listeners:
            frame = frame_of(block, number=self._number)
            for listener in listeners:
                listener.put(frame)
        self._number = (self._number + 1) % NUMBERS
        self._keep_pace()

    def end(self) -> None:
        """No more blocks will come for now: the clock stands still."""
        self._due = None

    def _keep_pace(self) -> None:
        now = time.monotonic()
        late = now - self._due if self._due is not None else 0.0
        self.underruns += late > self.store_seconds
        if self._due is None or late > FORGIVEN_SECONDS:
            self._due = now
        self._due += self.block_seconds
        if (wait := self._due - now) > 0.0:
            time.sleep(wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def frame_of(block: FloatArray, *, number: int) -> bytes:
    """A block [2, samples] as it goes over the socket."""
    return HEAD.pack(number, block.shape[1]) + np.ascontiguousarray(block.T, "<f4").tobytes()


def block_of(frame: bytes) -> tuple[int, FloatArray]:
    """The number and the block [2, samples] of a frame.

    >>> number, block = block_of(frame_of(np.array([[0.5], [-0.25]], np.float32), number=7))
    >>> number, block.tolist()
    (7, [[0.5], [-0.25]])
    """
    number, samples = HEAD.unpack_from(frame)
    return number, np.frombuffer(frame, "<f4", offset=HEAD.size).reshape(samples, 2).T
