"""Worker: one thread for what takes longer than a page may wait. Of each kind of work only the newest is done."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from nsynth_lab.panel.own_thread import OwnThread
from nsynth_lab.priority import behind_sound, come_behind

LOOK_SECONDS = 0.1


class WorkerShare:
    """A worker as one of several has it who ask it: their kinds of work are apart, and none of them ends it."""

    def __init__(self, worker: Worker, name: str) -> None:
        self._worker, self._name = worker, name

    @property
    def stopping(self) -> bool:
        """As `Worker.stopping`."""
        return self._worker.stopping

    @property
    def idle(self) -> bool:
        """As `Worker.idle`: whether all is done, for everybody."""
        return self._worker.idle

    def ask(self, kind: str, work: Callable[[], None]) -> None:
        """As `Worker.ask`."""
        self._worker.ask(f"{kind} of {self._name}", work)

    def work_here(self, as_long_as: Callable[[], bool]) -> None:
        """As `Worker.work_here`, for all who share it."""
        self._worker.work_here(as_long_as)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Worker:
    """`ask(kind, work)`: do `work` soon, instead of what was asked for before of that kind and is not yet begun.

    A context manager: leaving it waits for what is being done, and forgets the rest. It has a thread of its own, which
    stands aside while another one does the work (`work_here`): plugins have to be loaded on the main thread.
    """

    def __init__(self) -> None:
        self._asked: dict[str, Callable[[], None]] = {}
        self._busy = False
        self._stands_aside = False
        self._thread = OwnThread("panel worker", self._run)
        self._news = self._thread.news

    @property
    def stopping(self) -> bool:
        """Whether nothing more is begun."""
        return self._thread.ended

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

    def work_here(self, as_long_as: Callable[[], bool]) -> None:
        """Do on this thread what is asked for, as long as that holds; it is looked at ten times a second.

        The wait is short enough for the main thread to see signals in, wherever they arrive.
        """
        self._stands_aside = True
        try:
            with behind_sound():
                while as_long_as():
                    come_behind()  # again, if a plugin has taken so long to load that this was lost
                    self._do_next(lambda: True, seconds=LOOK_SECONDS)
        finally:
            with self._news:
                self._stands_aside = False
                self._news.notify_all()

    def share(self, name: str) -> WorkerShare:
        """For one of several that ask it, each for kinds of its own."""
        return WorkerShare(self, name)

    def _run(self) -> None:
        while not self.stopping:
            self._do_next(lambda: not self._stands_aside)

    def _do_next(self, may: Callable[[], bool], *, seconds: float | None = None) -> None:
        """Wait, for so long at most, until there is something to do that this thread may do; and do it."""
        with self._news:
            self._news.wait_for(lambda: self.stopping or (self._asked and not self._busy and may()), seconds)
            if self.stopping or not self._asked or self._busy or not may():
                return
            work = self._asked.pop(next(iter(self._asked)))
            self._busy = True
        try:
            work()
        finally:
            with self._news:
                self._busy = False
                self._news.notify_all()

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)
