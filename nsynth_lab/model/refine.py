"""Fit latents to their recording: so many rounds for any sound, or for so long, for sounds unlike anything trained on.

What a round is, says `descent`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.descent import Descent
from nsynth_lab.units import FloatArray, track_hz


@dataclass(frozen=True)
class Refined:
    """The best latents found, and their distance in dB from the sound before and after."""

    latents: Latents
    before_db: float
    after_db: float
    rounds: int


def fit(
    latents: Latents, samples: FloatArray, checkpoint: Checkpoint, *, rounds: int, advance: Callable[[], None]
) -> Latents:
    """`latents`, as the encoder has them, fitted to `samples` [frames * 512]; `advance` is called after each round."""
    if not rounds:
        return latents
    descent = _descent(latents, samples, checkpoint)
    for done in range(rounds):
        descent.round(done / rounds)
        advance()
    return replace(latents, timbre=descent.finish()[0].cpu().numpy())


def refine(
    latents: Latents,
    samples: FloatArray,
    checkpoint: Checkpoint,
    *,
    seconds: float,
    progress: Callable[[float, float], None],
) -> Refined:
    """Fit `latents.timbre` to `samples` [frames * 512] for so many seconds; the best is kept.

    `progress(seconds so far, best distance in dB)` is called after each round, and once more when it has been seen how
    far off the last one left the timbre. Ctrl-C ends the work early, with the best so far.
    """
    descent = _descent(latents, samples, checkpoint)
    started = time.monotonic()
    try:
        while descent.rounds == 0 or time.monotonic() - started < seconds:
            descent.round((time.monotonic() - started) / seconds)
            progress(time.monotonic() - started, descent.best_db)
        best = descent.finish()
        progress(time.monotonic() - started, descent.best_db)
    except KeyboardInterrupt:
        if not descent.rounds:
            raise
        best = descent.best
    return Refined(replace(latents, timbre=best[0].cpu().numpy()), descent.first_db, descent.best_db, descent.rounds)


def _descent(latents: Latents, samples: FloatArray, checkpoint: Checkpoint) -> Descent:
    decoder = checkpoint.model.decoder
    device = next(decoder.parameters()).device
    f0_hz = track_hz(latents.note, latents.f0_cents)
    streams = (latents.timbre, samples, latents.loudness_db, f0_hz, latents.partials_per_frame())
    parts = (torch.tensor(stream, device=device)[None] for stream in streams)
    return Descent(decoder, *parts, loudest_db=torch.tensor([loudest_db(samples)], device=device))
