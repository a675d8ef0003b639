"""Fit latents to their recording by analysis by synthesis: a number of rounds, or for some seconds.

Every sound that is encoded gets a few rounds; `encode --refine` takes its time over a sound unlike any in the training.
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
    """`latents` from the encoder, fitted to `samples` [frames * 512]; `advance` is called after each round."""
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
    """Fit `latents.timbre` to `samples` [frames * 512] for `seconds`; the best timbre found is kept.

    `progress(seconds so far, best distance in dB)` is called after each round, and once more when the result of the
    last round has been measured. Ctrl-C ends the work early, with the best so far. `clock` returns seconds.
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
    return Refined(replace(latents, timbre=best[0].cpu().numpy()), fitting.first_db, fitting.best_db, fitting.rounds)


def _fitting(latents: Latents, samples: FloatArray, checkpoint: Checkpoint) -> AnalysisBySynthesis:
    decoder = checkpoint.model.decoder
    device = next(decoder.parameters()).device
    f0_hz = track_hz(latents.note, latents.f0_cents)
    streams = (latents.timbre, samples, latents.loudness_db, f0_hz, latents.partials_per_frame())
    parts = (torch.tensor(stream, device=device)[None] for stream in streams)
    return AnalysisBySynthesis(decoder, *parts, loudest_db=torch.tensor([loudest_db(samples)], device=device))
