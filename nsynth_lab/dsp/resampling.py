"""Band-limited resampling (windowed sinc, Smith 1984) in NumPy, as `torchaudio.functional.resample` does it.

The samples of the lowest common period of both rates, or of several of them, are a group: each has a filter of its own,
and a group is one row of a matrix product.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, FloatArray

ZERO_CROSSINGS = 64
ROLLOFF = 0.95
KAISER_BETA = 14.769656459379492  # torchaudio's
LEAST_GROUP_SAMPLES = 256  # in shorter groups the product would read each sample many times
LEAST_SAMPLES = 16_384  # that are resampled at once


def resample(samples: FloatArray, sample_rate: int, target_rate: int = SAMPLE_RATE) -> FloatArray:
    """Resample `samples` [channels, samples] from `sample_rate` Hz to `target_rate` Hz."""
    if sample_rate == target_rate:
        return samples
    divisor = math.gcd(sample_rate, target_rate)
    group_in, group_out = sample_rate // divisor, target_rate // divisor
    repeats = -(-LEAST_GROUP_SAMPLES // group_in)
    filters, reach = _filters(group_in * repeats, group_out * repeats)
    step = group_in * repeats
    length = math.ceil(samples.shape[1] * group_out / group_in)
    padded = np.pad(samples, ((0, 0), (reach, reach + step)))
    overlapping = np.lib.stride_tricks.sliding_window_view(padded, len(filters), axis=1)[:, ::step]
    windows = overlapping.reshape(-1, len(filters))  # copied: a fast product takes no rows that share memory
    return np.ascontiguousarray((windows @ filters).reshape(len(samples), -1)[:, :length])


@functools.lru_cache(maxsize=8)
def _filters(group_in: int, group_out: int) -> tuple[FloatArray, int]:
    """(the filter of each of the samples of a group [reach + group + reach, group out], its reach in samples)."""
    highest = min(group_in, group_out) * ROLLOFF  # zero crossings of the sinc in a group
    reach = math.ceil(ZERO_CROSSINGS * group_in / highest)
    places_in, places_out = np.arange(-reach, reach + group_in) / group_in, np.arange(group_out) / group_out
    crossings = ((places_in[:, None] - places_out) * highest).clip(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = np.i0(KAISER_BETA * np.sqrt(1.0 - (crossings / ZERO_CROSSINGS) ** 2)) / np.i0(KAISER_BETA)
    return np.asarray(np.sinc(crossings) * window * (highest / group_in), np.float32), reach


class StreamResampler:
    """`resample` block by block: the output as a whole is the same, to rounding, for every block size.

    `process` holds back the few hundred samples that depend on the next block; `finish` returns the last of them. It
    waits for thousands, which it resamples at once; a `prompt` one returns every sample that no later one can change.
    """

    def __init__(self, sample_rate: int, target_rate: int, *, channels: int, prompt: bool = False) -> None:
        divisor = math.gcd(sample_rate, target_rate)
        self._rates = sample_rate, target_rate
        self._in, self._out = sample_rate // divisor, target_rate // divisor  # `_in` samples become `_out`: a group
        self._reach = math.ceil(ZERO_CROSSINGS * self._in / (min(self._in, self._out) * ROLLOFF))
        self._margin = math.ceil(self._reach / self._in)  # groups that the filter needs before and after
        self._held = np.zeros((channels, self._margin * self._in), np.float32)
        self._prompt = prompt
        self._samples_in = self._samples_out = 0
        self._early = 0  # samples of the first group that have been returned

    def process(self, block: FloatArray) -> FloatArray:
        """Takes the next block [channels, samples]; returns the next samples at the target rate, possibly none."""
        self._samples_in += block.shape[1]
        self._held = np.concatenate((self._held, block), axis=1)
        if self._prompt:
            return self._settled()
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

    def _settled(self) -> FloatArray:
        """All samples around which the filter finds what it needs."""
        known = self._held.shape[1] - self._margin * self._in - self._reach
        if (end := -(-known * self._out // self._in)) <= self._early:
            return self._held[:, :0]
        whole, groups = end // self._out, -(-end // self._out)
        missing = max(0, (groups + 2 * self._margin) * self._in - self._held.shape[1])
        held = np.pad(self._held, ((0, 0), (0, missing)))
        first = self._margin * self._out
        out = resample(held[:, : (groups + 2 * self._margin) * self._in], *self._rates)
        out = out[:, first + self._early : first + end]
        self._held, self._early = self._held[:, whole * self._in :], end - whole * self._out
        self._samples_out += out.shape[1]
        return out

    def _resampled(self, groups: int) -> FloatArray:
        around = self._held[:, : (groups + 2 * self._margin) * self._in]
        first = self._margin * self._out
        out = resample(around, *self._rates)[:, first + self._early : first + groups * self._out]
        self._held, self._early = self._held[:, groups * self._in :], 0
        self._samples_out += out.shape[1]
        return out
