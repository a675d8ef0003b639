"""`nsynth-lab ablate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import JobsOption, JsonOption
from nsynth_lab.cli.train import measuring


def ablate(
    data: Annotated[list[Path], typer.Argument(help="Note data sets in NSynth's layout.")],
    folder: Annotated[Path, typer.Option("--output", "-o", help="Where to write the runs and figures: a folder.")],
    steps: Annotated[int, typer.Option(min=1, help="Training steps per experiment.")] = 400,
    limit: Annotated[int, typer.Option(min=1, help="At most so many notes, spread evenly over the data.")] = 100,
    batch: Annotated[int, typer.Option(min=1, help="Crops of 0.85 s in each training step.")] = 8,
    jobs: JobsOption = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads that torch computes with.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure what each part of the model and of its training contributes, after the same number of steps.

    It trains eight models for a short time, less than an hour on one core. If interrupted, the same command continues.

    **Example**: `nsynth-lab ablate notes/ -o runs/ablation --steps 400`
    """
    from rich.table import Table

    from nsynth_lab.dataset.prepare import prepare
    from nsynth_lab.evaluate.ablation import EXPERIMENTS, Experiment, ablate
    from nsynth_lab.evaluate.notes import choose_notes, read_pool
    from nsynth_lab.threads import set_thread_count
    from nsynth_lab.train.options import TrainingProgress, TrainOptions

    set_thread_count(threads)
    pool = read_pool(data)
    records = choose_notes(pool, limit=limit)
    with measuring() as measured:
        notes = prepare(data, folder / "notes", processes=jobs, progress=measured)
    with console.progress(steps * len(EXPERIMENTS), "steps", "training") as advance:

        def on_step(experiment: Experiment, progress: TrainingProgress) -> None:
            advance()
            if progress.step == 1:
                console.say(f"training: {experiment.name}")

        figures = ablate(notes, records, pool, folder, TrainOptions(steps=steps, batch=batch), on_step=on_step)
    if as_json:
        console.show(json.dumps(figures, indent=2))
        return
    table = Table("", *(name.replace("_", " ") for name in figures[0] if name != "name"), box=None, header_style="bold")
    for one in figures:
        table.add_row(one["name"], *(f"{value:.2f}" for name, value in one.items() if name != "name"))
    console.show(table)
