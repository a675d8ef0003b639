"""in_parallel: a loop over worker processes that keeps the order and can be stopped with Ctrl-C."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from nsynth_lab.threads import usable_processors

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
    """Yields (item, work(item)) in the order of `items`, computed by `jobs` processes.

    By default there is one for each processor that this process may use. A single job runs in this process, unless it
    is `isolated` because the work may crash. If the caller stops, by an error or Ctrl-C, work that has started is
    finished and the rest is dropped.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a worker crashed.
    """
    jobs = min(jobs or usable_processors(), max(1, -(-len(items) // chunk)))
    if jobs == 1 and not isolated:
        yield from ((item, work(item)) for item in items)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)
    try:
        yield from zip(items, pool.map(work, items, chunksize=chunk), strict=True)
    finally:
        with _ignoring_ctrl_c():
            pool.shutdown(cancel_futures=True)


@contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    """A second Ctrl-C would interrupt the shutdown, and the workers would wait for ever."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides what Ctrl-C does
