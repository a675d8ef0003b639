"""How wide a sound is: level difference and likeness of its two sides in octave bands, frame by frame, measured.

    row [17] = difference_db [8]   level of the left side above that of the right
               angle [8]           0 (the sides are alike) over pi / 2 (unrelated) to pi (opposed): its cosine is their
                                   correlation
               opposed [1]         0 to 1: whether the mono voice is half the sum of the sides or half their difference

In each band both numbers are those of one complex number, w = left / right, of length 10 ** (difference_db / 20). Where
the mono voice is M = (left + right) / 2, the half difference is S = z M with z = (w - 1) / (w + 1): its real part
scales M itself, its imaginary part a decorrelated copy of equal power. So the sum of the sides stays the mono voice
whatever z is, level difference and correlation are exactly those of the row, and the mean of two rows, column by
column, lies between them. A row of zeros is mono.

Opposed sides would cancel each other in M. There the mono voice is S, and M = S / z.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import Doubles, FloatArray

BANDS = 8
LOWEST_CENTRE_HZ = 125.0  # of octaves: the last is at 16 kHz
DIFFERENCE, ANGLE, OPPOSED = slice(0, BANDS), slice(BANDS, 2 * BANDS), 2 * BANDS
DIMS = OPPOSED + 1

DB_LIMIT, DB_STEP = 31.875, 0.25
ANGLE_STEP = np.pi / 255.0
MOST_OPPOSED = (0.9 * np.pi, 0.999 * np.pi)  # of an angle; where the mono voice is half the sum, that is 16 dB of gain
TENSOR = "width"  # its name in files


def limited(rows: FloatArray) -> FloatArray:
    """`rows` [frames, 17] with each column within its range."""
    out = np.asarray(rows, np.float32).copy()
    out[:, DIFFERENCE] = out[:, DIFFERENCE].clip(-DB_LIMIT, DB_LIMIT)
    out[:, ANGLE] = out[:, ANGLE].clip(0.0, np.pi)
    out[:, OPPOSED] = out[:, OPPOSED].clip(0.0, 1.0)
    return out


def stored(rows: FloatArray) -> NDArray[np.uint8]:
    """`rows` [frames, 17] as 8-bit numbers, for files."""
    own = limited(rows)
    own[:, DIFFERENCE] = own[:, DIFFERENCE] / DB_STEP + 128.0
    own[:, ANGLE] /= ANGLE_STEP
    own[:, OPPOSED] *= 255.0
    return own.round().clip(0, 255).astype(np.uint8)


def from_stored(small: NDArray[np.uint8]) -> FloatArray:
    """The rows [frames, 17] of what `stored` gave.

    Raises:
        ValueError: another type or shape.
    """
    if small.dtype != np.uint8 or small.shape[1:] != (DIMS,):
        raise ValueError(f"rows of width are {small.dtype} of shape {small.shape}, expected bytes of {DIMS} columns")
    rows = small.astype(np.float32)
    rows[:, DIFFERENCE] = (rows[:, DIFFERENCE] - 128.0) * DB_STEP
    rows[:, ANGLE] *= ANGLE_STEP
    rows[:, OPPOSED] /= 255.0
    return limited(rows)


def side_gains(rows: FloatArray) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Gains of half the sum and half the difference of the sides, [..., 8] each, for `rows` [..., 17].

    Real parts are for the mono voice, imaginary parts for its decorrelated copy.
    """
    whole = rows.astype(np.float64)
    opposed = whole[..., OPPOSED, None]
    angle = np.minimum(whole[..., ANGLE], MOST_OPPOSED[0] + opposed * (MOST_OPPOSED[1] - MOST_OPPOSED[0]))
    ratio = np.exp(whole[..., DIFFERENCE] * (np.log(10.0) / 20.0) + 1j * angle)
    side = (ratio - 1.0) / (ratio + 1.0)
    turned = np.exp(-opposed * np.log(np.where(side == 0, 1e-3, side)))
    middle = np.where(opposed > 0, turned, 1.0)
    return middle, middle * side


def row_of(left: Doubles, right: Doubles, cross: Doubles) -> FloatArray:
    """Differences and angles [..., 16] of power left, power right and cross power in each band, [..., 8] each."""
    floor = 1e-6 * np.maximum(left, right) + 1e-30
    left, right = left + floor, right + floor
    difference = 10.0 * np.log10(left / right)
    angle = np.arccos((cross / np.sqrt(left * right)).clip(-1.0, 1.0))
    return np.concatenate([difference, angle], axis=-1).astype(np.float32)
