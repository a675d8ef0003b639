"""What stereo sounds are filtered with: octaves without delay and a decorrelated copy of each, by complex resonators.

Octaves. A causal filter whose response has 1 / (1 + (f / edge) ** 6) as its real part has no delay, in the sense that
the cross power of a sound and what it lets through is that of a filter of zero phase. It is the impedance of a
Butterworth ladder of third order (Gewertz, "Synthesis of a finite, four-terminal network", 1933); the bilinear
transform keeps the law. Differences of such low-passes are octaves, and all of them add up to the sound itself.

Copies. Three all-pass filters in a row (Schroeder, "Natural sounding artificial reverberation", 1962) scatter the
phases and leave the levels: for the upper four octaves over a third of the time, since there a spectrum tells less of
where partials are. Octaves of that have an imaginary part too, their response to positive frequencies alone: from both
any phase of the copy can be mixed.

A resonator is one complex pole: s[n] = pole s[n - 1] + x[n]. The first sixteen hear the voice itself, the others the
scattered voices, and each filter is a sum of them (partial fractions) and of what they hear.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray
from nsynth_lab.width import BANDS, LOWEST_CENTRE_HZ

SIZE = 4 * HOP_SAMPLES
SLOPE_OCTAVES = 0.25  # on either side of a band's edge
LANES, BANKS = 16, 3  # resonators, by sixteen: for octaves, lower copies and higher copies
ORDER = 3  # of the octaves
COPY_ORDER = 4  # of their copies: complex poles
SCATTERED_SAMPLES = (113, 181, 277), (41, 67, 101)  # delays of the all-pass filters of lower and of higher copies
SCATTERED_GAIN = 0.55
HIGHEST_HZ = 0.47 * SAMPLE_RATE  # upper edge of the last copy
FILTERS = 3 * BANDS  # octaves, real parts of their copies, imaginary parts

Complexes = NDArray[np.complex128]


class Resonators(NamedTuple):
    """The filters [24]: octaves, then real and then imaginary parts of their copies.

    Attributes:
        poles: [48] complex.
        weights: [24, 48] complex; a filter is the real part of their sum over the resonators,
        direct: [24, 3] and this much of what each bank hears.
    """

    poles: Complexes
    weights: Complexes
    direct: Doubles

    def responses(self, hz: Doubles) -> Complexes:
        """Of all filters [24, n], at the frequencies `hz` [n]."""
        turn = np.exp(-2j * np.pi * hz / SAMPLE_RATE)
        above = 0.5 / (1.0 - np.multiply.outer(self.poles, turn))
        below = 0.5 / (1.0 - np.multiply.outer(self.poles.conj(), turn))
        out = np.zeros((FILTERS, len(hz)), np.complex128)
        for bank, delays in enumerate([(), *SCATTERED_SAMPLES]):
            own = slice(bank * LANES, (bank + 1) * LANES)
            heard = np.ones(len(hz), np.complex128)
            for samples in delays:
                late = turn**samples
                heard *= (late - SCATTERED_GAIN) / (1.0 - SCATTERED_GAIN * late)
            part = self.weights[:, own] @ above[own] + self.weights[:, own].conj() @ below[own]
            out += heard * (part + self.direct[:, bank, None])
        return out


@lru_cache(maxsize=1)
def resonators() -> Resonators:
    """The filters of every stereo voice; made when they are first asked for."""
    poles = np.zeros(BANKS * LANES, np.complex128)
    weights = np.zeros((FILTERS, BANKS * LANES), np.complex128)
    direct = np.zeros((FILTERS, BANKS))
    direct[BANDS - 1, 0] = 1.0
    for edge in range(BANDS - 1):
        own, ways, through = _low_pass(LOWEST_CENTRE_HZ * 2.0 ** (edge + 0.5))
        at = slice(edge * len(own), (edge + 1) * len(own))
        poles[at] = own
        for band, sign in ((edge, 1.0), (edge + 1, -1.0)):
            weights[band, at] = sign * ways
            direct[band, 0] += sign * through
    for band in range(BANDS):
        own, ways, whole = _copy(LOWEST_CENTRE_HZ * 2.0**band)
        at = slice(LANES + COPY_ORDER * band, LANES + COPY_ORDER * (band + 1))
        poles[at] = own
        weights[BANDS + band, at], weights[2 * BANDS + band, at] = ways, -1j * ways
        bank = at.start // LANES
        direct[BANDS + band, bank], direct[2 * BANDS + band, bank] = whole.real, whole.imag
    return Resonators(poles, weights, direct)


def mixing() -> FloatArray:
    """How each filter is mixed [24, 99]: of the resonators' real and imaginary parts, and of what they hear."""
    made = resonators()
    return np.concatenate([made.weights.real, -made.weights.imag, made.direct], axis=1).astype(np.float32)


def band_shapes(samples: int) -> Doubles:
    """How much of each bin of a spectrum of `samples` belongs to each octave, [8, bins], in all 1 at each bin.

    The outermost octaves reach to 0 Hz and to the highest frequency.
    """
    hz = np.arange(samples // 2 + 1) * (SAMPLE_RATE / samples)
    octave = np.log2(np.maximum(hz, 1.0) / LOWEST_CENTRE_HZ)
    edges = np.arange(1, BANDS) - 0.5
    risen = ((octave - edges[:, None]) / (2.0 * SLOPE_OCTAVES) + 0.5).clip(0.0, 1.0)
    above = np.concatenate([np.ones((1, len(hz))), np.sin(risen * np.pi / 2.0) ** 2, np.zeros((1, len(hz)))])
    return np.asarray(above[:-1] - above[1:])


def _low_pass(edge_hz: float) -> tuple[Complexes, Complexes, float]:
    """(poles [2], weights [2], direct) of the low-pass whose real part is 1 / (1 + (f / edge) ** 6).

    Over s, in units of the edge, it is (2/3 s^2 + 4/3 s + 1) / (s^3 + 2 s^2 + 2 s + 1). Of two conjugate poles one is
    kept, with twice its weight.
    """
    poles = np.exp(1j * np.pi * np.array([1.0, 2.0 / 3.0]))
    others = np.array([[poles[1], poles[1].conj()], [poles[0], poles[1].conj()]])
    residues = (2.0 * poles**2 + 4.0 * poles + 3.0) / 3.0 / np.prod(poles[:, None] - others, axis=1)
    warped = np.tan(np.pi * edge_hz / SAMPLE_RATE)
    own, gains = _bilinear(poles * warped), residues * warped / (1.0 - poles * warped)
    twice = gains * np.array([1.0, 2.0])  # gain (1 + 1/z) / (1 - pole/z) = gain ((1 + 1/pole) / (1 - pole/z) - 1/pole)
    return own, twice * (1.0 + 1.0 / own), float(-(twice / own).real.sum())


def _copy(centre_hz: float) -> tuple[Complexes, Complexes, complex]:
    """(poles [4], weights [4], direct) of an octave of positive frequencies: half the poles of a band-pass."""
    edges_hz = np.array([centre_hz / np.sqrt(2.0), min(centre_hz * np.sqrt(2.0), HIGHEST_HZ)])
    low, high = np.tan(np.pi * edges_hz / SAMPLE_RATE)
    angles = np.pi * (2.0 * np.arange(COPY_ORDER) + COPY_ORDER + 1.0) / (2 * COPY_ORDER)
    half = np.exp(1j * angles) * (high - low) / 2.0
    root = np.sqrt(half**2 - low * high)
    both = np.concatenate([half + root, half - root])
    own, zeros = _bilinear(both[both.imag > 0]), COPY_ORDER // 2  # as many at 0 Hz, and at the highest frequency
    turn = np.exp(2j * np.pi * centre_hz / SAMPLE_RATE)
    gain = 2.0 * abs(np.prod(1.0 - own / turn) / (1.0 - turn**-2) ** zeros)
    others = np.prod(1.0 - own / own[:, None] + np.eye(COPY_ORDER), axis=1)
    return own, gain * (1.0 - own**-2.0) ** zeros / others, complex(gain * (-1.0) ** zeros / np.prod(own))


def _bilinear(poles: Complexes) -> Complexes:
    return np.asarray((1.0 + poles) / (1.0 - poles))
