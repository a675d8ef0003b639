"""Levels of the partials of a sound, and of the noise between them in the bands of `nsynth_lab.detail`, over time.

One STFT with a 4-term Blackman-Harris window of at least 16 periods, as in `dsp.harmonics`, at least twice in each
window. The same places are read in the recording and in what the decoder makes of it, so that what leaks from one part
to the other does so in both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from nsynth_lab.detail import BANDS, PARTIALS, band_edges, erb_rate
from nsynth_lab.dsp.framing import frames_of
from nsynth_lab.dsp.harmonics import REACH_BINS, TOP_HZ, blackman_harris, spectrum_samples
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray

LEAST_FRAMES, MOST_FRAMES = 2, 8  # from one spectrum to the next
DB_PER_NEPER = 10.0 / np.log(10.0)


class Levels(NamedTuple):
    """Powers over time.

    Attributes:
        partials: [times, partials] of partial 1, 2, .., at most 64.
        noise: [times, 64] of what lies between the partials, in each band.
        bins: [times, bins] of the whole spectrum.
    """

    partials: Doubles
    noise: Doubles
    bins: FloatArray


class LineLevels:
    """Where the partials of a sound of `f0_hz` [frames] are, with offsets `partials` [128] or [frames, 128]."""

    def __init__(self, f0_hz: FloatArray, partials: FloatArray) -> None:
        self.length = spectrum_samples(float(f0_hz.mean()))
        self.every = int(np.clip(self.length // (4 * HOP_SAMPLES), LEAST_FRAMES, MOST_FRAMES))
        read = slice(self.every - 1, None, self.every)
        hz = f0_hz[read].astype(np.float64)
        offsets = np.broadcast_to(partials, (len(f0_hz), partials.shape[-1]))[read]
        below_top = int(np.clip(TOP_HZ / hz.max(initial=1.0) - 0.5, 1, offsets.shape[1] - 1))
        places = hz[:, None] * (np.arange(1, below_top + 1) + offsets[:, 1 : below_top + 1])
        self.count = min(below_top, PARTIALS)
        last = self.length // 2
        centres = np.rint(places * self.length / SAMPLE_RATE).astype(int)
        self._bins = (centres[:, :, None] + np.arange(-REACH_BINS, REACH_BINS + 1)).clip(0, last)
        bands = np.digitize(erb_rate(np.arange(last + 1) * SAMPLE_RATE / self.length), band_edges()) - 1
        first, stop = np.searchsorted(bands, [0, BANDS])
        self._inside = slice(int(first), int(stop))
        self._known, self._begins = np.unique(bands[self._inside], return_index=True)
        self.bins_per_partial = 2 * REACH_BINS + 1
        self._free = np.ones((len(hz), last + 1), np.float32)
        np.put_along_axis(self._free, self._bins.reshape(len(hz), -1), 0.0, axis=1)
        self.bins_between = self._in_bands(self._free)
        self.band = bands[np.median(centres[:, : self.count], axis=0).astype(int).clip(0, last)].clip(0, BANDS - 1)

    def __call__(self, samples: FloatArray) -> Levels:
        """The levels of `samples` [frames * 512]."""
        frames = frames_of(samples, self.length)[self.every - 1 :: self.every]
        window, scale = blackman_harris(self.length)
        squares = torch.view_as_real(torch.fft.rfft(torch.from_numpy(frames * window))).square_()
        power = ((squares[..., 0] + squares[..., 1]) * scale).numpy()  # several times as fast as `sum(-1)`
        lines = np.take_along_axis(power[:, None], self._bins[:, : self.count], axis=2).sum(axis=2)
        return Levels(lines.astype(np.float64), self._in_bands(power * self._free), power)

    def floor_db(self, power: FloatArray) -> Doubles:
        """Mean of the level of the bins between the partials, in dB, in each band [times, 64].

        `power` is that of the bins, [times, bins]. A single line in a band hardly changes it, though it may be most of
        the band's power: noise is what fills a band.
        """
        level = self._in_bands(np.log(power) * self._free) * DB_PER_NEPER
        return np.asarray(level / np.maximum(self.bins_between, 1e-9))

    def _in_bands(self, bins: FloatArray) -> Doubles:
        """The sum of `bins` [times, bins] in each band [times, 64]; bands narrower than a bin may have none."""
        out = np.zeros((len(bins), BANDS))
        out[:, self._known] = np.add.reduceat(bins[:, self._inside], self._begins, axis=1)
        return out
