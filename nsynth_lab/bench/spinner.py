"""beside: other programs that want a processor all the time, as a browser or a DAW may."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SPIN = "print(flush=True)\nwhile True: pass"


@contextmanager
def beside(count: int) -> Iterator[None]:
    """Within this context so many busy processes run, each on whichever processor the system gives it."""
    pipe = subprocess.PIPE
    spinning = [
        subprocess.Popen([sys.executable, "-c", SPIN], stdout=pipe, start_new_session=True) for _ in range(count)
    ]
    try:
        for one in spinning:
            assert one.stdout is not None
            one.stdout.readline()  # it has started
        yield
    finally:
        for one in spinning:
            one.kill()
            one.communicate()
