"""The tables that the `dataset` commands print."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console

if TYPE_CHECKING:
    from nsynth_lab.dataset.check import DatasetReport
    from nsynth_lab.dataset.name_groups import NamingScheme
    from nsynth_lab.dataset.screening import ScreeningResult

MAX_LISTED = 20


def some_of(names: tuple[str, ...], *, most: int = 5) -> str:
    """The first few of many names, as text."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _table(*titles: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def findings_table(results: list[ScreeningResult]) -> Any:  # a rich Table
    """A table with one row per recording: what was decided, and why."""
    from rich.text import Text

    from nsynth_lab.note import note_name

    colours = {"taken": "green", "doubtful": "yellow", "left out": "red"}
    table = _table("file", "outcome", "note", "from", "measured", "trust", "velocity", "instrument", "why")
    for found in results:
        table.add_row(
            Text(found.file),
            Text(found.outcome, style=colours[found.outcome]),
            note_name(found.pitch) if found.pitch is not None else "",
            found.pitch_from,
            f"{found.measured:.2f}" if found.trust else "",
            f"{found.trust:.2f}",
            str(found.velocity),
            Text(found.instrument_name),
            Text("; ".join((*found.reasons, *found.remarks))),
        )
    return table


def show_schemes(schemes: list[NamingScheme]) -> None:
    """Print how the file names of each folder were read, one line per group of names that are built alike."""
    for scheme in schemes[:MAX_LISTED]:
        what = f"{scheme.folder}/{scheme.pattern}" if scheme.folder else scheme.pattern
        how = "; ".join(filter(None, (scheme.octave, scheme.velocities)))
        console.show(f"names such as {what} ({scheme.files}): {how}")
    if len(schemes) > MAX_LISTED:
        console.show(f"and {len(schemes) - MAX_LISTED} more; names.json in the data set lists them all")


def show_report(report: DatasetReport) -> None:
    """Print counts by family and instrument, then the problems, then a one-line summary."""
    from rich.text import Text

    from nsynth_lab.dataset.check import PROBLEM_KINDS
    from nsynth_lab.note import note_name

    table = _table("family", "instruments", "notes")
    for family, (instruments, notes) in report.families.items():
        table.add_row(family, str(instruments), str(notes))
    console.show(table)
    table = _table("instrument", "name", "notes", "held out", "range", "pitches", "velocities")
    for row in report.instruments:
        span = f"{note_name(row.lowest)} to {note_name(row.highest)}"
        loud = " ".join(map(str, row.velocities))
        table.add_row(
            Text(row.instrument_str),
            Text(row.instrument_name),
            str(row.notes),
            str(row.held_out),
            span,
            str(row.pitches),
            loud,
        )
    console.show(table)
    kinds = Counter(problem.kind for problem in report.problems)
    for kind, count in kinds.items():
        console.show(f"{count} {kind}: {PROBLEM_KINDS[kind]}")
        listed = [problem for problem in report.problems if problem.kind == kind]
        for problem in listed[:MAX_LISTED]:
            console.show(f"  {problem.note_str}: {problem.message}")
        if count > MAX_LISTED:
            console.show(f"  and {count - MAX_LISTED} more; --json lists them all")
    wrong = f"{len(report.problems)} remarks" if report.problems else "no problems"
    console.show(
        f"{report.folder}: {report.notes} notes ({report.held_out} held out) of {len(report.instruments)} "
        f"instruments; {report.listened} analysed: {wrong}"
    )
