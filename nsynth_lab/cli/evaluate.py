"""`nsynth-lab evaluate`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import CheckpointOption, DeviceOption


def evaluate(
    data: Annotated[list[Path], typer.Argument(help="Note data sets in NSynth's layout.")],
    checkpoint: CheckpointOption = None,
    every_note: Annotated[bool, typer.Option("--all", help="All notes, not only those held out of training.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many notes, spread over the data.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures into this file.")] = None,
    device: DeviceOption = "auto",
) -> None:
    """Measure how well a checkpoint reproduces notes it was not trained on.

    Mel error: 128 mel bands from 30 Hz to 20 kHz, in dB, within 60 dB of the note's loudest band.

    **Example**: `nsynth-lab evaluate notes/ --json figures.json`
    """
    from nsynth_lab.audio import check_target
    from nsynth_lab.errors import DatasetError
    from nsynth_lab.evaluate.evaluate import evaluate
    from nsynth_lab.evaluate.notes import choose
    from nsynth_lab.render import Session

    if json_file is not None:
        check_target(json_file, force=True)
    records = choose(data, held_out_only=not every_note, limit=limit)
    session = Session(checkpoint, device=device)
    with console.progress(len(records), "notes", "evaluating") as advance:
        figures = evaluate(records, session.checkpoint, progress=advance)
    if not figures["notes"]:
        raise DatasetError(f"none of {len(records)} notes could be used: {figures['left_out'][0]}")
    if json_file is not None:
        _write(json_file, json.dumps(figures, indent=2) + "\n")
    _show(figures)


def _write(path: Path, text: str) -> None:
    """Write aside, then rename."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _show(figures: dict[str, Any]) -> None:
    from rich.table import Table

    mel = figures["reconstruction"]["mel_error_db"]
    moved = next(iter(figures["transposition"].values()))["mel_error_db"]
    table = Table("family", "mel error dB", "7 semitones away", box=None, header_style="bold")
    for family, error in mel["by_family"].items():
        other = moved.get("by_family", {}).get(family)
        table.add_row(family, f"{error:.2f}", "" if other is None else f"{other:.2f}")
    table.add_row("mean", f"{mel['mean']:.2f}", f"{moved['mean']:.2f}" if moved else "", style="bold")
    console.show(table)
    f0 = figures["reconstruction"]["f0_error_cents"]
    shares = ", ".join(f"{f0[f'within_{limit}']:.1%} within {limit} cents" for limit in (5, 10, 20))
    console.show(f"f0: {shares}; level: {figures['reconstruction']['loudness_error_db']['mean']:.2f} dB off")
    console.show(f"{figures['notes']} notes, model {figures['model']}; {len(figures['left_out'])} left out")
