"""Streams -> the inputs of the control net's stack, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.maths import exp
from nsynth_lab.units import FloatArray

F = np.float32
OCTAVE, A4_HZ, A4_NOTE = F(12.0), F(440.0), F(69.0)


class Scales(NamedTuple):
    """Offsets and factors that bring the streams to about -1 to 1; the numbers are those of `model.controls`."""

    middle_db: np.float32
    spread_db: np.float32
    quiet_db: np.float32
    middle_note: np.float32
    spread_notes: np.float32
    lowest_hz: np.float32
    centres: FloatArray
    bump: np.float32
    partials: np.float32
    seen: int


@compiled
def inputs_of(
    scales: Scales, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
) -> FloatArray:
    """As `stack_inputs`, [active, inputs]."""
    count, dims = timbre.shape
    bumps = len(scales.centres)
    x = np.empty((count, dims + 3 + bumps + scales.seen), np.float32)
    for m in range(count):
        for i in range(dims):
            x[m, i] = timbre[m, i]
        note = A4_NOTE + OCTAVE * F(math.log2(max(f0_hz[m], scales.lowest_hz) / A4_HZ))
        x[m, dims] = (level_db[m] - scales.middle_db) / scales.spread_db
        x[m, dims + 1] = (note - scales.middle_note) / scales.spread_notes
        x[m, dims + 2] = max(level_db[m], -scales.quiet_db) / scales.quiet_db
        for i in range(bumps):
            away = note - scales.centres[i]
            x[m, dims + 3 + i] = exp(scales.bump * away * away)
        for i in range(scales.seen):
            x[m, dims + 3 + bumps + i] = scales.partials * partials[m, i]
    return x
