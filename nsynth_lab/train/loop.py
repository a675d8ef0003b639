"""The training loop: one step after the other, resumable at any of them.

batch -> encoder -> timbre (+ a little noise) -> decoder with the target's own streams -> spectral loss (+ critics')

On several processes (see `parallel`) each does this with its rows of the batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.errors import TrainingError
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.controls import ControlNet
from nsynth_lab.train.batches import MARGIN_FRAMES, Batch, Batches
from nsynth_lab.train.critics import Critics, segment
from nsynth_lab.train.decorrelation import timbre_penalty
from nsynth_lab.train.distil import lesson_db
from nsynth_lab.train.interrupt import noted_interrupts
from nsynth_lab.train.loss_course import LossCourse
from nsynth_lab.train.optimizer import Optimizer
from nsynth_lab.train.parallel import ALONE, World
from nsynth_lab.train.precision import bf16_is_faster, use_bf16
from nsynth_lab.train.prepare import PreparedNotes
from nsynth_lab.train.run_state import RunState, read_state, saved_step, write_state
from nsynth_lab.units import HOP_SAMPLES

TIMBRE_NOISE = 0.03
WARM_STEPS, WARM_SHARE = 300, 0.1
LAST_RATE = 0.02
EMA = 0.9995
GRADIENT_NORM = 1.0
CRITICS_RATE = 2e-4


@dataclass(frozen=True)
class TrainOptions:
    """What a run is asked to do; stored with it.

    Attributes:
        steps: length of the run; the learning rate falls towards it.
        batch: crops a step, on all processes together.
        frames: frames a crop on which the loss is taken.
        rate: highest learning rate.
        swap_share: share of crops decoded from another note's timbre.
        augment_share: share of crops that the encoder hears through a low-pass, a room or hiss.
        decorrelate: weight in dB of the penalty that keeps the dimensions of timbre apart.
        attack: weight of the distance of the attacks.
        adversarial: weight in dB of what the critics say; 0 trains without them.
        seed: of batches and first weights.
        minutes_between_saves: also how often `listen` is called.
        base: id of the model that the run began from; empty where it began afresh.
    """

    steps: int = 20_000
    batch: int = 8
    frames: int = 80
    rate: float = 1e-3
    swap_share: float = 0.25
    augment_share: float = 0.15
    decorrelate: float = 1.0
    attack: float = 1.0
    adversarial: float = 0.0
    seed: int = 0
    minutes_between_saves: float = 5.0
    base: str = ""


@dataclass(frozen=True)
class Report:
    """Where a run stands.

    Attributes:
        step, steps: done, and to do in all.
        loss_db, first_loss_db: running mean of the loss, and what it was when the run was started or gone on with.
        rate: learning rate.
        steps_per_second: measured so far.
    """

    step: int
    steps: int
    loss_db: float
    first_loss_db: float
    rate: float
    steps_per_second: float


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
    return f"{how} and a --rate below {options.rate:g}"


def learning_rate(step: int, options: TrainOptions) -> float:
    """Warm up over 300 steps or a tenth, stay, then fall as a cosine over the second half to a fiftieth."""
    warm = min(1.0, (step + 1) / max(1.0, min(WARM_STEPS, WARM_SHARE * options.steps)))
    through = min(1.0, max(0.0, 2.0 * step / max(options.steps, 1) - 1.0))
    return options.rate * warm * (LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * through)))


@dataclass(frozen=True)
class Heard:
    """What came of a batch, where it counts; where the batch is one process's, its share of the whole's.

    Attributes:
        decoded, recorded: [notes, samples].
        loudest_db: [notes] level of the loudest mel band of each whole note.
        distance_db: spectral distance of the two.
        attack_db: distance of the attacks, where the crops begin as notes do; else 0.
        penalty: of timbre, in the units of `timbre_penalty`.
    """

    decoded: Tensor
    recorded: Tensor
    loudest_db: Tensor
    distance_db: Tensor
    attack_db: Tensor
    penalty: Tensor


def hear(model: Autoencoder, batch: Batch, *, seed: int, noise: float, world: World = ALONE) -> Heard:
    """Encode and decode a batch. In its margins encoder and decoder lack their context."""
    source, target = batch.source, batch.target
    timbre = model.encoder(source.samples, source.loudness_db, source.f0_hz, source.partials)
    notes = world.size * len(timbre)
    rows = world.rows(notes)
    generator = torch.Generator().manual_seed(seed)
    jitter = torch.randn((notes, *timbre.shape[1:]), generator=generator)[rows].to(timbre.device)
    start = model.decoder.start(len(timbre), device=timbre.device, seed=seed + rows.start)
    decoded, _ = model.decoder.step(timbre + noise * jitter, target.loudness_db, target.f0_hz, target.partials, start)
    late = model.decoder.delay_samples
    first, end = batch.heard_from * HOP_SAMPLES, decoded.shape[1] - MARGIN_FRAMES * HOP_SAMPLES
    heard, recorded = decoded[:, first + late : end + late], target.samples[:, first:end]
    distance = spectral_distance(heard, recorded, target.loudest_db, total=world.total)
    attack = torch.zeros((), device=timbre.device)
    if batch.heard_from == 0:
        attack = attack_distance(heard, recorded, target.f0_hz.median(dim=1).values).sum() / notes
    penalty = timbre_penalty(timbre, source.loudness_db, total=world.total) / world.size
    return Heard(heard, recorded, target.loudest_db, distance, attack, penalty)


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
