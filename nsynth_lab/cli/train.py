"""`nsynth-lab train` and `nsynth-lab bank build`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import (
    CheckpointOption,
    ComputeOption,
    ForceOption,
    JobsOption,
    ResumeOption,
    RoundsOption,
    SeedOption,
)
from nsynth_lab.model.config import ROUNDS

if TYPE_CHECKING:
    from nsynth_lab.dataset.prepare import PreparedNotes
    from nsynth_lab.train.distributed import ProcessGroup
    from nsynth_lab.train.initial_model import InitialModel
    from nsynth_lab.train.options import TrainingProgress, TrainOptions

STEPS_BETWEEN_LINES = 100
HIGHEST_RATE = 1.0


class Defaults(NamedTuple):
    """Options of a run that the user does not give."""

    steps: int
    rate: float
    decorrelate: float


FRESH = Defaults(20_000, 1e-3, 1.0)
FINE = Defaults(300, 5e-4, 0.0)  # from a checkpoint; the timbre penalty would distort the timbre of a single instrument


def train(
    data: Annotated[list[Path], typer.Argument(help="Note data sets in NSynth's layout.")],
    run: Annotated[Path, typer.Option("--output", "-o", help="Where to write the run: a folder.")],
    fresh: Annotated[bool, typer.Option("--fresh", help="Start with an untrained model.")] = False,
    base: Annotated[
        Path | None, typer.Option(help="The checkpoint or run to start from; by default the default checkpoint.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Length of the run; the learning rate falls towards its end. [default: "
            f"{FRESH.steps} with --fresh or a --stage, else {FINE.steps}]",
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Crops of 0.85 s in each training step, over all GPUs.")] = 8,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help=f"Highest learning rate. [default: {FRESH.rate:g} with --fresh or a --stage, else {FINE.rate:g}]"
        ),
    ] = None,
    swap: Annotated[
        float, typer.Option(min=0, max=1, help="Share of crops decoded with the timbre of another note.")
    ] = 0.25,
    augment: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of crops encoded through a low-pass, with a room or with hiss."),
    ] = 0.15,
    decorrelate: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Weight of the penalty that keeps the dimensions of timbre independent; 0 for none. "
            f"[default: {FRESH.decorrelate:g} with --fresh, else 0]",
        ),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Minutes between saves, which also write sounds.")] = 10.0,
    jobs: JobsOption = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads that torch computes with.")] = 1,
    seed: SeedOption = 0,
    stage: Annotated[
        str,
        typer.Option(
            help="excitation (the whole model); or distil (a smaller control net for the trained model of --base)."
        ),
    ] = "excitation",
    split: Annotated[
        list[Path] | None,
        typer.Option(help="One of DATA: hold out one in eight of its instruments, for evaluate --unseen."),
    ] = None,
    device: ComputeOption = "auto",
    resume: ResumeOption = False,
) -> None:
    """Fine-tune the default checkpoint on note data sets, or train a fresh model; Ctrl-C stops, --resume continues.

    The run's folder gets `weights.safetensors`, a checkpoint without a bank (see `nsynth-lab bank build`), a log for
    TensorBoard, and held-out notes with their reconstructions in `listen/`. Wrong pitch labels are reported before
    training, and failures whenever the run is saved: silence, noise, the same timbre for all notes, nothing learnt.
    On several GPUs or processes: `torchrun --nproc-per-node 4 -m nsynth_lab train ...`.

    **Examples**

        nsynth-lab train notes/ -o runs/mine

        nsynth-lab train notes/ -o runs/mine --steps 800 --resume

        nsynth-lab train notes/ -o runs/afresh --fresh

        nsynth-lab train notes/ -o runs/smaller --stage distil --base runs/afresh
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.render import DEFAULT_CHECKPOINT, pick_device
    from nsynth_lab.threads import set_thread_count
    from nsynth_lab.train.distributed import connected, torchrun_group
    from nsynth_lab.train.initial_model import initial_model
    from nsynth_lab.train.options import TrainOptions
    from nsynth_lab.train.run_state import FILE

    group = torchrun_group()
    console.mute(not group.is_leader)
    if fresh and base is not None:
        raise UsageError("--fresh starts without a checkpoint and --base with one: use only one of them")
    if (run / FILE).exists() and not resume:
        raise UsageError(f"{run}: holds a run already; add --resume to continue it, or use another folder")
    if run.exists() and not run.is_dir():
        raise UsageError(f"{run}: is a file; expected the run's folder, new or of an earlier run")
    if strangers := sorted(str(folder) for folder in set(split or []) - set(data)):
        raise UsageError(f"--split {strangers[0]}: not among the data sets to train on")
    if learning_rate is not None and not 0 < learning_rate <= HIGHEST_RATE:
        raise UsageError(f"--learning-rate {learning_rate:g}; expected more than 0 and at most {HIGHEST_RATE:g}")
    if batch % group.size:
        raise UsageError(f"--batch {batch} cannot be shared by {group.size} processes; expected a multiple of that")
    place = pick_device(device)
    set_thread_count(threads)
    start = initial_model(run, stage, None if fresh else base or DEFAULT_CHECKPOINT, seed=seed)
    defaults = FINE if start.base and stage == "excitation" else FRESH
    decorrelate = defaults.decorrelate if decorrelate is None else decorrelate
    options = TrainOptions(
        steps=steps or defaults.steps,
        batch=batch,
        rate=learning_rate or defaults.rate,
        swap_share=swap,
        augment_share=augment,
        decorrelate=decorrelate if stage == "excitation" else 0.0,
        seed=seed,
        minutes_between_saves=minutes,
        base=start.base,
    )
    with connected(group, place):
        notes = _notes(data, run, split or [], jobs, group)
        if group.is_leader and not start.step:
            _check(notes, run)
        _train(notes, run, options, start, place, group)
    console.show(f"{run}: trained to step {max(options.steps, start.step)}")


def _notes(data: list[Path], run: Path, split: list[Path], jobs: int | None, group: ProcessGroup) -> PreparedNotes:
    """The notes, read and measured by the first process while the others wait."""
    from nsynth_lab.dataset.prepare import load, prepare

    if group.is_leader:
        with measuring() as measured:
            notes = prepare(data, run / "notes", split=split, processes=jobs, progress=measured)
    group.wait()
    return notes if group.is_leader else load(run / "notes")


def _check(notes: PreparedNotes, run: Path) -> None:
    """Warn about faults of the notes before training starts."""
    from nsynth_lab.dataset.label_check import check_labels
    from nsynth_lab.train.monitor import note_warning

    held_out = sum(bool(entry["held_out"]) for entry in notes.index)
    if held_out in (0, len(notes)):
        which = "every" if held_out else "none"
        console.say(
            f"so few notes that {which} would be held out for evaluation (one in sixteen is): all {len(notes)} are "
            f"trained on and monitored; evaluate with `nsynth-lab evaluate --all`"
        )
    for line in check_labels(notes).warnings:
        _warn(line)
        note_warning(run, line, step=0)


def _train(
    notes: PreparedNotes, run: Path, options: TrainOptions, start: InitialModel, place: str, group: ProcessGroup
) -> None:
    from nsynth_lab.train.loop import train
    from nsynth_lab.train.monitor import TrainingMonitor

    monitor = TrainingMonitor(run, notes, options, warn=_warn, base=start.header)
    left = max(0, options.steps - start.step)
    with monitor if group.is_leader else nullcontext(), console.progress(left, "steps", "training") as advance:

        def on_step(progress: TrainingProgress) -> None:
            advance()
            monitor.on_step(progress)
            if progress.step % STEPS_BETWEEN_LINES == 0:
                console.say(f"step {progress.step}: loss {progress.loss_db:.2f} dB")

        train(
            notes, run, options, start.model, device=place, on_step=on_step, on_save=monitor.on_save,
            teacher=start.teacher, group=group,
        )  # fmt: skip


def _warn(line: str) -> None:
    console.say(f"warning: {line}")


FromOption = Annotated[
    str,
    typer.Option("--from-checkpoint", help="The checkpoint that instruments come from; or default."),
]


def build_bank(
    data: Annotated[
        list[Path] | None, typer.Argument(help="Note data sets whose instruments go into the bank.", show_default=False)
    ] = None,
    checkpoint: CheckpointOption = None,
    from_checkpoint: FromOption = "",
    spacing: Annotated[int, typer.Option(min=1, help="Keep zones at least so many semitones apart.")] = 7,
    layers: Annotated[int, typer.Option(min=1, help="Velocity layers to keep.")] = 2,
    rounds: RoundsOption = ROUNDS,
    jobs: JobsOption = None,
    force: ForceOption = False,
) -> None:
    """Encode the instruments of data sets for a checkpoint's bank, so that they can be blended by name.

    Latents belong to one model, so a newly trained model has no instruments. With `--from-checkpoint` the instruments
    of another checkpoint, and your own that were captured with it, are decoded by that one and encoded by this one;
    instruments that the bank already has stay.

    Encoding takes about a tenth of the length of the notes, divided by the number of processes; with `--rounds 8` and
    `--from-checkpoint` five times as long. If it is interrupted, the same command continues. Notes whose level rises at
    the end, unlike the recording's, are listed.

    **Examples**

        nsynth-lab bank build notes/ --checkpoint runs/mine

        nsynth-lab bank build --from-checkpoint default --checkpoint runs/mine
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
    from nsynth_lab.model.headers import BANK

    folder = checkpoint or DEFAULT_CHECKPOINT
    if not data and not from_checkpoint:
        raise UsageError("nothing to encode: give note data sets, or --from-checkpoint default")
    if data and (folder / BANK).exists() and not force:
        raise UsageError(f"{folder / BANK}: exists already; add --force to replace it")

    from nsynth_lab.capture import bank_builder, reencode

    own = bank_builder.checkpoint_bank(folder) if not data else None
    if data:
        plan = bank_builder.plan_bank(data, spacing=spacing, layers=layers)
        with console.progress(plan.zones, "zones", "encoding") as advance:
            own = bank_builder.build_bank(plan, folder, processes=jobs, progress=lambda: advance(1), warn=console.say)
    if from_checkpoint:
        old = DEFAULT_CHECKPOINT if from_checkpoint == "default" else Path(from_checkpoint)
        missing = reencode.without_instruments(
            bank_builder.bank_with_user_instruments(old), list(own.entries) if own else []
        )
        with console.progress(len(missing.zones), "zones", "encoding") as advance:
            done = reencode.reencode_bank(
                missing, old, folder, rounds=rounds, processes=jobs, progress=lambda: advance(1)
            )
        own = bank_builder.write_joined_bank(folder, own, done, recipe={"from_checkpoint": from_checkpoint})
    assert own is not None
    path = folder / BANK
    size = f"{path.stat().st_size / 2**20:.1f} MiB"
    console.show(f"{path}: {len(own.entries)} instruments, {len(own.zones)} zones, {size}")


def add_details(
    data: Annotated[list[Path], typer.Argument(help="Note data sets from which the bank was built.")],
    checkpoint: CheckpointOption = None,
    jobs: JobsOption = None,
    force: ForceOption = False,
) -> None:
    """Measure what the notes of a checkpoint's bank leave unsaid of their recordings, and add it to the bank.

    A bank that was built by an earlier version has the timbre of its notes, and no offsets in dB of their partials and
    their noise. Timbre stays as it is. Notes whose recording is in none of the data sets are left as they are. If it
    is interrupted, the same command continues.

    **Example**: `nsynth-lab bank detail notes/ --checkpoint runs/mine --force`
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
    from nsynth_lab.model.headers import BANK

    folder = checkpoint or DEFAULT_CHECKPOINT
    if not force:
        raise UsageError(f"{folder / BANK}: its notes would change; add --force")

    from nsynth_lab.capture.bank_detail import plan_details, write_details

    plan = plan_details(data, folder)
    with console.progress(len(plan.recorded), "zones", "measuring") as advance:
        measured = write_details(plan, folder, processes=jobs, progress=lambda: advance(1))
    size = f"{(folder / BANK).stat().st_size / 2**20:.1f} MiB"
    console.show(f"{folder / BANK}: {measured} of {len(plan.bank.zones)} zones have details now, {size}")


@contextmanager
def measuring() -> Iterator[Callable[[int, int], None]]:
    """Yields progress(done, total) of notes, for a total that is known only after the work has started."""
    with ExitStack() as stack:
        bars: list[Callable[..., None]] = []

        def progress(_done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(console.progress(total, "notes", "measuring")))
            bars[0]()

        yield progress
