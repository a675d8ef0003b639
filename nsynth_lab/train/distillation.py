"""A smaller control net learns from a larger one what to make of its streams (distillation, Hinton et al. 2015).

Reading its weights is most of what a control net costs while one plays. A small one that was trained on sounds alone
would need as long as the large one did; told by it, frame by frame, how strong every partial and every band of noise
should be, it needs a fraction of that. It is told of sounds there are no recordings of, too: of notes moved to other
pitches, and of what lies between two notes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.controls import DB_PER_UNIT, ControlNet, Controls
from nsynth_lab.train.batches import Batch
from nsynth_lab.train.parallel import ALONE, World

CHANNELS, LAYERS, CYCLE = 192, 6, 5
MOVED_SHARE, BLENDED_SHARE = 0.35, 0.35
SEMITONES, FURTHEST = 5.0, 14.0
RANGE_DB, NOISE_RANGE_DB, SLOPE_DB = 72.0, 82.0, 30.0  # what lies so far below the note's level counts nothing
LOWEST_DB, HEARD_DB = -115.0, -75.0
EVERY_BIN = 4
RAW_WEIGHT = 0.1
DB = 20.0 / math.log(10.0)


def lesson_db(
    model: Autoencoder, teacher: ControlNet, batch: Batch, *, seed: int, noise: float, world: World = ALONE
) -> Tensor:
    """How far in dB the model's control net is from `teacher` on a batch, timbre being the model's own encoder's."""
    source, target = batch.source, batch.target
    with torch.no_grad():
        timbre = model.encoder(source.samples, source.loudness_db, source.f0_hz, source.partials)
        streams = _varied(
            timbre, target.loudness_db, target.f0_hz, target.partials, seed=seed, noise=noise, world=world
        )
        wanted, _ = teacher(*streams, teacher.start(len(timbre), device=timbre.device))
    net = model.decoder.controls
    came, _ = net(*streams, net.start(len(timbre), device=timbre.device))
    return _distance_db(came, wanted, streams[1]) / world.size


def _varied(
    timbre: Tensor, level_db: Tensor, f0_hz: Tensor, partials: Tensor, *, seed: int, noise: float, world: World
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Some rows moved to another pitch, some blended with the row before them."""
    notes = world.size * len(timbre)
    rows, generator = world.rows(notes), torch.Generator().manual_seed(seed)
    moved, share, which = torch.rand(3, notes, generator=generator)[:, rows].to(timbre.device)
    semitones = SEMITONES * torch.randn(notes, generator=generator)[rows].to(timbre.device)
    semitones = semitones.clamp(-FURTHEST, FURTHEST) * (moved < MOVED_SHARE)
    share = share * (which < BLENDED_SHARE)
    jitter = torch.randn((notes, *timbre.shape[1:]), generator=generator)[rows].to(timbre.device)

    def blended(stream: Tensor) -> Tensor:
        weight = share.reshape(-1, *[1] * (stream.dim() - 1))
        return torch.lerp(stream, stream.roll(1, dims=0), weight)

    return (
        blended(timbre) + noise * jitter,
        blended(level_db),
        f0_hz * torch.exp2(semitones / 12.0)[:, None],
        blended(partials),
    )


def _distance_db(came: Controls, wanted: Controls, level_db: Tensor) -> Tensor:
    """Partials, noise and their gains, each where the teacher's are heard; and a little of the bare outputs."""
    top = level_db[..., None]
    heard = (top > HEARD_DB).float()
    total = torch.zeros((), device=top.device)
    for one, other, range_db in zip(_levels(came), _levels(wanted), (RANGE_DB, NOISE_RANGE_DB, 0, 0), strict=True):
        floor = (top - (range_db or RANGE_DB)).clamp(min=LOWEST_DB)
        counts = heard * (((other - floor) / SLOPE_DB).clamp(0.0, 1.0) if range_db else torch.ones_like(other))
        apart = (torch.maximum(one, floor) - torch.maximum(other, floor)).abs()
        total = total + (apart * counts).sum() / (counts.sum() + 1.0)
    return total + RAW_WEIGHT * DB_PER_UNIT * (came.raw - wanted.raw).abs().mean()


def _levels(controls: Controls) -> list[Tensor]:
    """In dB: partials and noise as loud as they sound, and the gains by themselves."""
    loud, noisy = (gain.mean(dim=-1, keepdim=True) for gain in (controls.partial_gain, controls.noise_gain))
    parts = (
        controls.partials * loud, controls.noise[..., ::EVERY_BIN] * noisy, controls.partial_gain, controls.noise_gain,
    )  # fmt: skip
    return [DB * torch.log(part + 1e-9) for part in parts]
