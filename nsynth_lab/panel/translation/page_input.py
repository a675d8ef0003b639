"""PageInput: the microphone of a page, whose samples come over the socket, as an input that can be followed."""

from __future__ import annotations

import time
from collections import deque

import numpy as np

from nsynth_lab.errors import PatchError
from nsynth_lab.units import FloatArray

MOST_SAMPLES = 4096  # of one message
MOST_WAITING = 64  # messages
AWAY_SECONDS = 1.0  # without a message


class PageInput:
    """Mono samples at 48 kHz, put in by the socket's thread and read by the engine's.

    `latency_seconds` is what the page says that its browser takes.
    """

    called = "the microphone of the page"

    def __init__(self, latency_seconds: float) -> None:
        self.latency_seconds = latency_seconds
        self.overflows = 0
        self._waiting: deque[FloatArray] = deque(maxlen=MOST_WAITING)
        self._heard_at = time.monotonic()

    @property
    def away(self) -> bool:
        """Whether nothing comes any more."""
        return time.monotonic() - self._heard_at > AWAY_SECONDS

    def put(self, message: bytes) -> None:
        """Take the samples of a message: 32-bit floats, little-endian.

        Raises:
            PatchError: it holds none, too many, or what is no number.
        """
        if len(message) % 4 or not 0 < len(message) <= 4 * MOST_SAMPLES:
            raise PatchError(f"{len(message)} bytes of sound; expected 1 to {MOST_SAMPLES} samples of 4 bytes")
        samples = np.frombuffer(message, "<f4")
        if not np.isfinite(samples).all():
            raise PatchError("sound that holds what is no number")
        self.overflows += len(self._waiting) == MOST_WAITING
        self._heard_at = time.monotonic()
        self._waiting.append(np.clip(samples, -1.0, 1.0))

    def read(self) -> FloatArray:
        """The samples [any number] that have come since the last call; never waits."""
        parts = []
        while self._waiting:
            parts.append(self._waiting.popleft())
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)
