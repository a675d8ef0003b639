"""beside: other programs that want a processor all the time, as a browser or a DAW may."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SPIN = "print(flush=True)\nwhile True: pass"


@contextmanager
def beside(count: int) -> Iterator[list[int]]:
    """Within this context so many busy processes run, each on whichever processor the system gives it; their ids."""
    command = [sys.executable, "-c", SPIN]
    spinning = [subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) for _ in range(count)]
    try:
        for one in spinning:
            assert one.stdout is not None
            one.stdout.readline()  # it has started
        yield [one.pid for one in spinning]
    finally:
        for one in spinning:
            one.kill()
            one.communicate()


def processor_seconds(process: int) -> float:
    """Processor time that a process has had so far; 0 on systems other than Linux, which do not tell it so easily."""
    if sys.platform != "linux":
        return 0.0
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
