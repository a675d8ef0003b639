"""Fit latents to their recording by analysis by synthesis, for a number of rounds or of seconds.

Every note that is encoded gets a few rounds; `encode --refine` spends longer, for sounds unlike the training data.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.latents import Latents
from nsynth_lab.model.analysis_by_synthesis import AnalysisBySynthesis
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.measured_detail import with_detail
from nsynth_lab.model.note_decoder import NoteDecoder
from nsynth_lab.units import HOP_SAMPLES, FloatArray

BEGINNING_ROUNDS, BEGINNING_FRAMES, JOIN_FRAMES = 4, 64, 16


@dataclass(frozen=True)
class Refined:
    """The best latents found, their distance in dB from the recording before and after, and the rounds taken."""

    latents: Latents
    before_db: float
    after_db: float
    rounds: int


def fit(
    latents: Latents, samples: FloatArray, decoder: NoteDecoder, *, rounds: int, advance: Callable[[], None]
) -> Latents:
    """Fit `latents` to the recording `samples` [frames * 512]; `advance` is called after each round."""
    return replace(latents, timbre=_fitted(latents, samples, decoder, rounds, advance)) if rounds else latents


def fit_beginning(latents: Latents, samples: FloatArray, decoder: NoteDecoder) -> Latents:
    """Fit the first two thirds of a second of `latents`, whose detail stays.

    Details move slowly; what they cannot say are attacks.
    """
    timbre = latents.timbre.copy()
    fitted = _fitted(latents, samples, decoder, BEGINNING_ROUNDS, lambda: None, frames=BEGINNING_FRAMES)
    share = np.ones((len(fitted), 1), np.float32)
    if len(fitted) < latents.frames:
        share[-JOIN_FRAMES:, 0] = np.linspace(1.0, 0.0, JOIN_FRAMES)
    timbre[: len(fitted)] += share * (fitted - timbre[: len(fitted)])
    return replace(latents, timbre=timbre)


def _fitted(
    latents: Latents,
    samples: FloatArray,
    decoder: NoteDecoder,
    rounds: int,
    advance: Callable[[], None],
    *,
    frames: int | None = None,
) -> FloatArray:
    """The fitted timbre of the first `frames`, or of all, [frames, 16]."""
    fitting = _fitting(latents, samples, decoder, frames=frames)
    for done in range(rounds):
        fitting.round(done / rounds)
        advance()
    return np.asarray(fitting.finish()[0].cpu().numpy())


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
    decoder = NoteDecoder(latents, checkpoint)
    fitting = _fitting(latents, samples, decoder)
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
        refined = with_detail(refined, samples, checkpoint, decoder)
    return Refined(refined, fitting.first_db, fitting.best_db, fitting.rounds)


def _fitting(
    latents: Latents, samples: FloatArray, decoder: NoteDecoder, *, frames: int | None = None
) -> AnalysisBySynthesis:
    count = latents.frames if frames is None else min(frames, latents.frames)
    parts = latents.timbre[:count], samples[: count * HOP_SAMPLES]
    timbre, recorded = (torch.tensor(one, device=decoder.device)[None] for one in parts)
    loudest = torch.tensor([loudest_db(samples)], device=decoder.device)
    detail = None if latents.detail is None else torch.tensor(latents.detail[:count], device=decoder.device)
    return AnalysisBySynthesis(decoder, timbre, recorded, loudest_db=loudest, detail=detail)
