"""hear: what a model makes of a batch, and how far that is from the recordings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nsynth_lab.dsp.attack_distance import attack_distance
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.train.batches import MARGIN_FRAMES, Batch
from nsynth_lab.train.decorrelation import timbre_penalty
from nsynth_lab.train.parallel import ALONE, World
from nsynth_lab.units import HOP_SAMPLES

TIMBRE_NOISE = 0.03


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
