"""run_bench: runs the selected sections in turn and returns their figures as plain values."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from nsynth_lab import __version__
from nsynth_lab.bench import controllers, limit, machine, offline, processes, streaming, training
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.errors import UsageError


@dataclass(frozen=True)
class Section:
    """A section: its length in steps of about a second, and the function that measures it and returns a dataclass."""

    measures: Callable[[Work], int]
    measure: Callable[[Work, Advance], Any]


SECTIONS: dict[str, Section] = {
    "machine": Section(machine.measures, machine.measure),
    "offline": Section(offline.measures, offline.measure),
    "streaming": Section(streaming.measures, streaming.measure),
    "controllers": Section(controllers.measures, controllers.measure),
    "limit": Section(limit.measures, limit.measure),
    "startup": Section(processes.startup_measures, processes.measure_startup),
    "memory": Section(processes.memory_measures, processes.measure_memory),
    "training": Section(training.measures, training.measure),
}


def check_sections(names: Sequence[str]) -> list[str]:
    """The named `SECTIONS`, or all if none is named; the machine is always included.

    Raises:
        UsageError: an unknown name.

    >>> check_sections(["memory"])
    ['machine', 'memory']
    """
    if unknown := sorted(set(names) - set(SECTIONS)):
        raise UsageError(f"section '{unknown[0]}'; expected one of {', '.join(SECTIONS)}")
    return [name for name in SECTIONS if name in names or name == "machine" or not names]


def count_measures(work: Work, names: Sequence[str]) -> int:
    """Total number of steps of `run_bench`."""
    return sum(SECTIONS[name].measures(work) for name in names)


def run_bench(work: Work, names: Sequence[str], advance: Advance) -> dict[str, Any]:
    """All figures by section, with model, version, date and duration."""
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
