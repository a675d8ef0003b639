"""Cuts a sound into windows: frame t is centred on the end of block t, sample (t + 1) * 512."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import HOP_SAMPLES, samples_to_frames


def whole_frames(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """`samples` [samples] zero-padded to a whole number of frames, [frames * 512].

    >>> whole_frames(np.ones(513, np.float32)).shape
    (1024,)
    """
    return np.pad(samples, (0, samples_to_frames(len(samples)) * HOP_SAMPLES - len(samples)))


def frames_of(samples: NDArray[np.float32], window_samples: int) -> NDArray[np.float32]:
    """Windows [frames, window_samples] of `samples` [samples], zero-padded at both ends; a read-only view.

    >>> frames_of(np.arange(1024, dtype=np.float32), 4)[0]
    array([510., 511., 512., 513.], dtype=float32)
    """
    frames = samples_to_frames(len(samples))
    half = window_samples // 2
    before = max(0, half - HOP_SAMPLES)
    start = before + HOP_SAMPLES - half
    after = max(0, start + (frames - 1) * HOP_SAMPLES + window_samples - before - len(samples))
    padded = np.pad(samples, (before, after))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window_samples)
    return windows[start::HOP_SAMPLES][:frames]
