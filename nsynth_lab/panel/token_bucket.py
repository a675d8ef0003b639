"""A token bucket: how much somebody may send, in the long run and at once."""

from __future__ import annotations

import time
from collections.abc import Callable


class Bucket:
    """A token bucket: in any t seconds at most `rate` t + `burst` tokens are taken.

    >>> now = [0.0]
    >>> bucket = Bucket(10, burst=2, clock=lambda: now[0])
    >>> [bucket.take(1), bucket.take(1), bucket.take(1)]
    [True, True, False]
    >>> now[0] = 0.1
    >>> [bucket.take(1), bucket.take(1)]
    [True, False]
    """

    def __init__(self, rate: float, *, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._then = burst, clock()

    def take(self, tokens: float) -> bool:
        """Take so many if there are as many."""
        now = self._clock()
        self._tokens, self._then = min(self._burst, self._tokens + (now - self._then) * self._rate), now
        if tokens > self._tokens:
            return False
        self._tokens -= tokens
        return True
