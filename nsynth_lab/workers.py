"""in_parallel, with_helpers: loops over worker processes that keep the order and can be stopped with Ctrl-C."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from nsynth_lab.process_tuning import keep_freed_memory
from nsynth_lab.threads import set_thread_count, usable_processors

Item = TypeVar("Item")
Result = TypeVar("Result")

LEAST_ITEMS = 8  # for each process: fewer are done here before a helper has started

_work: Callable[[Any], Any] | None = None  # of a helper


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


def with_helpers(work: Callable[[Item], Result], items: Sequence[Item], *, jobs: int | None = None) -> Iterator[Result]:
    """`work` on all `items` in their order, by this process and `jobs` - 1 helper processes, each on one thread.

    For work that holds the interpreter's lock too often to be shared among threads, such as encoding. This process
    begins at once and shares the items with the helpers once they have started; for a few items there are none. By
    default there is a process for each processor that this one may use. `work` is sent to each helper once. Stopping is
    as in `in_parallel`.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a helper crashed.
    """
    helpers = min(jobs or usable_processors(), len(items) // LEAST_ITEMS) - 1
    if helpers < 1:
        yield from map(work, items)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(helpers, mp_context=context, initializer=_start_helper, initargs=(work,))
    try:
        yield from _shared(work, items, pool, at_once=helpers + 1)
        pool.shutdown(wait=False)  # a helper that has torch takes most of a second to end
    finally:
        with _ignoring_ctrl_c():
            pool.shutdown(cancel_futures=True)


def _shared(
    work: Callable[[Item], Result], items: Sequence[Item], pool: ProcessPoolExecutor, *, at_once: int
) -> Iterator[Result]:
    """As `with_helpers`. The helpers of `pool` have up to `at_once` items before them: one more than they are."""
    started = pool.submit(_is_helper)
    elsewhere: dict[int, Future[Result]] = {}
    here: dict[int, Result] = {}
    begun = done = 0
    while done < len(items):
        if started.done():
            started.result()
            while begun < len(items) and sum(not one.done() for one in elsewhere.values()) < at_once:
                elsewhere[begun] = pool.submit(_work_of_helper, items[begun])
                begun += 1
        if begun < len(items):
            here[begun] = work(items[begun])
            begun += 1
        elif done in elsewhere:
            elsewhere[done].exception()  # waits
        while done in here or (done in elsewhere and elsewhere[done].done()):
            yield here.pop(done) if done in here else elsewhere.pop(done).result()
            done += 1


def _start_helper(work: Callable[[Any], Any]) -> None:
    global _work
    _start_worker()
    set_thread_count(1)
    _work = work


def _is_helper() -> bool:
    return _work is not None


def _work_of_helper(item: Any) -> Any:
    if _work is None:
        raise RuntimeError("this process is no helper")
    return _work(item)


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
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides what Ctrl-C does
