"""in_parallel: a plain loop over worker processes, in order, that Ctrl-C ends cleanly."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    jobs: int | None = None,
    chunk: int = 1,
    isolated: bool = False,
) -> Iterator[tuple[Item, Result]]:
    """(item, work(item)) in the order of `items`, by `jobs` processes, as many as there are cores by default.

    A single job needs no process of its own unless `isolated` asks for one, because the work may crash. When the
    caller stops, by an error or Ctrl-C, work that has begun is finished and the rest dropped.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a worker crashed.
    """
    jobs = min(jobs or os.cpu_count() or 1, max(1, -(-len(items) // chunk)))
    if jobs == 1 and not isolated:
        yield from ((item, work(item)) for item in items)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_ignore_ctrl_c)
    try:
        yield from zip(items, pool.map(work, items, chunksize=chunk), strict=True)
    finally:
        with _deaf_to_ctrl_c():
            pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A second Ctrl-C would end the wait for the workers, which are then told nothing and wait for ever."""
    if threading.current_thread() is not threading.main_thread():  # it hears no signals
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _ignore_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides what to do about it
