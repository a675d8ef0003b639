"""Fit latents to their recording by analysis by synthesis: the beginning, or all for a number of rounds or of seconds.

The beginning of every note is fitted, because details are too slow for attacks. The whole of it is fitted where details
leave it far from the recording (voices, ensembles, layers that beat), and for whoever asks for more accuracy, by
`encode --rounds` or `encode --refine`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from nsynth_lab.dsp.mel import loudest_db
from nsynth_lab.latents import Latents
from nsynth_lab.model.analysis_by_synthesis import RATES, AnalysisBySynthesis
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.measured_detail import Detailed, with_detail
from nsynth_lab.model.note_decoder import NoteDecoder
from nsynth_lab.units import HOP_SAMPLES, FloatArray

BEGINNING_FRAMES, LONGEST_BEGINNING, JOIN_FRAMES = 32, 64, 12
ATTACK_WEIGHT = 2.0
FEW_ROUNDS, FEW_RATES = 4, (0.3, 0.1)
SLOW_ROUNDS, SLOW_RATES = 6, (0.3, 0.06)  # of slow attacks
FAR_DB = 1.3  # mel error with details above which the whole note is fitted


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
    if not rounds:
        return latents
    return replace(latents, timbre=_fitted(_fitting(latents, samples, decoder, latents.frames), rounds, advance))


def fit_with_detail(found: Detailed, samples: FloatArray, decoder: NoteDecoder) -> Latents:
    """Fit latents with a detail to the recording `samples`: all frames where they are far from it, else the beginning.

    That pays twice as much after details as before them.
    """
    latents = found.latents
    if found.error_db <= FAR_DB:
        return fit_beginning(latents, samples, decoder)
    weight = ATTACK_WEIGHT * min(1.0, LONGEST_BEGINNING / decoder.parts[0].stop)  # as in the longest beginning
    fitting = _fitting(latents, samples, decoder, latents.frames, rates=FEW_RATES, attack_weight=weight)
    return replace(latents, timbre=_fitted(fitting, FEW_ROUNDS, lambda: None))


def fit_beginning(latents: Latents, samples: FloatArray, decoder: NoteDecoder) -> Latents:
    """Fit the first third of a second of `latents` to the recording `samples`; their detail stays.

    Details move slowly: what they cannot say are attacks. A slow attack is fitted to its end, at most 0.7 s, in more
    rounds.
    """
    needed = latents.attack_frames + JOIN_FRAMES
    count = min(max(BEGINNING_FRAMES, min(needed, LONGEST_BEGINNING)), latents.frames)
    rates, rounds = (SLOW_RATES, SLOW_ROUNDS) if needed > BEGINNING_FRAMES else (FEW_RATES, FEW_ROUNDS)
    fitting = _fitting(latents, samples, decoder, count, rates=rates, attack_weight=ATTACK_WEIGHT)
    share = np.ones((count, 1), np.float32)
    if count < latents.frames:
        share[-JOIN_FRAMES:, 0] = np.linspace(1.0, 0.0, JOIN_FRAMES)
    timbre = latents.timbre.copy()
    timbre[:count] += share * (_fitted(fitting, rounds, lambda: None) - timbre[:count])
    return replace(latents, timbre=timbre)


def _fitted(fitting: AnalysisBySynthesis, rounds: int, advance: Callable[[], None]) -> FloatArray:
    """The best timbre [frames, 16] after so many rounds."""
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
    fitting = _fitting(latents, samples, decoder, latents.frames)
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
        refined = with_detail(refined, samples, checkpoint, decoder).latents
    return Refined(refined, fitting.first_db, fitting.best_db, fitting.rounds)


def _fitting(
    latents: Latents,
    samples: FloatArray,
    decoder: NoteDecoder,
    frames: int,
    *,
    rates: tuple[float, float] = RATES,
    attack_weight: float = 1.0,
) -> AnalysisBySynthesis:
    """Of the first `frames` of `latents`."""
    parts = latents.timbre[:frames], samples[: frames * HOP_SAMPLES]
    timbre, recorded = (torch.tensor(one, device=decoder.device)[None] for one in parts)
    return AnalysisBySynthesis(
        decoder,
        timbre,
        recorded,
        loudest_db=torch.tensor([loudest_db(samples)], device=decoder.device),
        detail=None if latents.detail is None else torch.tensor(latents.detail[:frames], device=decoder.device),
        rates=rates,
        attack_weight=attack_weight,
    )
