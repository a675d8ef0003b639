"""The training losses: forward(model, batch) encodes and decodes a batch and measures how far it is off.

    total_loss = spectral distance + attack * attack distance + decorrelate * timbre penalty

`distillation` replaces all of these. The timbre penalty keeps the
dimensions of timbre independent. Without it the sixteen numbers soon all say the same: after 10,000 steps two
directions held nearly all of their variance, and loud partials were 5 dB off even on training notes. The penalty is
that of VICReg (Bardes et al. 2022): the mean squared correlation between dimensions, and a hinge that keeps the
standard deviation of each at 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.train.batches import MARGIN_FRAMES, Batch
from nsynth_lab.train.distributed import SINGLE_PROCESS, ProcessGroup
from nsynth_lab.train.options import TrainOptions
from nsynth_lab.units import HOP_SAMPLES

TIMBRE_NOISE = 0.03
AUDIBLE_DB = 40.0
TARGET_DEVIATION = 1.0


@dataclass(frozen=True)
class StepOutput:
    """The losses of a batch; in a run on several processes, this process's share of them.

    Attributes:
        distance_db: spectral distance between the decoded batch and the recorded one.
        attack_db: distance between the attacks, if the crops start with the notes; otherwise 0.
        penalty: the timbre penalty.
    """

    distance_db: Tensor
    attack_db: Tensor
    penalty: Tensor


def total_loss(output: StepOutput, options: TrainOptions) -> Tensor:
    """The weighted sum of all losses of a step, in dB."""
    return output.distance_db + options.attack * output.attack_db + options.decorrelate * output.penalty


def forward(
    model: Autoencoder, batch: Batch, *, seed: int, noise: float, group: ProcessGroup = SINGLE_PROCESS
) -> StepOutput:
    """Encode and decode a batch and compute its losses.

    The margins of the crops are left out of the losses, because encoder and decoder lack their context there.

    Args:
        model: to be trained.
        batch: this process's rows.
        seed: of the noise.
        noise: standard deviation of the noise added to timbre.
        group: the processes of the run.
    """
    source, target = batch.source, batch.target
    timbre = model.encoder(source.samples, source.loudness_db, source.f0_hz, source.partials)
    notes = group.size * len(timbre)
    rows = group.rows(notes)
    generator = torch.Generator().manual_seed(seed)
    jitter = torch.randn((notes, *timbre.shape[1:]), generator=generator)[rows].to(timbre.device)
    start = model.decoder.start(len(timbre), device=timbre.device, seed=seed + rows.start)
    decoded, _ = model.decoder.step(timbre + noise * jitter, target.loudness_db, target.f0_hz, target.partials, start)
    first, end = batch.loss_from_frame * HOP_SAMPLES, decoded.shape[1] - MARGIN_FRAMES * HOP_SAMPLES
    decoded, recorded = decoded[:, first:end], target.samples[:, first:end]
    distance = spectral_distance(decoded, recorded, target.loudest_db, total=group.all_sum)
    attack = torch.zeros((), device=timbre.device)
    if batch.loss_from_frame == 0:
        attack = attack_distance(decoded, recorded, target.f0_hz.median(dim=1).values).sum() / notes
    penalty = timbre_penalty(timbre, source.loudness_db, all_sum=group.all_sum) / group.size
    return StepOutput(distance, attack, penalty)


def timbre_penalty(
    timbre: Tensor, loudness_db: Tensor, *, all_sum: Callable[[Tensor], Tensor] = lambda value: value
) -> Tensor:
    """Zero for independent dimensions of standard deviation 1; about 1 for sixteen copies of one dimension.

    Args:
        timbre: [notes, frames, dims].
        loudness_db: [notes, frames]; frames 40 dB below their note's loudest are ignored.
        all_sum: sums a value over the processes that share the batch; each then gets the penalty of the whole batch.
    """
    audible = timbre[loudness_db > loudness_db.amax(dim=1, keepdim=True) - AUDIBLE_DB]
    count = all_sum(torch.tensor(float(len(audible)), device=audible.device))
    centred = audible - all_sum(audible.sum(dim=0)) / count
    covariance = all_sum(centred.T @ centred) / count
    deviation = (covariance.diag() + 1e-4).sqrt()
    correlation = covariance / torch.outer(deviation, deviation)
    between = correlation - torch.diag(torch.diag(correlation))
    dims = timbre.shape[-1]
    return between.square().sum() / (dims * (dims - 1)) + (TARGET_DEVIATION - deviation).clamp(min=0.0).mean()
