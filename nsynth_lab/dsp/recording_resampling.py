"""Recordings at 48 kHz, by torchaudio: to the last bit as those were that the model was trained with."""

from __future__ import annotations

import numpy as np
import torch
import torchaudio

from nsynth_lab.dsp.resampling import ROLLOFF, ZERO_CROSSINGS
from nsynth_lab.units import SAMPLE_RATE, FloatArray


def resample_recording(samples: FloatArray, sample_rate: int) -> FloatArray:
    """`samples` [channels, samples] from `sample_rate` Hz to 48 kHz, as `resampling.resample` to rounding."""
    if sample_rate == SAMPLE_RATE:
        return samples
    wave = torchaudio.functional.resample(
        torch.from_numpy(np.ascontiguousarray(samples)),
        sample_rate,
        SAMPLE_RATE,
        lowpass_filter_width=ZERO_CROSSINGS,
        rolloff=ROLLOFF,
        resampling_method="sinc_interp_kaiser",
    )
    return np.asarray(wave.numpy(), np.float32)
