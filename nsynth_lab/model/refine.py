"""Refine: fit the timbre of one sound by gradient descent, for sounds unlike anything trained on.

The encoder's timbre is where the descent begins; the decoder stays as it is. What is measured - level, f0, partials -
stays too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.dsp.spectral_distance import spectral_distance
from nsynth_lab.latents import Latents
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.encoder import LIMIT
from nsynth_lab.units import FloatArray, track_hz

RATE = 0.1
BETAS = (0.9, 0.98)


@dataclass(frozen=True)
class Refined:
    """The best latents found, and their distance in dB from the sound before and after."""

    latents: Latents
    before_db: float
    after_db: float
    rounds: int


def refine(
    latents: Latents,
    samples: FloatArray,
    checkpoint: Checkpoint,
    *,
    seconds: float,
    progress: Callable[[float, float], None],
) -> Refined:
    """Fit `latents.timbre` to `samples` [frames * 512] for so many seconds of work; the best is kept.

    `progress(seconds so far, best distance in dB)` is called after each round. Ctrl-C ends the work early, with the
    best so far.
    """
    model = checkpoint.model
    device = next(model.parameters()).device
    target = torch.from_numpy(samples).to(device)[None]
    loudest = torch.tensor([loudest_db(samples)], device=device)
    timbre = torch.from_numpy(latents.timbre.copy()).to(device)[None].requires_grad_()
    optimizer = torch.optim.Adam([timbre], lr=RATE, betas=BETAS)
    best, best_db, first_db, rounds = timbre.detach().clone(), np.inf, 0.0, 0
    started = time.monotonic()
    try:
        while rounds == 0 or time.monotonic() - started < seconds:
            distance = spectral_distance(_decoded(model, timbre, latents, target.shape[1]), target, loudest)
            now_db = float(distance.detach())
            first_db = first_db if rounds else now_db
            if now_db < best_db:
                best, best_db = timbre.detach().clone(), now_db
            optimizer.zero_grad()
            distance.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            with torch.no_grad():
                timbre.clamp_(-LIMIT, LIMIT)
            rounds += 1
            progress(time.monotonic() - started, best_db)
    except KeyboardInterrupt:
        if not rounds:
            raise
    return Refined(replace(latents, timbre=best[0].cpu().numpy()), first_db, best_db, rounds)


def _decoded(model: Autoencoder, timbre: Tensor, latents: Latents, samples: int) -> Tensor:
    """[1, samples], the decoder's delay taken out at the end that is lost."""
    f0_hz = track_hz(latents.note, latents.f0_cents)
    level, f0, partials = (
        torch.tensor(stream, device=timbre.device)[None]
        for stream in (latents.loudness_db, f0_hz, latents.partials_per_frame())
    )
    decoded, _ = model.decoder.step(timbre, level, f0, partials, model.decoder.start(1, device=timbre.device))
    early = model.decoder.delay_samples
    return torch.nn.functional.pad(decoded[:, early:], (0, samples - decoded.shape[1] + early))
