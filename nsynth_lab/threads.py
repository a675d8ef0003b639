"""How many threads this process computes on: as many as it has processors, or as few as the user or `play` decides.

A process may use fewer processors than the machine has: those it was confined to (`taskset`, `docker --cpuset-cpus`),
and no more of their time than its control group grants (`docker --cpus`, `CPUQuota=` of systemd).
Source: https://docs.kernel.org/admin-guide/cgroup-v2.html and the same for cgroup-v1, cpu.max and cpu.cfs_quota_us.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from nsynth_lab.priority import is_raised, raise_priority

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
VARIABLE = "OMP_NUM_THREADS"

Part = TypeVar("Part")
Done = TypeVar("Done")

_chosen: int | None = None


def thread_count() -> int:
    """How many threads to compute on: what was set last, else OMP_NUM_THREADS, else one for each usable processor."""
    return _chosen or from_environment() or usable_processors()


def set_thread_count(count: int) -> None:
    """Compute on so many threads from now on, torch too where it has been imported."""
    global _chosen
    _chosen = count
    tell_torch()


@contextmanager
def limited_to(count: int) -> Iterator[None]:
    """Compute on so many threads within this context, torch too, even if it is imported or told in it."""
    global _chosen
    before = _chosen
    set_thread_count(count)
    try:
        yield
    finally:
        _chosen = before
        tell_torch()


def tell_torch() -> None:
    """Have torch compute on `thread_count()` threads too; whoever imports it calls this. Nothing without torch."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(thread_count())


def in_threads(work: Callable[[Part], Done], parts: Sequence[Part]) -> list[Done]:
    """`work` on all `parts`, the first of them on this thread, the others on threads that wait for such work.

    If this thread has real-time priority, those have it too: its sound waits for theirs.
    Worth it only for `work` that leaves the interpreter's lock alone, such as compiled loops.

    >>> in_threads(len, ["a", "song"])
    [1, 4]
    """
    others = [_helpers(is_raised()).submit(work, part) for part in parts[1:]]
    return [work(parts[0]), *(other.result() for other in others)]


@functools.cache
def _helpers(raised: bool) -> ThreadPoolExecutor:
    begin = raise_priority if raised else None
    return ThreadPoolExecutor(usable_processors(), thread_name_prefix="helper", initializer=begin)


def from_environment() -> int | None:
    """OMP_NUM_THREADS where it is a number above 0, of nested levels the first; None without."""
    first = os.environ.get(VARIABLE, "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


@functools.cache
def usable_processors() -> int:
    """How many processors this process may use, at least 1; part of one counts as one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, granted(OWN_GROUPS, GROUPS))))


def granted(own_groups: Path, groups: Path) -> float:
    """How many processors' time the control groups of this process grant; infinite where they set no limit.

    `own_groups` says in which groups it is (/proc/self/cgroup), `groups` is the folder of them all. A limit of a group
    holds for all groups below it.
    """
    try:
        lines = own_groups.read_text().splitlines()
    except OSError:  # no Linux
        return math.inf
    least = math.inf
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = groups / controllers if controllers else groups
        group = root / path.lstrip("/")
        # inside a container the path may be the one outside it, and the folder shows its own group as the root
        for folder in {root, *(above for above in (group, *group.parents) if above.is_relative_to(root))}:
            least = min(least, _limit(folder))
    return least


def _limit(folder: Path) -> float:
    """Quota of time divided by its period, in the one file of version 2 or the two of version 1."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        with suppress(OSError, ValueError, ZeroDivisionError):  # not there; "max"
            quota, period = " ".join((folder / name).read_text() for name in names).split()
            if int(quota) > 0:  # -1 is no limit
                return int(quota) / int(period)
    return math.inf
