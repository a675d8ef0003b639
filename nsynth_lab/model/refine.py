"""Fit latents to their recording by analysis by synthesis, for a number of rounds or of seconds.

Every note that is encoded gets a few rounds; `encode --refine` spends longer, for sounds unlike the training data.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.latents import Latents
from nsynth_lab.model.analysis_by_synthesis import AnalysisBySynthesis
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.measured_detail import with_detail
from nsynth_lab.units import FloatArray, track_hz


@dataclass(frozen=True)
class Refined:
    """The best latents found, their distance in dB from the recording before and after, and the rounds taken."""

    latents: Latents
    before_db: float
    after_db: float
    rounds: int


def fit(
    latents: Latents, samples: FloatArray, checkpoint: Checkpoint, *, rounds: int, advance: Callable[[], None]
) -> Latents:
    """Fit `latents` to the recording `samples` [frames * 512]; `advance` is called after each round."""
    if not rounds:
        return latents
    fitting = _fitting(latents, samples, checkpoint)
    for done in range(rounds):
        fitting.round(done / rounds)
        advance()
    return replace(latents, timbre=fitting.finish()[0].cpu().numpy())


def refine(
    latents: Latents,
    samples: FloatArray,
    checkpoint: Checkpoint,
    *,
    seconds: float,
    progress: Callable[[float, float], None],
    clock: Callable[[], float] = time.monotonic,
) -> Refined:
    """Fit `latents.timbre` to the recording `samples` [frames * 512] for `seconds` and return the best found.

    Where they have a detail, it is measured again. `progress(elapsed seconds, best distance in dB)` is called after
    each round and after the final measurement. Ctrl-C ends fitting early and keeps the best timbre so far. `clock`
    returns the time in seconds.
    """
    fitting = _fitting(latents, samples, checkpoint)
    started = clock()
    try:
        while fitting.rounds == 0 or clock() - started < seconds:
            fitting.round((clock() - started) / seconds)
            progress(clock() - started, fitting.best_db)
        best = fitting.finish()
        progress(clock() - started, fitting.best_db)
    except KeyboardInterrupt:
        if not fitting.rounds:
            raise
        best = fitting.best
    refined = replace(latents, timbre=best[0].cpu().numpy())
    if latents.detail is not None:
        refined = with_detail(refined, samples, checkpoint)
    return Refined(refined, fitting.first_db, fitting.best_db, fitting.rounds)


def _fitting(latents: Latents, samples: FloatArray, checkpoint: Checkpoint) -> AnalysisBySynthesis:
    decoder = checkpoint.model.decoder
    device = next(decoder.parameters()).device
    f0_hz = track_hz(latents.note, latents.f0_cents)
    streams = (latents.timbre, samples, latents.loudness_db, f0_hz, latents.partials_per_frame())
    parts = (torch.tensor(stream, device=device)[None] for stream in streams)
    return AnalysisBySynthesis(decoder, *parts, loudest_db=torch.tensor([loudest_db(samples)], device=device))
