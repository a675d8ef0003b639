"""The figures as Markdown: times of both versions with their ratios, and what each imports."""

from __future__ import annotations

from collections.abc import Sequence

from nsynth_lab.bench.timing import Spread
from nsynth_lab.bench.turns.compare import Compared

TIMES = ("", "beside", "old, s", "new, s", "new / old", "old, s of processor", "new, s of processor", "new / old")


def times_table(found: Sequence[Compared]) -> str:
    """A row for each command alone and beside busy processes; medians, with the lowest and the highest."""
    rows = [
        (one.command, "alone" if not one.busy else f"{one.busy} busy",
         *(_words(figure) for figure in (one.old_wall, one.new_wall, one.wall_ratio, one.old_cpu, one.new_cpu,
                                         one.cpu_ratio)))
        for one in found
    ]  # fmt: skip
    return markdown(TIMES, rows)


def imports_table(found: Sequence[Compared]) -> str:
    """A row for each command: the heavy libraries that each version imports."""
    imports = {one.command: (", ".join(one.old_imports), ", ".join(one.new_imports)) for one in found}
    return markdown(("imports", "old", "new"), [(name, *both) for name, both in imports.items()])


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown.

    >>> print(markdown(("", "seconds"), [("--help", "0.3")]))
    | | seconds |
    |---|---|
    | --help | 0.3 |
    """
    lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def _words(figure: Spread) -> str:
    return f"{figure.median:.2f} ({figure.low:.2f} to {figure.high:.2f})"
