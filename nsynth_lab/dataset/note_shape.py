"""How a rendered note ends."""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import FloatArray, db_to_gain

TAIL_DB = -80.0


def cut_tail(samples: FloatArray, *, held_samples: int, fade_samples: int) -> FloatArray:
    """End a note where it has fallen 80 dB below its peak for good, but not before the key goes up.

    One that has not fallen so far by the end is faded out over its last `fade_samples`.
    """
    level = np.abs(samples)
    sounding = np.flatnonzero(level > level.max() * db_to_gain(TAIL_DB))
    end = max(int(sounding[-1]) + 1 if len(sounding) else 0, held_samples)
    kept = samples[:end].copy()
    if end > len(samples) - fade_samples:
        kept[-fade_samples:] *= np.linspace(1.0, 0.0, fade_samples, dtype=np.float32)
    return kept
