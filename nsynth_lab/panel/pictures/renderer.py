"""Renderer: a process that renders beside the engine, with a lower priority than anything else.

    ask(request) --> what waits, the urgent first --> a thread --> pipe --> request.do(tools) in the process

Nothing that is rendered there can stop or slow the sound by more than the machine's time, and a request that brings
the process down fails alone: the next one gets a new process.
"""

from __future__ import annotations

import heapq
import itertools
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.panel.pictures.tools import Tools
from nsynth_lab.priority import come_behind
from nsynth_lab.process_tuning import go_last

MOST_WAITING = 512
END_SECONDS = 5.0
ALIVE_SECONDS = 0.5  # between two looks at whether the process still lives


class RenderError(NsynthLabError):
    """Something could not be rendered beside the engine."""


class Request(Protocol):
    """What can be asked for: a value that can travel to the process."""

    def do(self, tools: Tools) -> Any:
        """The work; an `NsynthLabError` comes back as it is."""


class Renderer:
    """`ask(request)` gives a future of what `request.do` returns. A context manager; leaving it ends the process.

    `folder` is the checkpoint's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[tuple[bool, int, Request, Future[Any]]] = []
        self._counter = itertools.count()
        self._news = threading.Condition()
        self._ended = False
        self._process: Any = None
        self._pipe: Connection | None = None
        self._thread: threading.Thread | None = None

    @property
    def process_id(self) -> int | None:
        """Of the process, if there is one."""
        return self._process.pid if self._process is not None else None

    def ask(self, request: Request, *, urgent: bool) -> Future[Any]:
        """Have it done: after the urgent ones that wait, and, unless it is urgent, after all.

        Raises:
            RenderError: too much waits already, or the renderer has ended.
        """
        future: Future[Any] = Future()
        with self._news:
            if self._ended:
                raise RenderError("the panel has ended")
            if len(self._waiting) >= MOST_WAITING:
                raise RenderError(f"{MOST_WAITING} pictures and clips wait already; ask again later")
            heapq.heappush(self._waiting, (not urgent, next(self._counter), request, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="panel renderer", daemon=True)
                self._thread.start()
            self._news.notify()
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._news:
            self._ended = True
            forgotten, self._waiting = self._waiting, []
            self._news.notify()
        for *_, future in forgotten:
            future.cancel()
        if self._process is not None:
            self._process.kill()
        if self._thread is not None:
            self._thread.join(END_SECONDS)
        self._let_go()

    def _run(self) -> None:
        come_behind()
        while (found := self._next()) is not None:
            request, future = found
            if not future.set_running_or_notify_cancel():
                continue
            try:
                done, result = self._done_there(request)
            except (OSError, EOFError) as error:
                self._let_go()
                future.set_exception(RenderError(f"what renders beside the engine has died: {error}"))
                continue
            if done:
                future.set_result(result)
            else:
                future.set_exception(result)

    def _next(self) -> tuple[Request, Future[Any]] | None:
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._ended)
            if self._ended:
                return None
            *_, request, future = heapq.heappop(self._waiting)
            return request, future

    def _done_there(self, request: Request) -> tuple[bool, Any]:
        pipe = self._pipe or self._start()
        pipe.send(request)
        while not pipe.poll(ALIVE_SECONDS):
            if not self._process.is_alive():
                raise EOFError(f"exit code {self._process.exitcode}")
        done, result = pipe.recv()
        return done, result

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")  # a fork would inherit the engine's threads, half alive
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._folder), name="pictures", daemon=True)
        self._process.start()
        theirs.close()
        return self._pipe

    def _let_go(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join(END_SECONDS)
        self._pipe = self._process = None


def _serve(pipe: Connection, folder: Path) -> None:
    """In the process: do what is asked for until nobody is there to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the panel decides what Ctrl-C does
    if hasattr(os, "setsid"):
        os.setsid()
    go_last()
    tools = Tools(folder)
    with suppress(EOFError, OSError):  # the panel has gone
        while True:
            request = pipe.recv()
            try:
                answer = True, request.do(tools)
            except NsynthLabError as error:
                answer = False, error
            except Exception as error:  # a plugin may fail in any way
                answer = False, RenderError(f"{type(error).__name__}: {error}")
            pipe.send(answer)
