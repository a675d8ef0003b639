"""`nsynth-lab instruments`: what can be blended by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nsynth_lab.cli import completions, console
from nsynth_lab.cli.options import CheckpointOption, JsonOption
from nsynth_lab.errors import UsageError


def instruments(
    family: Annotated[
        str,
        typer.Option(
            help="Instrument family to list alone: bass, brass, flute, guitar, ...", autocompletion=completions.families
        ),
    ] = "",
    search: Annotated[
        list[str] | None,
        typer.Option(help="A word in the name, the family or the licence; may be given again, and then all must be."),
    ] = None,
    checkpoint: CheckpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the instruments that can be blended by name.

    **Examples**

        nsynth-lab instruments --family reed

        nsynth-lab instruments --search piano
    """
    from nsynth_lab.note import INSTRUMENT_FAMILIES

    if family and family not in INSTRUMENT_FAMILIES:
        raise UsageError(f"family '{family}'; expected one of {', '.join(INSTRUMENT_FAMILIES)}")

    from nsynth_lab.render import Session

    rows = [row for row in Session(checkpoint).instruments() if family in ("", row["family"])]
    rows = [row for row in rows if _has(row, search or ())]
    if as_json:
        console.print_json(rows)
        return
    if not rows:
        console.say("no instrument is like that; `nsynth-lab instruments` lists all")
    from rich.table import Table

    table = Table("instrument", "family", "notes", "velocities", "licence", box=None, header_style="bold")
    for row in rows:
        layers = ", ".join(str(velocity) for velocity in row["velocities"])
        table.add_row(row["name"], row["family"], f"{row['lowest']} to {row['highest']}", layers, row["licence"])
    console.show(table)


def _has(row: dict[str, Any], words: list[str] | tuple[str, ...]) -> bool:
    """Whether every word is in an instrument's name, family or licence, whatever the case and what joins words."""
    from nsynth_lab.naming import folded

    told = " ".join(folded(str(row[key])) for key in ("name", "family", "licence"))
    return all(folded(word) in told for word in words)
