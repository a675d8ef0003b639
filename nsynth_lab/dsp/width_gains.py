"""Gains of the octaves of a stereo voice and of their decorrelated copies, from the spectrum that the voice has now.

With gains x [16] the filter is G(f) = sum of x_k F_k(f). In octave b, where the voice's power has the weights w(f),

    share  s = sum of w Re G       is to be Re z,
    power  p = sum of w |G|^2      is to be |z|^2                 (z: see `nsynth_lab.width`)

and with these the level difference and the correlation of the sides are those of z. The octaves overlap, and a causal
filter that changes from one to the next reaches into both: so all sixteen are solved together, by damped Gauss-Newton
steps (Levenberg 1944) from the gains before. A decorrelator changes within 45 Hz; where an octave holds one to four
partials it must be known where they are, so below 1.5 kHz the spectrum is that of the last 171 ms, in which the newest
43 count as much as they would alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.width_filters import SIZE, band_shapes, responses
from nsynth_lab.units import Doubles, FloatArray
from nsynth_lab.width import BANDS

FINE = 4 * SIZE  # samples that the voice is heard for
LOW_BINS, HIGH_BIN = 256, 64  # below 1.5 kHz of the fine spectrum, from there on of the other
BINS = LOW_BINS + SIZE // 2 + 1 - HIGH_BIN
ROUNDS = 2
DAMPED = 0.01 * np.eye(2 * BANDS)
LEAST_LEFT = 0.04  # of the copy's power, once what is like the voice is taken out: 14 dB of gain at most
FLOOR = 1e-4  # of a voice's power, in all octaves together: an octave far below it is as if it had so much
LEAST_POWER = 1e-20


class _Grid(NamedTuple):
    """Spectra over the frequencies at which a voice is measured: 256 fine ones, then 961 coarse ones.

    Attributes:
        shapes: [8, 2434] of the octaves, for real and then for imaginary parts.
        parts: [16, 2434] real, then imaginary parts of the octaves, then of their copies.
        floor: [1217] as loud in each octave; its sum is 1.
        moments: [3, 8, 1217] each octave's shape, and times it: real part and power of its copy.
        window: [8192].
        scales: [2] of the power of a fine bin and of a coarse one, so that a tone has the same in both.
    """

    shapes: FloatArray
    parts: FloatArray
    floor: FloatArray
    moments: FloatArray
    window: FloatArray
    scales: tuple[np.float32, np.float32]


def power_of(heard: FloatArray, spectrum: NDArray[np.complex64]) -> FloatArray:
    """Power [1217] of a voice: `heard` [8192] its newest samples, `spectrum` [1025] of the last 2048 of them."""
    grid = _grid()
    fine = np.fft.rfft(heard * grid.window)[:LOW_BINS]
    coarse = spectrum[HIGH_BIN:].copy()  # by a Hann window, which in the spectrum is a mean of neighbours
    coarse[:-1] -= 0.5 * (spectrum[HIGH_BIN - 1 : -2] + spectrum[HIGH_BIN + 1 :])
    low, high = grid.scales
    return np.concatenate([low * (fine.real**2 + fine.imag**2), high * (coarse.real**2 + coarse.imag**2)])


def solved(power: FloatArray, target: NDArray[np.complex128], before: FloatArray | None) -> FloatArray:
    """Gains [16] of the octaves and of their copies.

    Args:
        power: [1217] of the voice, see `power_of`.
        target: [8] share of the voice itself and of an unrelated copy as loud as it.
        before: [16] the gains that it had; None for a voice that has just begun.
    """
    grid = _grid()
    power = power + np.float32(FLOOR * power.sum() + LEAST_POWER) * grid.floor
    weights = grid.shapes * np.concatenate([power, power])
    weights *= 2.0 / weights.sum(axis=1, keepdims=True)
    wanted = np.concatenate([target.real, np.abs(target) ** 2])
    matter = np.tile(1.0 / (1.0 + wanted[BANDS:]), 2)  # errors count against the power of both sides
    slopes = np.empty((2 * BANDS, 2 * BANDS))
    slopes[:BANDS] = weights[:, :BINS] @ grid.parts[:, :BINS].T
    gains = (_guess(power, target) if before is None else before).astype(np.float64)
    for _ in range(ROUNDS):
        filter_parts = gains.astype(np.float32) @ grid.parts
        weighted = weights * filter_parts
        slopes[BANDS:] = 2.0 * (weighted @ grid.parts.T)
        got = np.concatenate([slopes[:BANDS] @ gains, weighted @ filter_parts])
        steep = slopes * matter[:, None]
        gains = gains + np.linalg.solve(steep.T @ steep + DAMPED, steep.T @ (matter * (wanted - got)))
    return gains.astype(np.float32)


def _guess(power: FloatArray, target: NDArray[np.complex128]) -> Doubles:
    """Gains [16] as they would be if each octave were alone."""
    own, alike, copied = (_grid().moments @ power).astype(np.float64)
    alike, copied = alike / own, copied / own
    copies = target.imag / np.sqrt(np.maximum(copied - alike**2, LEAST_LEFT * copied))
    return np.concatenate([target.real - copies * alike, copies])


@lru_cache(maxsize=1)
def _grid() -> _Grid:
    shapes = np.concatenate([band_shapes(FINE)[:, :LOW_BINS], band_shapes(SIZE)[:, HIGH_BIN:]], axis=1)
    fine, coarse = (np.fft.rfft(responses(), size) for size in (FINE, SIZE))
    every = np.concatenate([fine[:, :LOW_BINS], coarse[:, HIGH_BIN:]], axis=1)
    late = every[BANDS:]
    rise = FINE - SIZE
    window = np.concatenate([np.sin(np.linspace(0, np.pi / 2, rise)), np.cos(np.linspace(0, np.pi / 2, SIZE))]) ** 2
    hann = np.hanning(SIZE)
    scales = [1.0 / (np.square(window).sum() * FINE), 1.0 / (np.square(hann).sum() * SIZE)]
    return _Grid(
        shapes=np.concatenate([shapes, shapes], axis=1).astype(np.float32),
        parts=np.concatenate([every.real, every.imag], axis=1).astype(np.float32),
        floor=(shapes.T @ (1.0 / shapes.sum(axis=1)) / BANDS).astype(np.float32),
        moments=(shapes * np.stack([np.ones_like(shapes), late.real, np.abs(late) ** 2])).astype(np.float32),
        window=window.astype(np.float32),
        scales=(np.float32(scales[0]), np.float32(scales[1])),
    )
