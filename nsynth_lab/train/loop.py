"""The training loop: one step after the other, resumable at any of them.

batch -> encoder -> timbre (+ a little noise) -> decoder with the target's own streams -> spectral loss (+ critics')
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.train.batches import MARGIN_FRAMES, Batch, Batches
from nsynth_lab.train.critics import Critics, segment
from nsynth_lab.train.decorrelation import timbre_penalty
from nsynth_lab.train.interrupt import uninterrupted
from nsynth_lab.train.optimizer import Optimizer
from nsynth_lab.train.precision import bf16_is_faster, use_bf16
from nsynth_lab.train.prepare import PreparedNotes
from nsynth_lab.train.run_state import RunState, read_state, write_state
from nsynth_lab.units import HOP_SAMPLES

TIMBRE_NOISE = 0.03
WARM_STEPS = 300
LAST_RATE = 0.02
EMA = 0.9995
GRADIENT_NORM = 1.0
CRITICS_RATE = 2e-4


@dataclass(frozen=True)
class TrainOptions:
    """What a run is asked to do; stored with it.

    Attributes:
        steps: length of the run; the learning rate falls towards it.
        batch: crops a step.
        frames: frames a crop on which the loss is taken.
        rate: highest learning rate.
        swap_share: share of crops decoded from another note's timbre.
        augment_share: share of crops that the encoder hears through a low-pass, a room or hiss.
        decorrelate: weight in dB of the penalty that keeps the dimensions of timbre apart.
        adversarial: weight in dB of what the critics say; 0 trains without them.
        seed: of batches and first weights.
        minutes_between_saves: also how often `listen` is called.
    """

    steps: int = 20_000
    batch: int = 8
    frames: int = 80
    rate: float = 1e-3
    swap_share: float = 0.25
    augment_share: float = 0.15
    decorrelate: float = 1.0
    adversarial: float = 0.0
    seed: int = 0
    minutes_between_saves: float = 5.0


@dataclass(frozen=True)
class Report:
    """Where a run stands: `loss_db` is the running mean of the loss, `steps_per_second` measured so far."""

    step: int
    steps: int
    loss_db: float
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
) -> Autoencoder:
    """Train from where `run` stands (a fresh folder: from `model`); returns the averaged model.

    Parameters of `model` that need no gradient stay as they are: so the band stack is trained on top of the rest.
    An interruption (Ctrl-C) saves first and is raised again.
    """
    place = torch.device(device)
    state = read_state(run, model, Critics() if options.adversarial else None, device=place)
    use_bf16(state.model, bf16_is_faster(place))
    batches = Batches(
        notes,
        size=options.batch,
        frames=options.frames + 2 * MARGIN_FRAMES,
        swap_share=options.swap_share,
        augment_share=options.augment_share,
        seed=options.seed,
    )
    saved = started = time.monotonic()
    first, mean = state.step, math.nan
    try:
        while state.step < options.steps:
            with uninterrupted():
                loss = _step(state, batches.at(state.step), options, place)
            mean = loss if math.isnan(mean) else 0.98 * mean + 0.02 * loss
            speed = (state.step - first) / (time.monotonic() - started)
            report(Report(state.step, options.steps, mean, learning_rate(state.step, options), speed))
            if time.monotonic() - saved > 60.0 * options.minutes_between_saves:
                write_state(run, state)
                listen(state.averaged, state.step)
                saved = time.monotonic()
    finally:
        write_state(run, state)
    listen(state.averaged, state.step)
    return state.averaged


def learning_rate(step: int, options: TrainOptions) -> float:
    """Warm up over 300 steps, stay, then fall as a cosine over the second half to a fiftieth."""
    warm = min(1.0, (step + 1) / WARM_STEPS)
    through = min(1.0, max(0.0, 2.0 * step / max(options.steps, 1) - 1.0))
    return options.rate * warm * (LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * through)))


@dataclass(frozen=True)
class Heard:
    """What came of a batch, where it counts.

    Attributes:
        decoded, recorded: [notes, samples].
        loudest_db: [notes] level of the loudest mel band of each whole note.
        distance_db: spectral distance of the two.
        penalty: of timbre, in the units of `timbre_penalty`.
    """

    decoded: Tensor
    recorded: Tensor
    loudest_db: Tensor
    distance_db: Tensor
    penalty: Tensor


def hear(model: Autoencoder, batch: Batch, *, seed: int, noise: float) -> Heard:
    """Encode and decode a batch. At a crop's end the encoder lacks its context."""
    source, target = batch.source, batch.target
    timbre = model.encoder(source.samples, source.loudness_db, source.f0_hz, source.partials)
    generator = torch.Generator().manual_seed(seed)
    jitter = torch.randn(timbre.shape, generator=generator).to(timbre.device)
    start = model.decoder.start(len(timbre), device=timbre.device, seed=seed)
    decoded, _ = model.decoder.step(timbre + noise * jitter, target.loudness_db, target.f0_hz, target.partials, start)
    late = model.decoder.delay_samples
    first, end = batch.heard_from * HOP_SAMPLES, decoded.shape[1] - MARGIN_FRAMES * HOP_SAMPLES
    heard, recorded = decoded[:, first + late : end + late], target.samples[:, first:end]
    distance = spectral_distance(heard, recorded, target.loudest_db)
    return Heard(heard, recorded, target.loudest_db, distance, timbre_penalty(timbre, source.loudness_db))


def _step(state: RunState, batch: Batch, options: TrainOptions, device: torch.device) -> float:
    moved = Batch(batch.source.to(device), batch.target.to(device), batch.heard_from)
    heard = hear(state.model, moved, seed=state.step, noise=TIMBRE_NOISE)
    loss = heard.distance_db + options.decorrelate * heard.penalty
    rate = learning_rate(state.step, options)
    if state.critics is None or state.critics_optimizer is None:
        _descend(loss, state.model, state.optimizer, rate=rate)
    else:
        parts = segment(heard.decoded, heard.recorded, heard.loudest_db, seed=state.step)
        loss = loss + options.adversarial * state.critics.decoders_loss(*parts)
        _descend(loss, state.model, state.optimizer, rate=rate)
        critics_rate = rate * CRITICS_RATE / options.rate
        _descend(state.critics.own_loss(*parts), state.critics, state.critics_optimizer, rate=critics_rate)
    state.step += 1
    keep = min(EMA, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for average, value in zip(state.averaged.parameters(), state.model.parameters(), strict=True):
            average.lerp_(value, 1.0 - keep)
    return float(heard.distance_db.detach())


def _descend(loss: Tensor, model: nn.Module, optimizer: Optimizer, *, rate: float) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
    optimizer.step(rate=rate)
