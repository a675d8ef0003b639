"""The engine's thread: a `Live` that runs beside everything else, ahead of other programs where that is granted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nsynth_lab.priority import raise_priority
from nsynth_lab.render.live import Live


@contextmanager
def running(
    live: Live,
    stop: threading.Event,
    *,
    done: Callable[[], bool] = lambda: False,
    begin: Callable[[], object] = raise_priority,
    failed: Callable[[BaseException], object] = lambda _: None,
) -> Iterator[threading.Thread]:
    """The engine's thread, ended when the block is left; what went wrong in it is raised then.

    `begin` is called on it first. `failed` is told at once, from that thread, of what it ended by.
    """
    errors: list[BaseException] = []

    def run() -> None:
        begin()
        try:
            live.run(stop, done=done)
        except BaseException as error:
            errors.append(error)
            failed(error)

    thread = threading.Thread(target=run, name="engine", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()
    if errors:
        raise errors[0]
