"""Band-limited resampling (windowed sinc, Smith 1984), by torchaudio."""

from __future__ import annotations

import math

import numpy as np
import torch
import torchaudio

from nsynth_lab.units import SAMPLE_RATE, FloatArray

ZERO_CROSSINGS = 64
ROLLOFF = 0.95
LEAST_SAMPLES = 16_384  # that are resampled at once


def resample(samples: FloatArray, sample_rate: int, target_rate: int = SAMPLE_RATE) -> FloatArray:
    """Resample `samples` [channels, samples] from `sample_rate` Hz to `target_rate` Hz."""
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


class StreamResampler:
    """`resample` block by block: the output as a whole is the same, to rounding, for every block size.

    `process` holds back the few hundred samples that depend on the next block; `finish` returns the last of them.
    """

    def __init__(self, sample_rate: int, target_rate: int, *, channels: int) -> None:
        divisor = math.gcd(sample_rate, target_rate)
        self._rates = sample_rate, target_rate
        self._in, self._out = sample_rate // divisor, target_rate // divisor  # `_in` samples become `_out`: a group
        reach = math.ceil(ZERO_CROSSINGS * self._in / (min(self._in, self._out) * ROLLOFF))
        self._margin = math.ceil(reach / self._in)  # groups that the filter needs before and after
        self._held = np.zeros((channels, self._margin * self._in), np.float32)
        self._samples_in = self._samples_out = 0

    def process(self, block: FloatArray) -> FloatArray:
        """Takes the next block [channels, samples]; returns the next samples at the target rate, possibly none."""
        self._samples_in += block.shape[1]
        self._held = np.concatenate((self._held, block), axis=1)
        groups = self._held.shape[1] // self._in - 2 * self._margin
        if groups * self._in < LEAST_SAMPLES:
            return self._held[:, :0]
        return self._resampled(groups)

    def finish(self) -> FloatArray:
        """The samples that were held back, up to the exact length of the whole."""
        last = np.zeros((len(self._held), (self._margin + 1) * self._in), np.float32)
        self._held = np.concatenate((self._held, last), axis=1)
        length = math.ceil(self._samples_in * self._out / self._in) - self._samples_out
        return self._resampled(self._held.shape[1] // self._in - 2 * self._margin)[:, :length]

    def _resampled(self, groups: int) -> FloatArray:
        around = self._held[:, : (groups + 2 * self._margin) * self._in]
        first = self._margin * self._out
        out = resample(around, *self._rates)[:, first : first + groups * self._out]
        self._held = self._held[:, groups * self._in :]
        self._samples_out += out.shape[1]
        return out
