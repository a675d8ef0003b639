"""Measures how wide a recording is: rows of `nsynth_lab.width`, from the spectra of both sides around each frame."""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.offset import channels_cancel
from nsynth_lab.dsp.width_filters import SIZE, band_shapes
from nsynth_lab.units import HOP_SAMPLES, Doubles, FloatArray
from nsynth_lab.width import BANDS, DIMS, OPPOSED, row_of

AROUND_FRAMES = 12.0  # standard deviation of the weights in time: an eighth of a second
LEAST_SIDE = 1e-6  # -60 dB: sides as much alike as this are mono
SPREAD_DB = -25.0  # per octave: a band far below its neighbours is as wide as they are
AT_ONCE = 256  # frames


def measure_width(sides: FloatArray) -> FloatArray | None:
    """Rows [frames, 17] of a recording `sides` [2, frames * 512] at 48 kHz; None if both sides are the same."""
    left, right = sides.astype(np.float64)
    if np.square(left - right).sum() <= LEAST_SIDE * np.square(sides, dtype=np.float64).sum():
        return None
    frames = sides.shape[1] // HOP_SAMPLES
    powers = _smooth(
        np.concatenate([_powers(sides, at, min(at + AT_ONCE, frames)) for at in range(0, frames, AT_ONCE)])
    )
    rows = np.zeros((frames, DIMS), np.float32)
    apart = np.abs(np.subtract.outer(np.arange(BANDS), np.arange(BANDS)))
    rows[:, :OPPOSED] = row_of(*np.moveaxis(powers @ 10.0 ** (SPREAD_DB * apart / 10.0), 1, 0))
    rows[:, OPPOSED] = float(channels_cancel(sides))
    return rows


def _powers(sides: FloatArray, begin: int, end: int) -> Doubles:
    """Power of the left side, of the right side and their cross power in each band, [frames, 3, 8]."""
    padded = np.pad(sides, ((0, 0), (SIZE // 2, SIZE // 2)))
    at = (np.arange(begin, end)[:, None] + 1) * HOP_SAMPLES + np.arange(SIZE)
    left, right = np.fft.rfft(padded[:, at] * np.hanning(SIZE))
    shapes = band_shapes(SIZE)
    every = np.stack([np.abs(left) ** 2, np.abs(right) ** 2, (left * right.conj()).real])
    return np.asarray(np.moveaxis(every @ shapes.T, 0, 1))


def _smooth(powers: Doubles) -> Doubles:
    """`powers` [frames, ...] averaged over an eighth of a second around each frame."""
    reach = int(3 * AROUND_FRAMES)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / AROUND_FRAMES) ** 2)
    flat = powers.reshape(len(powers), 3 * BANDS)
    out = np.stack([np.convolve(column, weights)[reach:-reach] for column in flat.T], axis=1)
    return np.asarray(out.reshape(powers.shape))
