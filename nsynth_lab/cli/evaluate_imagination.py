"""`nsynth-lab evaluate imagination`: imagined instruments, measured against real ones and beside simpler ways."""

from __future__ import annotations

from pathlib import Path

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError

EACH, SEED = 12, 0


def evaluate_imagination(
    more: list[Path],
    checkpoint: Path | None,
    *,
    each: int | None,
    figures_file: Path | None,
    report: Path | None,
    as_json: bool,
    force: bool,
) -> None:
    """Measure, print the table, and write the figures and the page that were asked for.

    Raises:
        UsageError: a folder was given, or a file cannot be written.
    """
    from nsynth_lab.atomic_file import write_json
    from nsynth_lab.audio import check_target
    from nsynth_lab.evaluate.imagination.evaluate import figures, rows
    from nsynth_lab.evaluate.imagination.report import MARK, grid_of, write_page
    from nsynth_lab.imagine.opening import imagination
    from nsynth_lab.render import Session
    from nsynth_lab.report_folder import INDEX, check_report_folder

    if more:
        raise UsageError(f"{more[0]}: evaluate imagination takes no data; it uses the checkpoint's own bank")
    if figures_file is not None:
        check_target(figures_file, force=True)
    if report is not None:
        check_report_folder(report, force=force, mark=MARK)
    session = Session(checkpoint, device="cpu", user_instruments=False)
    imagining = imagination(session.folder, session.bank, session.checkpoint, progress=console.progress)
    found = figures(imagining, each=each or EACH, seed=SEED, progress=console.progress)
    table = rows(found)
    found["rows"] = [vars(row) for row in table]
    if figures_file is not None:
        write_json(figures_file, found)
    if report is not None:
        write_page(report, table, found, imagining, seed=SEED)
    if as_json:
        console.print_json(found)
        return
    from rich.table import Table

    head, cells = grid_of(table)
    shown = Table(*head, box=None, header_style="bold")
    for row in cells:
        shown.add_row(*row)
    console.show(shown)
    missed = sum(row.met is False for row in table)
    console.show(
        f"{found['each']} instruments of each family and kind; {len(table) - missed} goals met, {missed} missed"
    )
    if report is not None:
        console.show(str(report / INDEX))
