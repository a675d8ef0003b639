"""`nsynth-lab evaluate melody`: what the melody model writes, measured against tunes by people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.evaluate.melody.evaluate import Row

TUNES = 1_000
SEED = 0
REPORT, MARK = "index.html", "nsynth-lab melody report"


def evaluate_melody(
    folders: list[Path],
    checkpoint: Path | None,
    *,
    tunes: int | None,
    pairs: int,
    peer_minutes: float,
    figures_file: Path | None,
    report: Path | None,
    as_json: bool,
    force: bool,
) -> None:
    """Measure, print the table, and write the figures and the page that were asked for.

    Raises:
        UsageError: not one folder.
        DatasetError: no tunes of the right collections in it.
    """
    from nsynth_lab.atomic_file import write_json
    from nsynth_lab.audio import check_target
    from nsynth_lab.evaluate.melody.evaluate import figures, rows
    from nsynth_lab.evaluate.melody.held_out import read_data
    from nsynth_lab.evaluate.melody.report import write_page
    from nsynth_lab.melody.model import MelodyModel
    from nsynth_lab.report_folder import check_report_folder

    if len(folders) != 1:
        raise UsageError("expected one folder of tunes: nsynth-lab evaluate melody TUNES; see scripts/train_melody")
    if not folders[0].is_dir():
        raise UsageError(f"{folders[0]}: no such folder; expected one with MIDI/, nottingham/ and openewld/")
    if figures_file is not None:
        check_target(figures_file, force=True)
    if report is not None:
        check_report_folder(report, force=force, mark=MARK)
    model = MelodyModel(checkpoint)
    data = read_data(folders[0], model, say=console.say)
    found = figures(
        model, data, folders[0], tunes=tunes or TUNES, pairs=pairs, seed=SEED, checkpoint=checkpoint,
        peer_minutes=peer_minutes, say=console.say, progress=console.progress,
    )  # fmt: skip
    table = rows(found)
    found["rows"] = [vars(row) for row in table]
    if figures_file is not None:
        write_json(figures_file, found)
    if report is not None:
        write_page(report, table, model, found, name=REPORT, mark=MARK)
    if as_json:
        console.print_json(found)
        return
    _show(table, found)
    if report is not None:
        console.show(str(report / REPORT))


def _show(table: list[Row], found: dict[str, Any]) -> None:
    show_rows(table)
    missed = sum(row.met is False for row in table)
    console.show(f"{found['bits']['tunes']} tunes held out; {len(table) - missed} goals met, {missed} missed")


def show_rows(table: list[Row]) -> None:
    """Print rows with their goals."""
    from rich.table import Table

    shown = Table("what", "goal", "measured", "", box=None, header_style="bold")
    for row in table:
        shown.add_row(row.what, row.goal, row.measured, row.verdict)
    console.show(shown)
