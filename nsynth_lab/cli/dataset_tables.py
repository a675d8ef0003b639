"""What the data set commands print."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console

if TYPE_CHECKING:
    from nsynth_lab.dataset.check import Report
    from nsynth_lab.dataset.file_names import Reading
    from nsynth_lab.dataset.screening import Finding

MOST_LISTED = 20


def some_of(names: tuple[str, ...], *, most: int = 5) -> str:
    """The first few of many names."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _table(*titles: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def findings_table(findings: list[Finding]) -> Any:  # a rich Table
    """One row a recording: what was decided and why."""
    from rich.text import Text

    from nsynth_lab.note import note_name

    colours = {"taken": "green", "doubtful": "yellow", "left out": "red"}
    table = _table("file", "outcome", "note", "from", "heard", "trust", "velocity", "instrument", "why")
    for found in findings:
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


def show_readings(readings: list[Reading]) -> None:
    """Print how the file names of each folder were read, a line for those that are built alike."""
    for reading in readings[:MOST_LISTED]:
        what = f"{reading.folder}/{reading.pattern}" if reading.folder else reading.pattern
        how = "; ".join(filter(None, (reading.octave, reading.velocities)))
        console.show(f"names as {what} ({reading.files}): {how}")
    if len(readings) > MOST_LISTED:
        console.show(f"and {len(readings) - MOST_LISTED} other ways; names.json of the data set lists them all")


def show_report(report: Report) -> None:
    """Print counts by family and instrument, then what is wrong, then one line that sums up."""
    from rich.text import Text

    from nsynth_lab.dataset.check import KINDS
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
        console.show(f"{count} {kind}: {KINDS[kind]}")
        listed = [problem for problem in report.problems if problem.kind == kind]
        for problem in listed[:MOST_LISTED]:
            console.show(f"  {problem.note_str}: {problem.message}")
        if count > MOST_LISTED:
            console.show(f"  and {count - MOST_LISTED} more; --json lists them all")
    wrong = f"{len(report.problems)} remarks" if report.problems else "nothing wrong"
    console.show(
        f"{report.folder}: {report.notes} notes ({report.held_out} held out) of {len(report.instruments)} "
        f"instruments; listened to {report.listened}: {wrong}"
    )
