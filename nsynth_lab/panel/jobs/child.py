"""child: the process of one job. `python -m nsynth_lab.panel.jobs.child MODULE:FUNCTION`, started by `process`.

    stdin    a line of JSON: folder, arguments, limits; then nothing, and its end when the parent is gone
    stdout   lines of JSON: {"tell": [done, total, says]}, then {"result": {...}} or {"failed": "why"}

What libraries print goes to stderr. The process gives way to what sounds, leaves a processor to it, and dies with its
parent.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.interrupts import install_signal_handlers
from nsynth_lab.panel.jobs.limits import Limits
from nsynth_lab.process_tuning import go_last, keep_freed_memory, leave_threads_to_torch, sleep_while_waiting
from nsynth_lab.threads import VARIABLE, usable_processors

PACKAGE = "nsynth_lab"
TELL_SECONDS = 0.1
GRACE_SECONDS = 2.0
LONGEST_ANSWER = 1 << 20  # characters of a line

Tell = Callable[[float, float, str], None]


def function_of(work: str) -> Callable[..., dict[str, Any]]:
    """The function that "module:function" names, of this package.

    Raises:
        ValueError: it is of another one.
    """
    module, _, name = work.partition(":")
    if module.partition(".")[0] != PACKAGE:
        raise ValueError(f"{work}: jobs are functions of {PACKAGE}")
    found: Callable[..., dict[str, Any]] = getattr(import_module(module), name)
    return found


def do(work: str, folder: Path, arguments: dict[str, Any], write: Callable[[dict[str, Any]], None]) -> None:
    """Do the work, and write what comes of it."""
    try:
        result = function_of(work)(folder, _seldom(write), **arguments)
        write({"result": result})
    except NsynthLabError as error:
        write({"failed": str(error)})
    except MemoryError:
        write({"failed": "it takes more memory than a job may have"})
    except Exception as error:
        write({"failed": f"unexpected {type(error).__name__}: {error} (a defect of nsynth-lab: please report it)"})


def _seldom(write: Callable[[dict[str, Any]], None]) -> Tell:
    """Tells at most ten times a second, and whatever is whole."""
    told_at = float("-inf")

    def tell(done: float, total: float, says: str) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at >= TELL_SECONDS or done >= total:
            told_at = now
            write({"tell": [float(done), float(total), says]})

    return tell


def _die_with_parent() -> None:
    """Wait for the end of what the parent writes, which is its own; then end this process and all that it has begun."""
    while os.read(0, 4096):
        pass
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _writer() -> Callable[[dict[str, Any]], None]:
    """Writes lines where stdout was; what is printed from now on goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def write(message: dict[str, Any]) -> None:
        line = json.dumps(message, allow_nan=False)
        if len(line) > LONGEST_ANSWER:
            line = json.dumps({"failed": f"an answer of {len(line)} characters (a defect of nsynth-lab)"})
        with lock:
            out.write(f"{line}\n")
            out.flush()

    return write


def main() -> None:
    """One job, from the line that describes it to the line that ends it."""
    leave_threads_to_torch()
    sleep_while_waiting()
    os.environ.setdefault(VARIABLE, str(max(1, usable_processors() - 1)))  # the sound goes on beside it
    go_last()
    install_signal_handlers()
    keep_freed_memory()
    write = _writer()
    asked = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_die_with_parent, name="parent", daemon=True).start()
    Limits(**asked["limits"]).apply()
    do(sys.argv[1], Path(asked["folder"]), asked["arguments"], write)
    sys.stdout.flush()
    os._exit(0)  # a thread may still wait for the parent, and there is nothing left to tidy up


if __name__ == "__main__":
    main()
