"""How latents are re-timed: all streams are read at fractional positions, with linear interpolation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nsynth_lab.latents import Latents
from nsynth_lab.units import FloatArray

RISE_DB = 40.0  # level below the peak at frame -1, before the note


def read_at(latents: Latents, positions: ArrayLike) -> Latents:
    """Latents whose frame t is `latents` at frame `positions[t]`; positions [frames].

    Beyond the last frame the last frame is held. From -1 to 0 the level rises from 40 dB below the peak to the first
    frame, so that even the attack of a struck note can be stretched. The result has no attack and release marks.
    """
    clipped = np.clip(np.asarray(positions, np.float64), -1.0, latents.frames - 1.0)
    where = np.maximum(clipped, 0.0)
    low = where.astype(np.int64)
    high = np.minimum(low + 1, latents.frames - 1)
    part = (where - low).astype(np.float32)

    def stream(values: FloatArray) -> FloatArray:
        return crossfade(values[low], values[high], part)

    level = stream(latents.loudness_db)
    before = np.minimum(level, latents.loudness_db.max() - np.float32(RISE_DB))
    return replace(
        latents,
        timbre=stream(latents.timbre),
        loudness_db=crossfade(level, before, (where - clipped).astype(np.float32)),
        f0_cents=stream(latents.f0_cents),
        partials=stream(latents.partials) if latents.partials.ndim == 2 else latents.partials,
        unpitched=None if latents.unpitched is None else stream(latents.unpitched),
        width=None if latents.width is None else stream(latents.width),
        detail=None if latents.detail is None else stream(latents.detail),
        attack_frames=0,
        release_frame=len(where),
    )


def crossfade(first: FloatArray, second: FloatArray, part: FloatArray) -> FloatArray:
    """From `first` to `second`, both [frames, ...], by `part` [frames] from 0 to 1."""
    share = part.reshape(-1, *[1] * (first.ndim - 1))
    return np.asarray(first + share * (second - first), np.float32)
