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
    from nsynth_lab.train.initial_model import Beginning
    from nsynth_lab.train.options import Report, TrainOptions
    from nsynth_lab.train.parallel import World

STEPS_BETWEEN_LINES = 100
HIGHEST_RATE = 1.0


class Usual(NamedTuple):
    """What a run is asked to do where the user does not say."""

    steps: int
    rate: float
    decorrelate: float


FRESH = Usual(20_000, 1e-3, 1.0)
FINE = Usual(300, 5e-4, 0.0)  # from a checkpoint; keeping dimensions apart would push one instrument's about


def train(
    data: Annotated[list[Path], typer.Argument(help="Note data sets in NSynth's layout.")],
    run: Annotated[Path, typer.Option("--output", "-o", help="Where to write the run: a folder.")],
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with an untrained model.")] = False,
    base: Annotated[
        Path | None, typer.Option(help="The checkpoint or run to begin from; the default checkpoint if not given.")
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
        float, typer.Option(min=0, max=1, help="Share of crops decoded from another note's timbre.")
    ] = 0.25,
    augment: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of crops that the encoder hears dulled, in a room or in hiss."),
    ] = 0.15,
    decorrelate: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Weight of keeping the dimensions of timbre apart; 0 for none. "
            f"[default: {FRESH.decorrelate:g} with --fresh, else 0]",
        ),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Save, and write sounds to listen to, so often.")] = 10.0,
    jobs: JobsOption = 2,
    threads: Annotated[int, typer.Option(min=1, help="Threads that torch computes with.")] = 1,
    seed: SeedOption = 0,
    stage: Annotated[
        str,
        typer.Option(
            help="excitation; from a trained model: distil (a smaller control net), bands (the band stack), "
            "adversarial (with critics)."
        ),
    ] = "excitation",
    split: Annotated[
        list[Path] | None,
        typer.Option(help="One of DATA: keep one of its instruments in eight from training, for evaluate --unseen."),
    ] = None,
    device: ComputeOption = "auto",
    resume: ResumeOption = False,
) -> None:
    """Fine-tune the default checkpoint on note data sets, or train afresh; interrupt any time, go on with --resume.

    The run's folder ends with `weights.safetensors`, a checkpoint without a bank (see `nsynth-lab bank build`), a log
    for TensorBoard, and held-out notes beside their decoded twins in `listen/`. Whenever the run is saved, what is
    wrong with it is said: silence, noise, one timbre for all, nothing learnt; and before it, wrong pitch labels.
    On several GPUs, or processes: `torchrun --nproc-per-node 4 -m nsynth_lab train ...`.

    **Examples**

        nsynth-lab train notes/ -o runs/mine

        nsynth-lab train notes/ -o runs/mine --steps 800 --resume

        nsynth-lab train notes/ -o runs/afresh --fresh

        nsynth-lab train notes/ -o runs/bands --stage bands --base runs/afresh
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.render import DEFAULT_CHECKPOINT, pick_device
    from nsynth_lab.train.discriminators import ADVERSARIAL_DB
    from nsynth_lab.train.initial_model import beginning
    from nsynth_lab.train.options import TrainOptions
    from nsynth_lab.train.parallel import joined, started
    from nsynth_lab.train.precision import use_threads
    from nsynth_lab.train.run_state import FILE

    world = started()
    console.mute(not world.leads)
    if fresh and base is not None:
        raise UsageError("--fresh begins without a checkpoint and --base with one: leave one of them away")
    if (run / FILE).exists() and not resume:
        raise UsageError(f"{run}: holds a run already; add --resume to go on with it, or name another folder")
    if run.exists() and not run.is_dir():
        raise UsageError(f"{run}: is a file; expected the run's folder, new or begun before")
    if strangers := sorted(str(folder) for folder in set(split or []) - set(data)):
        raise UsageError(f"--split {strangers[0]}: not among the data sets to train on")
    if learning_rate is not None and not 0 < learning_rate <= HIGHEST_RATE:
        raise UsageError(f"--learning-rate {learning_rate:g}; expected more than 0 and at most {HIGHEST_RATE:g}")
    if batch % world.size:
        raise UsageError(f"--batch {batch} cannot be shared by {world.size} processes; expected a multiple of that")
    place = pick_device(device)
    use_threads(threads)
    start = beginning(run, stage, None if fresh else base or DEFAULT_CHECKPOINT, seed=seed)
    usual = FINE if start.base and stage == "excitation" else FRESH
    apart = usual.decorrelate if decorrelate is None else decorrelate
    options = TrainOptions(
        steps=steps or usual.steps,
        batch=batch,
        rate=learning_rate or usual.rate,
        swap_share=swap,
        augment_share=augment,
        decorrelate=apart if stage == "excitation" else 0.0,
        adversarial=ADVERSARIAL_DB if stage == "adversarial" else 0.0,
        seed=seed,
        minutes_between_saves=minutes,
        base=start.base,
    )
    with joined(world, place):
        notes = _notes(data, run, split or [], jobs, world)
        if world.leads and not start.step:
            _look_at(notes, run)
        _train(notes, run, options, start, place, world)
    console.show(f"{run}: trained to step {max(options.steps, start.step)}")


def _notes(data: list[Path], run: Path, split: list[Path], jobs: int, world: World) -> PreparedNotes:
    """The notes, read and measured by the first process while the others wait."""
    from nsynth_lab.dataset.prepare import load, prepare

    if world.leads:
        with measuring() as measured:
            notes = prepare(data, run / "notes", split=split, processes=jobs, progress=measured)
    world.wait()
    return notes if world.leads else load(run / "notes")


def _look_at(notes: PreparedNotes, run: Path) -> None:
    """Say what is wrong with the notes before a run begins."""
    from nsynth_lab.dataset.label_check import check_labels
    from nsynth_lab.train.monitor import note_warning

    held_out = sum(bool(entry["held_out"]) for entry in notes.index)
    if held_out in (0, len(notes)):
        which = "every" if held_out else "none"
        console.say(
            f"so few notes that {which} would be kept from training to measure with (one in sixteen is): all "
            f"{len(notes)} are trained on and listened to; measure with `nsynth-lab evaluate --all`"
        )
    for line in check_labels(notes).warnings:
        _warn(line)
        note_warning(run, line, step=0)


def _train(notes: PreparedNotes, run: Path, options: TrainOptions, start: Beginning, place: str, world: World) -> None:
    from nsynth_lab.train.loop import train
    from nsynth_lab.train.monitor import Listener

    listener = Listener(run, notes, options, warn=_warn, base=start.header)
    left = max(0, options.steps - start.step)
    with listener if world.leads else nullcontext(), console.progress(left, "steps", "training") as advance:

        def report(at: Report) -> None:
            advance()
            listener.report(at)
            if at.step % STEPS_BETWEEN_LINES == 0:
                console.say(f"step {at.step}: loss {at.loss_db:.2f} dB")

        train(
            notes, run, options, start.model, device=place, report=report,
            listen=listener.listen, teacher=start.teacher, world=world,
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
    jobs: JobsOption = 2,
    force: ForceOption = False,
) -> None:
    """Encode the instruments of data sets into a checkpoint's bank, so that they can be blended by name.

    Latents belong to one model, so one that was just trained knows no instrument by name. With `--from-checkpoint` the
    instruments of another checkpoint, and your own that were captured with it, are decoded by that one and encoded by
    this one; instruments that are there already stay. The default checkpoint's 1,922 notes take about an hour;
    `--rounds 0` takes some minutes and comes less close.

    Takes about as long as the notes last, shared by the processes; interrupt it any time, it goes on when called again.
    Notes whose fundamental rises in their end, where that of the recording does not, are named.

    **Examples**

        nsynth-lab bank build notes/ --checkpoint runs/mine

        nsynth-lab bank build --from-checkpoint default --checkpoint runs/mine
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
    from nsynth_lab.model.headers import BANK

    folder = checkpoint or DEFAULT_CHECKPOINT
    if not data and not from_checkpoint:
        raise UsageError("name note data sets whose instruments go into the bank, or --from-checkpoint default")
    if data and (folder / BANK).exists() and not force:
        raise UsageError(f"{folder / BANK}: exists already; add --force to replace it")

    from nsynth_lab.capture import bank_builder, reencode

    own = bank_builder.own_bank(folder) if not data else None
    if data:
        plan = bank_builder.plan_bank(data, spacing=spacing, layers=layers)
        with console.progress(plan.zones, "zones", "encoding") as advance:
            own = bank_builder.build_bank(plan, folder, processes=jobs, progress=lambda: advance(1), tell=console.say)
    if from_checkpoint:
        old = DEFAULT_CHECKPOINT if from_checkpoint == "default" else Path(from_checkpoint)
        missing = reencode.lacking(bank_builder.whole_bank(old), list(own.entries) if own else [])
        with console.progress(len(missing.zones), "zones", "encoding") as advance:
            done = reencode.reencoded(missing, old, folder, rounds=rounds, processes=jobs, progress=lambda: advance(1))
        own = bank_builder.write_with_others(folder, own, done, recipe={"from_checkpoint": from_checkpoint})
    assert own is not None
    path = folder / BANK
    size = f"{path.stat().st_size / 2**20:.1f} MiB"
    console.show(f"{path}: {len(own.entries)} instruments, {len(own.zones)} zones, {size}")


@contextmanager
def measuring() -> Iterator[Callable[[int, int], None]]:
    """Yields progress(done, total) of notes, which is known only once the work has begun; there may be none to do."""
    with ExitStack() as stack:
        bars: list[Callable[..., None]] = []

        def progress(_done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(console.progress(total, "notes", "measuring")))
            bars[0]()

        yield progress
