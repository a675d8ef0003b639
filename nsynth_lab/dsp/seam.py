"""The seam of a loop: how well the sound continues from the loop's end to its start, and how to make it exact."""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import FloatArray, gain_to_db


def seam_error_db(samples: FloatArray, *, start: int, end: int) -> float:
    """Difference between the sound after `end` and after `start`, in dB relative to the latter; at least -120.

    `samples` [..., samples] continue beyond `end`, as if there were no loop.
    """
    beyond = samples[..., end:].astype(np.float64)
    again = samples[..., start : start + beyond.shape[-1]].astype(np.float64)
    level = float(np.sqrt(np.mean(np.square(again))))
    return gain_to_db(float(np.sqrt(np.mean(np.square(beyond - again)))) / max(level, 1e-9))


def close_seam(samples: FloatArray, *, start: int, end: int, fade: int) -> FloatArray:
    """`samples` [..., samples] with an exact loop: sample `end` - 1 continues into `start` just as `start` - 1 does.

    Over the last `fade` samples of the loop the sound is crossfaded linearly with the one before its start: the two are
    almost equal and in phase, so the level stays. The sound beyond `end` becomes the sound after `start`.

    >>> close_seam(np.arange(8, dtype=np.float32), start=3, end=6, fade=2)
    array([0. , 1. , 2. , 3. , 2.5, 2. , 3. , 4. ], dtype=float32)
    """
    fade = min(fade, start, end - start)
    share = (np.arange(fade, dtype=np.float32) + 1.0) / np.float32(max(fade, 1))
    out = samples.copy()
    out[..., end - fade : end] += share * (samples[..., start - fade : start] - samples[..., end - fade : end])
    out[..., end:] = samples[..., start : start + samples.shape[-1] - end]
    return out
