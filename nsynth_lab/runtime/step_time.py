"""How long steps of a decoder take, tried where nobody hears it."""

from __future__ import annotations

import time

import numpy as np

from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.runtime.voice_batch import Rows

WARM_HZ, WARM_DB = 110.0, -20.0
WARM_STEPS = 48  # after 32 of them a row's past is full, as a sounding note's is


def step_seconds(rows: Rows, count: int) -> float:
    """How long a step of `count` rows takes that sound; what they are left with is no beginning."""
    rows.reset(range(count), [0] * count)
    seconds = [_try_step(rows, count) for _ in range(WARM_STEPS)]
    return float(np.median(seconds[-(WARM_STEPS // 4) :]))


def _try_step(rows: Rows, count: int) -> float:
    begun = time.perf_counter()
    rows.step(
        np.arange(count),
        np.zeros((count, TIMBRE_DIMS), np.float32),
        np.full(count, WARM_DB, np.float32),
        np.full(count, WARM_HZ, np.float32),
        np.zeros((count, PARTIAL_SLOTS), np.float32),
    )
    return time.perf_counter() - begun
