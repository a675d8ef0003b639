"""`nsynth-lab evaluate duet`: answers to phrases of tunes that the melody model was kept from."""

from __future__ import annotations

from pathlib import Path

from nsynth_lab.cli import console
from nsynth_lab.cli.evaluate_melody import show_rows
from nsynth_lab.errors import UsageError

PHRASES, SEED = 200, 0


def evaluate_duet(
    folders: list[Path],
    checkpoint: Path | None,
    *,
    phrases: int | None,
    figures_file: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Measure, print the table, and write the figures that were asked for.

    Raises:
        UsageError: not one folder, or a page is asked for.
        DatasetError: no tunes of the right collections in it.
    """
    from nsynth_lab.atomic_file import write_json
    from nsynth_lab.audio import check_target
    from nsynth_lab.duet.values import Wishes
    from nsynth_lab.evaluate.duet.evaluate import figures, rows
    from nsynth_lab.evaluate.melody.held_out import read_data
    from nsynth_lab.melody.model import MelodyModel

    if len(folders) != 1 or not folders[0].is_dir():
        raise UsageError("expected one folder of tunes: nsynth-lab evaluate duet TUNES; see scripts/train_melody")
    if report is not None:
        raise UsageError("evaluate duet draws no page; --figures writes its figures")
    if figures_file is not None:
        check_target(figures_file, force=True)
    model = MelodyModel(checkpoint)
    data = read_data(folders[0], model, say=console.say)
    found = figures(model, data, phrases=phrases or PHRASES, seed=SEED, close=Wishes().close, progress=console.progress)
    table = rows(found)
    found["rows"] = [vars(row) for row in table]
    if figures_file is not None:
        write_json(figures_file, found)
    if as_json:
        console.print_json(found)
        return
    show_rows(table)
    console.show(f"{found['phrases']} phrases of tunes held out")
