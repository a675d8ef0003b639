"""`nsynth-lab doctor`: what works on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import JsonOption

if TYPE_CHECKING:
    from nsynth_lab.doctor import ProbeResult


def doctor(
    as_json: JsonOption = False,
) -> None:
    """Say what works on this machine, and what to install for what does not.

    Ends with 0 when the main job works: torch, audio files and the checkpoint. Everything else is optional.

    Example: `nsynth-lab doctor`
    """
    from nsynth_lab.doctor import as_dicts, examine_machine, main_job_works

    findings = examine_machine()
    works = main_job_works(findings)
    if as_json:
        console.print_json({"works": works, "findings": as_dicts(findings)})
    else:
        _show(findings)
    raise typer.Exit(0 if works else 1)


def _show(findings: list[ProbeResult]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("", "what", "for", "found"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        mark, style = ("ok", "green") if finding.works else ("MISSING", "red") if finding.needed else ("no", "yellow")
        found = finding.detail + (f"\n-> {finding.advice}" if finding.advice else "")
        table.add_row(Text(mark, style=style), finding.name, finding.purpose, Text(found))
    console.show(table)
    missing = [finding.name for finding in findings if finding.needed and not finding.works]
    if missing:
        console.say(f"The main job does not work here: see {', '.join(missing)}.")
    else:
        console.say("The main job works on this machine.")
