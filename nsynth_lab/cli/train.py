"""`nsynth-lab train` and `nsynth-lab bank build`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import CheckpointOption, DeviceOption, ForceOption

STEPS_BETWEEN_LINES = 100
HIGHEST_RATE = 1.0
ADVERSARIAL_DB = 0.5


def train(
    data: Annotated[list[Path], typer.Argument(help="Note data sets in NSynth's layout.")],
    run: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run: state, log, sounds, weights.")],
    steps: Annotated[
        int, typer.Option(min=1, help="Length of the run; the learning rate falls towards its end.")
    ] = 20_000,
    batch: Annotated[int, typer.Option(min=1, help="Crops of 0.85 s a step.")] = 8,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1e-3,
    swap: Annotated[
        float, typer.Option(min=0, max=1, help="Share of crops decoded from another note's timbre.")
    ] = 0.25,
    augment: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of crops that the encoder hears dulled, in a room or in hiss."),
    ] = 0.15,
    decorrelate: Annotated[
        float, typer.Option(min=0, help="Weight of keeping the dimensions of timbre apart; 0 for none.")
    ] = 1.0,
    minutes: Annotated[float, typer.Option(min=0.1, help="Save, and write sounds to listen to, so often.")] = 10.0,
    processes: Annotated[int, typer.Option(min=1, help="That read and measure the notes.")] = 2,
    threads: Annotated[int, typer.Option(min=1, help="That compute, on a CPU.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of first weights and batches.")] = 0,
    stage: Annotated[
        str, typer.Option(help="excitation; on top of --base: bands (the band stack), adversarial (with critics).")
    ] = "excitation",
    base: Annotated[Path | None, typer.Option(help="A trained checkpoint or run to begin from.")] = None,
    split: Annotated[
        list[Path] | None,
        typer.Option(help="One of DATA: keep one of its instruments in eight from training, for evaluate --unseen."),
    ] = None,
    device: DeviceOption = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
) -> None:
    """Train a model on note data sets; interrupt it any time and go on with --resume.

    The run's folder ends with `weights.safetensors`, a checkpoint without a bank (see `nsynth-lab bank build`), a log
    for TensorBoard, and held-out notes beside their decoded twins in `listen/`.

    **Examples**

        nsynth-lab train notes/ -o runs/mine --steps 5000

        nsynth-lab train notes/ -o runs/mine --steps 8000 --resume

        nsynth-lab train notes/ -o runs/bands --stage bands --base runs/mine
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.model.checkpoint import load_checkpoint
    from nsynth_lab.render import pick_device
    from nsynth_lab.train.first_model import first_model
    from nsynth_lab.train.listen import Listener
    from nsynth_lab.train.loop import Report, TrainOptions, train
    from nsynth_lab.train.precision import use_threads
    from nsynth_lab.train.prepare import prepare
    from nsynth_lab.train.run_state import FILE, saved_step

    if (run / FILE).exists() and not resume:
        raise UsageError(f"{run}: holds a run already; add --resume to go on with it, or name another folder")
    if run.exists() and not run.is_dir():
        raise UsageError(f"{run}: is a file; expected the run's folder, new or begun before")
    if strangers := sorted(str(folder) for folder in set(split or []) - set(data)):
        raise UsageError(f"--split {strangers[0]}: not among the data sets to train on")
    if not 0 < rate <= HIGHEST_RATE:
        raise UsageError(f"rate {rate:g}; expected more than 0 and at most {HIGHEST_RATE:g}")
    place = pick_device(device)
    use_threads(threads)
    options = TrainOptions(
        steps=steps,
        batch=batch,
        rate=rate,
        swap_share=swap,
        augment_share=augment,
        decorrelate=decorrelate if stage == "excitation" else 0.0,
        adversarial=ADVERSARIAL_DB if stage == "adversarial" else 0.0,
        seed=seed,
        minutes_between_saves=minutes,
    )
    model = first_model(stage, load_checkpoint(base).model if base is not None else None, seed=seed)
    with measuring() as measured:
        notes = prepare(data, run / "notes", split=split or [], processes=processes, progress=measured)
    begun = saved_step(run)
    left = max(0, steps - begun)
    with Listener(run, notes, options) as listener, console.progress(left, "steps", "training") as advance:

        def report(at: Report) -> None:
            advance()
            listener.report(at)
            if at.step % STEPS_BETWEEN_LINES == 0:
                console.say(f"step {at.step}: loss {at.loss_db:.2f} dB")

        train(
            notes, run, options, model, device=place, report=report,
            listen=listener.listen,
        )  # fmt: skip
    console.show(f"{run}: trained to step {max(steps, begun)}")


def build_bank(
    data: Annotated[list[Path], typer.Argument(help="Note data sets whose instruments go into the bank.")],
    checkpoint: CheckpointOption = None,
    spacing: Annotated[int, typer.Option(min=1, help="Keep zones at least so many semitones apart.")] = 7,
    layers: Annotated[int, typer.Option(min=1, help="Velocity layers to keep.")] = 2,
    force: ForceOption = False,
) -> None:
    """Encode the instruments of data sets into a checkpoint's bank, so that they can be blended by name.

    **Example**: `nsynth-lab bank build notes/ --checkpoint runs/mine`
    """
    from nsynth_lab.errors import UsageError
    from nsynth_lab.model.bank import BANK
    from nsynth_lab.render import DEFAULT_CHECKPOINT
    from nsynth_lab.train import bank_builder

    folder = checkpoint or DEFAULT_CHECKPOINT
    if (folder / BANK).exists() and not force:
        raise UsageError(f"{folder / BANK}: exists already; add --force to replace it")
    plan = bank_builder.plan_bank(data, spacing=spacing, layers=layers)
    with console.progress(plan.zones, "zones", "encoding") as advance:
        path = bank_builder.build_bank(plan, folder, progress=lambda: advance(1))
    size = f"{path.stat().st_size / 2**20:.1f} MiB"
    console.show(f"{path}: {len(plan.instruments)} instruments, {plan.zones} zones, {size}")


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
