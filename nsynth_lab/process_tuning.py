"""What a program asks for its own process, to be fast. For programs, not for libraries.

Memory that is given back is kept, for the next block of sound is as large: glibc maps large arrays anew each time and
unmaps them again, so that every step of the decoder or of training pays for page faults; threads of their own arenas do
so at the same time and wait for one another. Kept, decoding is a fifth faster on one thread and training a seventh.
Source: mallopt(3).

Threads are left to torch: NumPy's products have a pool of their own, as large, and a thread that waits in one of them
keeps a core from the other. On two cores encoding is twice as fast without.
"""

from __future__ import annotations

import ctypes
import os
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8  # malloc.h
NUMPY_POOLS = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")  # of its wheels, of those for macOS
KEPT_BYTES = 1 << 30
GROWN_BYTES = 64 << 20
LARGEST_MAPPED_BYTES = 32 << 20  # the most that glibc takes


def leave_threads_to_torch() -> None:
    """Let NumPy's products take one thread, unless the user says otherwise. Only before NumPy is imported."""
    for pool in NUMPY_POOLS:
        os.environ.setdefault(pool, "1")


def keep_freed_memory() -> bool:
    """Let this process keep up to 1 GiB that it has freed; whether the system can."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    wishes = (
        (MMAP_THRESHOLD, LARGEST_MAPPED_BYTES),
        (TRIM_THRESHOLD, KEPT_BYTES),
        (TOP_PAD, GROWN_BYTES),
        (ARENA_MAX, 1),
    )
    results: list[int] = [mallopt(wish, value) for wish, value in wishes]
    return min(results) == 1
