"""`nsynth-lab bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.atomic_file import write_json
from nsynth_lab.cli import console
from nsynth_lab.cli.options import (
    CheckpointOption,
    ComputeOption,
    FiguresOption,
    ForceOption,
    JsonOption,
    OnlyOption,
    ReportOption,
)

if TYPE_CHECKING:
    from nsynth_lab.bench.tables import Table


def bench(
    only: OnlyOption = "",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter measurements: under a minute.")] = False,
    threads: Annotated[
        int, typer.Option(min=0, max=1024, help="Threads that torch computes with; 0 lets each part choose.")
    ] = 0,
    device: ComputeOption = "auto",
    checkpoint: CheckpointOption = None,
    figures_file: FiguresOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Measure how fast this machine is: playing, blending, encoding, training, start-up and memory.

    The sections are machine, offline, streaming, controllers, limit, startup, memory and training. `streaming` says how
    many voices fit into blocks of each size, which is what `play --voices` and `--block` ask for; `controllers`, what
    knobs and wheels cost while they are turned. All of it takes about six minutes; close other programs, they are felt.
    `busy`, `duet` and `hosting` are measured only if they are named: encode, pack and play beside one and two busy
    programs; what answers of `nsynth-lab duet` cost; and what it costs to keep plugins in processes of their own.

    **Examples**

        nsynth-lab bench --quick

        nsynth-lab bench --only streaming

        nsynth-lab bench --only busy

        nsynth-lab bench --figures figures.json --report bench

        nsynth-lab bench --compute cuda --only streaming,offline,limit
    """
    from nsynth_lab.audio import check_target
    from nsynth_lab.bench.bench import check_sections, run_bench, total_steps
    from nsynth_lab.bench.page import MARK, write_page
    from nsynth_lab.bench.tables import tables
    from nsynth_lab.bench.work import Work
    from nsynth_lab.render import Session
    from nsynth_lab.report_folder import check_report_folder
    from nsynth_lab.threads import set_thread_count
    from nsynth_lab.wording import listed

    sections = check_sections(listed(only))
    if figures_file is not None:
        check_target(figures_file, force=force)
    if report is not None:
        check_report_folder(report, force=force, mark=MARK)
    work = Work(Session(checkpoint, device=device, user_instruments=False), quick=quick, threads=threads)
    if threads:
        set_thread_count(threads)
    with console.progress(total_steps(work, sections), "steps", "measuring", still=True) as advance:
        figures = run_bench(work, sections, advance)
    if figures_file is not None:
        write_json(figures_file, figures)
    page = write_page(report, figures) if report is not None else None
    if as_json:
        console.print_json(figures)
        return
    for table in tables(figures):
        _show(table)
    if page is not None:
        console.show(str(page))


def _show(table: Table) -> None:
    from rich.table import Table as Shown

    shown = Shown(*table.head, title=table.title, title_justify="left", box=None, show_header=any(table.head))
    for row in table.rows:
        shown.add_row(*row)
    console.show(shown)
