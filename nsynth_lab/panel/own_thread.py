"""OwnThread: a thread that lives as long as a block of code, works when it is woken, and is waited for at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class OwnThread:
    """`with OwnThread("name", work) as thread`: `work` runs until `wait` says that the block is over.

        def work() -> None:
            while thread.wait():
                ...  # something is new

    Attributes:
        news: for who waits for something in particular; `wake` notifies it.
        ended: whether the block is over.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.news = threading.Condition()
        self.ended = self._woken = False
        self._thread = threading.Thread(target=work, name=name, daemon=True)

    def wake(self) -> None:
        """Let it go on, if it waits, or else not wait the next time; any thread may."""
        with self.news:
            self._woken = True
            self.news.notify_all()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is woken, the block is over, or so long at most; returns whether it is to go on."""
        with self.news:
            self.news.wait_for(lambda: self._woken or self.ended, seconds)
            self._woken = False
            return not self.ended

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.news:
            self.ended = True
            self.news.notify_all()
        self._thread.join()
