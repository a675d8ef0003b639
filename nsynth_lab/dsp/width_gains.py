"""Gains of the octaves of a stereo voice and of their copies, from what the voice sounds like now and nothing else.

With gains x [24] the filter is G(f) = sum of x_k F_k(f). In octave b, where the voice's power has the weights w(f),

    share  s = sum of w Re G       is to be Re z,
    power  p = sum of w |G|^2      is to be |z|^2                 (z: see `nsynth_lab.width`)

and with these the level difference and the correlation of the sides are those of z. Of each copy the phase is taken
that makes it unlike the voice, whatever partials there are: if c = sum of w F is how like it is, i c / |c|. Gains Re z
of the octaves and |Im z| of the copies are then nearly right. Octaves overlap, and a causal filter that changes from
one to the next reaches into both: so all sixteen are corrected together, by three damped Gauss-Newton steps (Levenberg
1944), always from that same beginning. Nothing is remembered but the sound, so that a small change of the voice stays
small, and two ways of playing it that differ by rounding sound alike.

The copies change within 45 Hz. Where an octave holds one to four partials it must be known where they are: below
1.5 kHz the spectrum is that of the last 171 ms, in which the newest 43 count as much as they would alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.width_filters import SIZE, band_shapes, resonators
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

if TYPE_CHECKING:
    from nsynth_lab.compiled.width_gains import Grid

SLOWER = 8  # times: the sample rate at which the low spectrum is heard
SLOW_SIZE = 1024
LOW_BINS, HIGH_BIN = 256, 64  # below 1.5 kHz of the low spectrum, from there on of the other
TAPS, TAPER = 64, 8.0  # of the low-pass before samples are left out: flat to 1.5 kHz, and 80 dB down from 4.5 kHz on


class Windows(NamedTuple):
    """What is heard, weighted: `slow` [1024] and `fast` [2048], so scaled that a tone has one power in both spectra."""

    slow: FloatArray
    fast: FloatArray


def power_of(heard: FloatArray, slow: FloatArray) -> FloatArray:
    """Power [1217] of a voice: `heard` [2048] its newest samples, `slow` [1024] likewise at an eighth of the rate."""
    own = windows()
    low, high = np.fft.rfft(slow * own.slow)[:LOW_BINS], np.fft.rfft(heard * own.fast)[HIGH_BIN:]
    return np.concatenate([low.real**2 + low.imag**2, high.real**2 + high.imag**2])


def solved(power: FloatArray, target: NDArray[np.complex128]) -> FloatArray:
    """Gains [24] of the filters.

    Args:
        power: [1217] of the voice, see `power_of`.
        target: [8] share of the voice itself and of an unlike copy as loud as it.
    """
    from nsynth_lab.compiled.width_gains import solve

    return solve(grid(), power, np.ascontiguousarray(target.real), np.square(np.abs(target)))


@lru_cache(maxsize=1)
def windows() -> Windows:
    """The windows of both spectra; the slow one rises in 128 ms and falls in 43."""
    rise, fall = SLOW_SIZE - SIZE // SLOWER, SIZE // SLOWER
    slow = np.concatenate([np.sin(np.linspace(0, np.pi / 2, rise)), np.cos(np.linspace(0, np.pi / 2, fall))]) ** 2
    pair = [one / np.sqrt(np.square(one).sum() * len(one)) for one in (slow, np.hanning(SIZE))]
    return Windows(*(one.astype(np.float32) for one in pair))


@lru_cache(maxsize=1)
def low_pass() -> FloatArray:
    """The low-pass [64] before samples are left out."""
    at = np.arange(TAPS) - (TAPS - 1) / 2.0
    taps = np.sinc(at / SLOWER) * np.kaiser(TAPS, TAPER)
    return np.asarray(taps / taps.sum(), np.float32)


@lru_cache(maxsize=1)
def grid() -> Grid:
    """The frequencies at which a voice is measured, 256 close ones and 961 others, and the filters there."""
    from nsynth_lab.compiled.products import in_panels, whole_panels
    from nsynth_lab.compiled.width_gains import Grid

    shapes = np.concatenate(
        [band_shapes(SLOWER * SLOW_SIZE)[:, :LOW_BINS], band_shapes(SIZE)[:, HIGH_BIN:]], axis=1
    ).astype(np.float32)
    responses = resonators().responses(_hz())
    real, imaginary = responses.real.astype(np.float32), responses.imag.astype(np.float32)
    heard = [np.flatnonzero(shape) for shape in shapes]
    return Grid(
        shapes=shapes,
        ends=np.array([(one[0], one[-1] + 1) for one in heard]),
        floor=(shapes.T @ (1.0 / shapes.sum(axis=1)) / len(shapes)).astype(np.float32),
        real=whole_panels(np.ascontiguousarray(real.T)),
        imaginary=whole_panels(np.ascontiguousarray(imaginary.T)),
        real_panels=in_panels(real),
        imaginary_panels=in_panels(imaginary),
    )


def _hz() -> Doubles:
    low, high = SAMPLE_RATE / (SLOWER * SLOW_SIZE), SAMPLE_RATE / SIZE
    return np.concatenate([low * np.arange(LOW_BINS), high * np.arange(HIGH_BIN, SIZE // 2 + 1)])
