"""run_bench: runs the selected sections in turn and returns their figures as plain values."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from nsynth_lab.bench import (
    busy,
    controllers,
    duet,
    following,
    hosting,
    limit,
    machine,
    offline,
    processes,
    streaming,
    training,
)
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.errors import UsageError
from nsynth_lab.version import __version__


@dataclass(frozen=True)
class BenchSection:
    """A section: its length in steps of about a second, and the function that measures it and returns a dataclass.

    One that `takes_long`, or needs what few have, is measured only if it is named.
    """

    progress_steps: Callable[[Work], int]
    measure: Callable[[Work, Advance], Any]
    takes_long: bool = False


SECTIONS: dict[str, BenchSection] = {
    "machine": BenchSection(machine.progress_steps, machine.measure),
    "offline": BenchSection(offline.progress_steps, offline.measure),
    "streaming": BenchSection(streaming.progress_steps, streaming.measure),
    "controllers": BenchSection(controllers.progress_steps, controllers.measure),
    "following": BenchSection(following.progress_steps, following.measure),
    "limit": BenchSection(limit.progress_steps, limit.measure),
    "startup": BenchSection(processes.startup_steps, processes.measure_startup),
    "memory": BenchSection(processes.memory_steps, processes.measure_memory),
    "training": BenchSection(training.progress_steps, training.measure),
    "duet": BenchSection(duet.progress_steps, duet.measure, takes_long=True),
    "hosting": BenchSection(hosting.progress_steps, hosting.measure, takes_long=True),
    "busy": BenchSection(busy.progress_steps, busy.measure, takes_long=True),
}


def check_sections(names: Sequence[str]) -> list[str]:
    """The named `SECTIONS`, or all but those that take long if none is named; the machine always.

    Raises:
        UsageError: a name is unknown.

    >>> check_sections(["memory"])
    ['machine', 'memory']
    """
    if unknown := sorted(set(names) - set(SECTIONS)):
        raise UsageError(f"section '{unknown[0]}'; expected one of {', '.join(SECTIONS)}")
    wanted = names or [name for name, section in SECTIONS.items() if not section.takes_long]
    return [name for name in SECTIONS if name in wanted or name == "machine"]


def total_steps(work: Work, names: Sequence[str]) -> int:
    """Number of steps by which `run_bench` advances its progress bar."""
    return sum(SECTIONS[name].progress_steps(work) for name in names)


def run_bench(work: Work, names: Sequence[str], advance: Advance) -> dict[str, Any]:
    """Run the sections and return their figures by name, with version, model, date and duration as JSON values."""
    begun = time.perf_counter()
    figures: dict[str, Any] = {
        "nsynth_lab": __version__,
        "model": work.session.checkpoint.model_id,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": work.quick,
        "instruments": list(work.names),
    }
    for name in names:
        figures[name] = asdict(SECTIONS[name].measure(work, advance))
    return {**figures, "took_seconds": round(time.perf_counter() - begun, 1)}
