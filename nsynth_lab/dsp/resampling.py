"""Band-limited resampling (windowed sinc, Smith 1984), by torchaudio."""

from __future__ import annotations

import numpy as np
import torch
import torchaudio

from nsynth_lab.units import SAMPLE_RATE, FloatArray

ZERO_CROSSINGS = 64
ROLLOFF = 0.95


def resample(samples: FloatArray, sample_rate: int, target_rate: int = SAMPLE_RATE) -> FloatArray:
    """`samples` [channels, samples] at `sample_rate` Hz to `target_rate` Hz."""
    if sample_rate == target_rate:
        return samples
    wave = torchaudio.functional.resample(
        torch.from_numpy(np.ascontiguousarray(samples)),
        sample_rate,
        target_rate,
        lowpass_filter_width=ZERO_CROSSINGS,
        rolloff=ROLLOFF,
        resampling_method="sinc_interp_kaiser",
    )
    return np.asarray(wave.numpy(), np.float32)
