"""Settings that make this process faster. For programs, not for libraries.

Freed memory is kept, because the next block of sound is as large: by default glibc maps and unmaps large arrays each
time, so that every step of the decoder or of training pays for page faults, and threads with arenas of their own wait
for each other. With it kept, decoding on one thread is a fifth faster and training a seventh. Source: mallopt(3).

Threads are left to torch: NumPy's matrix products have a thread pool of their own, as large as torch's, and a thread
that spins in one pool keeps a core from the other. On two cores, encoding is twice as fast without it.

A thread of torch that waits for the others spins for a moment and then sleeps. By default OpenMP spins for milliseconds
or for ever, which takes the processor from whoever has work: from another encoding, from a DAW, even from the thread
that is waited for. Source: the manuals of libgomp (GOMP_SPINCOUNT), which torch uses on Linux, and of LLVM's OpenMP
(KMP_BLOCKTIME), which it uses elsewhere.

What takes minutes gives way to what somebody is waiting for: it runs with a higher nice value.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8  # malloc.h
NUMPY_POOLS = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")  # in NumPy's wheels; in those for macOS
WAITING = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "0"}  # turns of a loop, some microseconds in all; milliseconds
WAIT_POLICY = "OMP_WAIT_POLICY"  # the user's word on both
LONG_COMMANDS = (("ablate",), ("bank", "build"), ("capture",), ("dataset",), ("evaluate",), ("pack",), ("train",))
NICENESS, SESSION_NICENESS = 5, 10
AUTOGROUP = Path("/proc/self/autogroup")
KEPT_BYTES = 1 << 30
GROWN_BYTES = 64 << 20
LARGEST_MAPPED_BYTES = 32 << 20  # the maximum that glibc accepts


def leave_threads_to_torch() -> None:
    """Limit NumPy's matrix products to one thread, unless the user says otherwise. Only before NumPy is imported."""
    for pool in NUMPY_POOLS:
        os.environ.setdefault(pool, "1")


def sleep_while_waiting() -> None:
    """Have threads that wait sleep instead of spin, unless the user says otherwise. Only before torch is imported.

    Processes that this one starts do the same.
    """
    if WAIT_POLICY not in os.environ:
        for variable, value in WAITING.items():
            os.environ.setdefault(variable, value)


def give_way(arguments: Sequence[str]) -> None:
    """Let other programs go first if `arguments` command long work, unless the user has set another nice value."""
    words = tuple(arguments[:2])
    if words[:1] in LONG_COMMANDS or words in LONG_COMMANDS:
        go_last()


def go_last() -> None:
    """Let other programs go first, unless the user has set another nice value.

    Linux weighs sessions against each other, and nice values only within one (sched(7), autogroups): a process with a
    session of its own lets the other sessions go first too.
    """
    if hasattr(os, "nice") and os.nice(0) == 0:  # Windows has no such value
        os.nice(NICENESS)
    if sys.platform == "linux" and os.getsid(0) == os.getpid():
        with suppress(OSError):  # a kernel without autogroups
            AUTOGROUP.write_text(str(SESSION_NICENESS), encoding="ascii")


def keep_freed_memory() -> bool:
    """Let this process keep up to 1 GiB of freed memory; returns whether the system supports it."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    settings = (
        (MMAP_THRESHOLD, LARGEST_MAPPED_BYTES),
        (TRIM_THRESHOLD, KEPT_BYTES),
        (TOP_PAD, GROWN_BYTES),
        (ARENA_MAX, 1),
    )
    results: list[int] = [mallopt(name, value) for name, value in settings]
    return min(results) == 1
