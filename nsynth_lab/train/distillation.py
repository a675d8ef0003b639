"""Distillation: a smaller control net learns to reproduce the outputs of a larger one (Hinton et al. 2015).

Reading its weights is most of the cost of a control net in real time. A small net trained on sounds would take as long
as the large one took; trained on that one's outputs, the level of every partial and noise band in every frame, it
takes a fraction of the time. It can also learn from inputs without a recording: transposed notes, and blends of two.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.controls import ControlNet, Controls
from nsynth_lab.model.scales import DB_PER_UNIT
from nsynth_lab.train.batches import Batch
from nsynth_lab.train.distributed import SINGLE_PROCESS, ProcessGroup

CHANNELS, LAYERS, CYCLE = 192, 6, 5
TRANSPOSED_SHARE, BLENDED_SHARE = 0.35, 0.35
SEMITONES_SPREAD, MAX_SEMITONES = 5.0, 14.0
RANGE_DB, NOISE_RANGE_DB, SLOPE_DB = 72.0, 82.0, 30.0  # partials and noise so far below the note's level are ignored
LOWEST_DB, AUDIBLE_DB = -115.0, -75.0
EVERY_BIN = 4
RAW_WEIGHT = 0.1
DB = 20.0 / math.log(10.0)


def distillation_loss_db(
    model: Autoencoder,
    teacher: ControlNet,
    batch: Batch,
    *,
    seed: int,
    noise: float,
    group: ProcessGroup = SINGLE_PROCESS,
) -> Tensor:
    """The distance in dB between the model's control net and `teacher` on a batch, with the model's own timbre."""
    source, target = batch.source, batch.target
    with torch.no_grad():
        timbre = model.encoder(source.samples, source.loudness_db, source.f0_hz, source.partials)
        streams = _vary_streams(
            timbre, target.loudness_db, target.f0_hz, target.partials, seed=seed, noise=noise, group=group
        )
        target_controls, _ = teacher(*streams, teacher.start(len(timbre), device=timbre.device))
    student = model.decoder.controls
    controls, _ = student(*streams, student.start(len(timbre), device=timbre.device))
    return _distance_db(controls, target_controls, streams[1]) / group.size


def _vary_streams(
    timbre: Tensor, level_db: Tensor, f0_hz: Tensor, partials: Tensor, *, seed: int, noise: float, group: ProcessGroup
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The streams with some rows transposed and some blended with the row before them."""
    notes = group.size * len(timbre)
    rows, generator = group.rows(notes), torch.Generator().manual_seed(seed)
    draw, share, blend_draw = torch.rand(3, notes, generator=generator)[:, rows].to(timbre.device)
    semitones = SEMITONES_SPREAD * torch.randn(notes, generator=generator)[rows].to(timbre.device)
    semitones = semitones.clamp(-MAX_SEMITONES, MAX_SEMITONES) * (draw < TRANSPOSED_SHARE)
    share = share * (blend_draw < BLENDED_SHARE)
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


def _distance_db(student: Controls, teacher: Controls, level_db: Tensor) -> Tensor:
    """Distance of partials, noise and their gains where the teacher's are audible, plus a little of the raw outputs."""
    top = level_db[..., None]
    audible = (top > AUDIBLE_DB).float()
    total = torch.zeros((), device=top.device)
    ranges_db = (RANGE_DB, NOISE_RANGE_DB, 0, 0)
    for one, other, range_db in zip(_levels(student), _levels(teacher), ranges_db, strict=True):
        floor = (top - (range_db or RANGE_DB)).clamp(min=LOWEST_DB)
        weight = audible * (((other - floor) / SLOPE_DB).clamp(0.0, 1.0) if range_db else torch.ones_like(other))
        difference = (torch.maximum(one, floor) - torch.maximum(other, floor)).abs()
        total = total + (difference * weight).sum() / (weight.sum() + 1.0)
    return total + RAW_WEIGHT * DB_PER_UNIT * (student.raw - teacher.raw).abs().mean()


def _levels(controls: Controls) -> list[Tensor]:
    """In dB: the levels of partials and of noise bands as they sound, and the two gains."""
    loud, noisy = (gain.mean(dim=-1, keepdim=True) for gain in (controls.partial_gain, controls.noise_gain))
    parts = (
        controls.partials * loud, controls.noise[..., ::EVERY_BIN] * noisy, controls.partial_gain, controls.noise_gain,
    )  # fmt: skip
    return [DB * torch.log(part + 1e-9) for part in parts]
