"""How long a step of a voice batch takes, measured before anything is heard."""

from __future__ import annotations

import time

import numpy as np

from nsynth_lab.dsp.quick_median import quick_median
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.runtime.voice_batch import FrameStreams, VoiceBatch

WARM_HZ, WARM_DB = 110.0, -20.0
WARM_STEPS = 48  # after 32 of them a slot's past is full, as a sounding note's is


def step_seconds(batch: VoiceBatch, voices: int) -> float:
    """Seconds (the median) that a step of so many sounding voices takes. Reset their slots before playing a note."""
    batch.reset(range(voices), [0] * voices)
    seconds = [_time_step(batch, voices) for _ in range(WARM_STEPS)]
    return quick_median(np.array(seconds[-(WARM_STEPS // 4) :]))


def _time_step(batch: VoiceBatch, voices: int) -> float:
    begun = time.perf_counter()
    streams = FrameStreams(
        np.zeros((voices, TIMBRE_DIMS), np.float32),
        np.full(voices, WARM_DB, np.float32),
        np.full(voices, WARM_HZ, np.float32),
        np.zeros((voices, PARTIAL_SLOTS), np.float32),
    )
    batch.step(np.arange(voices), streams)
    return time.perf_counter() - begun
