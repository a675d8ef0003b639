"""compare: every command of both versions in turns, so that other programs on the machine affect both alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nsynth_lab.bench.spinner import beside
from nsynth_lab.bench.timing import Spread
from nsynth_lab.bench.turns.child import Run, Version
from nsynth_lab.bench.turns.commands import Command


@dataclass(frozen=True)
class Compared:
    """A command of both versions.

    Attributes:
        command: its name.
        busy: how many busy processes ran beside it.
        old_wall, new_wall, old_cpu, new_cpu: seconds on the clock and of processor time.
        wall_ratio, cpu_ratio: new divided by old, turn by turn.
        old_imports, new_imports: the heavy libraries that are imported.
    """

    command: str
    busy: int
    old_wall: Spread
    new_wall: Spread
    wall_ratio: Spread
    old_cpu: Spread
    new_cpu: Spread
    cpu_ratio: Spread
    old_imports: tuple[str, ...]
    new_imports: tuple[str, ...]


def compare(
    command: Command, old: Version, new: Version, *, turns: int, busy: Sequence[int], say: Callable[[str], None]
) -> list[Compared]:
    """The command beside so many busy processes as `busy` lists; before that once each, which warms up the caches.

    Raises:
        NsynthLabError: a command failed.
    """
    imports = (old.imports(command), new.imports(command))
    found = []
    for count in busy:
        runs: list[tuple[Run, Run]] = []
        with beside(count):
            for turn in range(turns):
                say(f"{command.name}, beside {count}: turn {turn + 1} of {turns}")
                runs.append(_pair(command, old, new, new_first=bool(turn % 2)))
        found.append(_compared(command, count, runs, imports))
    return found


def _pair(command: Command, old: Version, new: Version, *, new_first: bool) -> tuple[Run, Run]:
    if new_first:
        second = new.run(command)
        return old.run(command), second
    return old.run(command), new.run(command)


def _compared(
    command: Command, busy: int, runs: Sequence[tuple[Run, Run]], imports: tuple[tuple[str, ...], tuple[str, ...]]
) -> Compared:
    return Compared(
        command=command.name,
        busy=busy,
        old_wall=Spread.of([old.wall_seconds for old, _ in runs]),
        new_wall=Spread.of([new.wall_seconds for _, new in runs]),
        wall_ratio=Spread.of([new.wall_seconds / old.wall_seconds for old, new in runs]),
        old_cpu=Spread.of([old.cpu_seconds for old, _ in runs]),
        new_cpu=Spread.of([new.cpu_seconds for _, new in runs]),
        cpu_ratio=Spread.of([new.cpu_seconds / max(old.cpu_seconds, 1e-3) for old, new in runs]),
        old_imports=imports[0],
        new_imports=imports[1],
    )
