"""in_stages: several batches at work at once, on all processors, their results in order.

    this thread        other threads
    prepare ---------> decode ---------> finish, for each part of what was decoded

NumPy, Numba and torch let other threads run while they compute, so that threads share the processors well, and nothing
has to be copied between processes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Part = TypeVar("Part")
Result = TypeVar("Result")


def in_stages(
    items: Iterable[Item],
    *,
    prepare: Callable[[Item], Prepared],
    decode: Callable[[Prepared, Event], Sequence[Part]],
    finish: Callable[[Part], Result],
    threads: int,
    at_once: int,
    one_decodes: bool = False,
) -> Generator[tuple[Item, list[Result]], None, None]:
    """(item, the results of its parts) for each item, in order.

    `at_once` items at most are at work, which limits the memory. With `one_decodes` they are decoded one after the
    other, for a graphics card; without it, as many beside each other as there are threads. If a stage fails or the
    caller stops, what has not begun is dropped, and the event that `decode` is given is set: its result is unwanted.
    """
    pool = ThreadPoolExecutor(threads)
    decoding = ThreadPoolExecutor(1) if one_decodes else pool
    stopped = Event()

    def decode_one(prepared: Prepared) -> list[Future[Result]]:
        return [pool.submit(finish, part) for part in decode(prepared, stopped)]

    at_work: deque[tuple[Item, Future[list[Future[Result]]]]] = deque()

    def oldest() -> tuple[Item, list[Result]]:
        item, decoded = at_work.popleft()
        return item, [result.result() for result in decoded.result()]

    try:
        for item in items:
            if len(at_work) == at_once:
                yield oldest()
            at_work.append((item, decoding.submit(decode_one, prepare(item))))
        while at_work:
            yield oldest()
    finally:
        stopped.set()
        decoding.shutdown(cancel_futures=True)
        pool.shutdown(cancel_futures=True)
