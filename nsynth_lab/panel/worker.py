"""Worker: one thread for what takes longer than a page may wait. Of each kind of work only the newest is done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Worker:
    """`ask(kind, work)`: do `work` soon, instead of what was asked for before of that kind and is not yet begun.

    A context manager: leaving it waits for what is being done, and forgets the rest.
    """

    def __init__(self) -> None:
        self._asked: dict[str, Callable[[], None]] = {}
        self._news = threading.Condition()
        self._busy = False
        self.stopping = False
        self._thread = threading.Thread(target=self._run, name="panel worker", daemon=True)

    def ask(self, kind: str, work: Callable[[], None]) -> None:
        """Do `work`, which may raise nothing."""
        with self._news:
            self._asked.pop(kind, None)
            self._asked[kind] = work
            self._news.notify_all()

    @property
    def idle(self) -> bool:
        """Whether all is done."""
        with self._news:
            return not self._asked and not self._busy

    def _run(self) -> None:
        while True:
            with self._news:
                self._busy = False
                self._news.wait_for(lambda: self._asked or self.stopping)
                if self.stopping:
                    return
                work = self._asked.pop(next(iter(self._asked)))
                self._busy = True
            work()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._news:
            self.stopping = True
            self._news.notify_all()
        self._thread.join()
