"""What `nsynth-lab pack` does once it knows what is asked: plan, go on, make, and say what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.pack.plan import PackPlan
    from nsynth_lab.pack.request import PackRequest
    from nsynth_lab.render.session import Session

OF_MAKING = ("output", "resume", "force", "workers", "device", "checkpoint", "as_json", "dry_run")


@dataclass(frozen=True)
class How:
    """What a command line says of the making, beside what is to be made."""

    output: Path
    dry_run: bool
    resume: bool
    force: bool
    workers: str
    as_json: bool


def planned(request: PackRequest, checkpoint: Path | None, device: str) -> tuple[Session, PackPlan]:
    """A session for a request, and all that the pack will be."""
    from nsynth_lab.pack.plan import plan_pack
    from nsynth_lab.render.session import Session

    session = Session(checkpoint, device=device, seed=request.seed, progress=console.progress)
    return session, plan_pack(session, request)


def make_again(manifest: Path, how: How, checkpoint: Path | None, device: str) -> None:
    """The pack that a manifest tells of."""
    from nsynth_lab.pack.plan import check_same, read_manifest

    request, values = read_manifest(manifest)
    session, plan = planned(request, checkpoint, device)
    check_same(plan, values)
    make(session, plan, how)


def go_on(context: typer.Context, how: How, checkpoint: Path | None, device: str) -> None:
    """With the pack in the folder, by what the folder says of it; `context` is the command's, to see what was given.

    Raises:
        UsageError: there is none, or an option says what it is to be.
    """
    from nsynth_lab.pack.folder import model_of, recipe_file
    from nsynth_lab.pack.plan import check_same, read_manifest

    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in OF_MAKING and source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                "--resume takes from the folder what the pack is to be: leave out what says it, or say all"
            )
    request, values = read_manifest(recipe_file(how.output))
    made_on = str(values.get("device"))
    device = made_on if device == "auto" and made_on in ("cpu", "cuda") else device
    session, plan = planned(request, checkpoint or model_of(how.output), device)
    check_same(plan, values, also=("nsynth_lab", "format", "device"))
    make(session, plan, how)


def _is_whole(plan: PackPlan, how: How) -> bool:
    """Whether the folder holds exactly this pack, complete; missing files are reported."""
    from nsynth_lab.pack.folder import inspect_folder, lost_files, matches_plan

    if not how.resume or inspect_folder(how.output) != "pack" or not matches_plan(how.output, plan.values()):
        return False
    clips, others = lost_files(how.output)
    if clips or others:
        console.say(f"missing or damaged: {len(clips)} clips and {len(others)} other files; they are made again")
    return not clips and not others


def make(session: Session, plan: PackPlan, how: How) -> None:
    """Make, resume or repair a pack, or estimate its cost; then report the result."""
    from nsynth_lab.pack.estimate import MANY_CLIPS, check_room, estimate
    from nsynth_lab.pack.format_table import left_out
    from nsynth_lab.pack.formats.report import summary
    from nsynth_lab.pack.make import make_pack

    request, folder = plan.request, str(how.output)
    told = {"folder": folder, "clips": request.clips, "model": plan.stamp["model"]}
    if not how.dry_run and _is_whole(plan, how):
        console.say(f"all {request.clips:,} clips and all other files are whole: nothing is made again")
        console.print_json(told) if how.as_json else console.show(folder)
        return
    for sentence in left_out(request.formats, request.extent):
        console.say(sentence)
    if how.dry_run or request.clips >= MANY_CLIPS:
        cost = estimate(session, plan)
        if how.dry_run:
            console.print_json(asdict(cost)) if how.as_json else console.show(_cost(cost))
            return
        console.say(f"warning: {_cost(cost)}; Ctrl-C stops it at any time, --resume goes on")
    if not how.resume:
        check_room(request, how.output)
    with console.progress(request.clips, "clips", "decoding") as advance:
        made, records = make_pack(
            session, plan, how.output, resume=how.resume, force=how.force, workers=how.workers, advance=advance
        )
    for trouble in sorted({trouble for record in records for trouble in record.get("troubles", ())}):
        console.say(trouble)
    rows = summary(made, records)
    if how.as_json:
        console.print_json({**told, "report": dict(rows)})
    else:
        _print(folder, rows)


def _cost(cost: Any) -> str:
    from nsynth_lab.pack.estimate import megabytes

    return (
        f"{cost.clips:,} clips, {cost.sound_seconds / 60:.1f} minutes of sound, about {megabytes(cost.disk_bytes)} on "
        f"disk, about {console.duration(cost.work_seconds)} on this machine"
    )


def _print(folder: str, rows: list[tuple[str, str]]) -> None:
    from rich.table import Table

    table = Table("what", "how much", box=None, header_style="bold")
    for what, much in rows:
        table.add_row(what, much)
    console.show(table)
    console.show(folder)
