"""The training loop: one step after the other, resumable at any of them.

batch -> encoder -> timbre (+ a little noise) -> decoder with the target's own streams -> spectral loss (+ critics')

On several processes (see `parallel`) each does this with its rows of the batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.errors import TrainingError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.controls import ControlNet
from nsynth_lab.train.batches import MARGIN_FRAMES, Batch, Batches
from nsynth_lab.train.discriminators import Critics, segment
from nsynth_lab.train.distillation import lesson_db
from nsynth_lab.train.forward import TIMBRE_NOISE, hear
from nsynth_lab.train.interrupt import noted_interrupts
from nsynth_lab.train.loss_curve import LossCourse
from nsynth_lab.train.optimizer import Optimizer
from nsynth_lab.train.options import Report, TrainOptions, learning_rate
from nsynth_lab.train.parallel import ALONE, World
from nsynth_lab.train.precision import bf16_is_faster, use_bf16
from nsynth_lab.train.run_state import RunState, read_state, saved_step, write_state

EMA = 0.9995
GRADIENT_NORM = 1.0
CRITICS_RATE = 2e-4


def train(
    notes: PreparedNotes,
    run: Path,
    options: TrainOptions,
    model: Autoencoder,
    *,
    device: str,
    report: Callable[[Report], None],
    listen: Callable[[Autoencoder, int], None],
    teacher: ControlNet | None = None,
    world: World = ALONE,
) -> Autoencoder:
    """Train from where `run` stands (a fresh folder: from `model`); returns the averaged model.

    With a `teacher` the model's control net is held to that one, and not to sounds (see `distil`). Parameters of
    `model` that need no gradient stay as they are: so the band stack is trained on top of the rest. An interruption
    (Ctrl-C) saves first and is raised again. Of several processes the first writes, reports and listens; they stop
    after the same step, whichever of them is interrupted.

    Raises:
        TrainingError: the loss is no number, or grows without end; what was saved last stays as it is.
    """
    place = torch.device(device)
    torch.manual_seed(options.seed)  # critics begin alike in every process
    state = read_state(run, model, Critics() if options.adversarial else None, base=options.base, device=place)
    rounded = world.agreed(bf16_is_faster(place), place)
    for part in (state.model, teacher):
        if part is not None:
            use_bf16(part.to(place), rounded)
    batches = Batches(
        notes,
        size=options.batch,
        frames=options.frames + 2 * MARGIN_FRAMES,
        swap_share=options.swap_share,
        augment_share=options.augment_share,
        seed=options.seed,
    )
    rows = world.rows(options.batch)
    saved = started = time.monotonic()
    first, course = state.step, LossCourse()
    # torchrun passes on a Ctrl-C that the terminal has sent to every process already, and ends them if they take long
    with noted_interrupts(patience=1 if world.size == 1 else math.inf) as pressed:
        try:
            while state.step < options.steps:
                loss, stopped = _step(state, batches.at(state.step, rows), options, place, world, pressed, teacher)
                course = course.after(loss)
                speed = (state.step - first) / (time.monotonic() - started)
                rate = learning_rate(state.step, options)
                if world.leads:
                    report(Report(state.step, options.steps, course.mean_db, course.first_db, rate, speed))
                if stopped:
                    raise KeyboardInterrupt
                if world.leads and time.monotonic() - saved > 60.0 * options.minutes_between_saves:
                    write_state(run, state)
                    listen(state.averaged, state.step)
                    saved = time.monotonic()
        except TrainingError as error:
            raise TrainingError(f"step {state.step}: {error}; {_advice(run, options)}") from error
        except BaseException:
            if world.leads:
                write_state(run, state)
            raise
        if world.leads:
            write_state(run, state)
    if world.leads:
        listen(state.averaged, state.step)
    world.wait()
    return state.averaged


def _advice(run: Path, options: TrainOptions) -> str:
    """What to do about a run that has failed."""
    kept = saved_step(run)
    how = f"go on from step {kept}, which is kept, with --resume" if kept else "nothing was saved: start again"
    return f"{how} and a --learning-rate below {options.rate:g}"


def _step(
    state: RunState, batch: Batch, options: TrainOptions, device: torch.device, world: World, pressed: list[int],
    teacher: ControlNet | None,
) -> tuple[float, bool]:  # fmt: skip
    """One step; the batch's distance in dB, and whether Ctrl-C was pressed (`pressed`) in any process."""
    moved = Batch(batch.source.to(device), batch.target.to(device), batch.heard_from)
    if teacher is None:
        distance_db = _descend_by_ear(state, moved, options, world)
    else:
        distance_db = lesson_db(state.model, teacher, moved, seed=state.step, noise=TIMBRE_NOISE, world=world)
        _descend(distance_db, state.model, state.optimizer, rate=learning_rate(state.step, options), world=world)
    state.step += 1
    keep = min(EMA, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for average, value in zip(state.averaged.parameters(), state.model.parameters(), strict=True):
            average.lerp_(value, 1.0 - keep)
    told = torch.stack([distance_db.detach(), torch.tensor(float(len(pressed)), device=device)])
    distance, stops = world.total(told).tolist()
    return distance, stops > 0


def _descend_by_ear(state: RunState, batch: Batch, options: TrainOptions, world: World) -> Tensor:
    """Hold the model to the sounds of a batch; its distance in dB."""
    heard = hear(state.model, batch, seed=state.step, noise=TIMBRE_NOISE, world=world)
    loss = heard.distance_db + options.attack * heard.attack_db + options.decorrelate * heard.penalty
    rate = learning_rate(state.step, options)
    if state.critics is None or state.critics_optimizer is None:
        _descend(loss, state.model, state.optimizer, rate=rate, world=world)
    else:
        parts = segment(heard.decoded, heard.recorded, heard.loudest_db, seed=state.step)
        judged = state.critics.decoders_loss(*parts, average=world.average)
        loss = loss + options.adversarial * judged / world.size
        _descend(loss, state.model, state.optimizer, rate=rate, world=world)
        critics_loss = state.critics.own_loss(*parts) / world.size
        critics_rate = rate * CRITICS_RATE / options.rate
        _descend(critics_loss, state.critics, state.critics_optimizer, rate=critics_rate, world=world)
    return heard.distance_db


def _descend(loss: Tensor, model: nn.Module, optimizer: Optimizer, *, rate: float, world: World) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    world.add_gradients(model.parameters())
    if not torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM).isfinite():
        raise TrainingError("the gradient of the loss is not a number")
    optimizer.step(rate=rate)
