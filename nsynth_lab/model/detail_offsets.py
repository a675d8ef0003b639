"""Which outputs of the control net the columns of `nsynth_lab.detail` are added to, in NumPy for all decoders."""

from __future__ import annotations

import functools

import numpy as np

from nsynth_lab.detail import BANDS, DIMS, NOISE, NOISE_GAIN, PARTIALS, band_edges, erb_rate
from nsynth_lab.model.scales import DB_PER_UNIT, warp_ends
from nsynth_lab.model.sizes import GAINS_PER_FRAME, HALF_PARTIALS
from nsynth_lab.units import FloatArray, Ints


@functools.cache
def detail_shares(points: int, corrections: int, bands: int) -> tuple[Ints, FloatArray]:
    """(columns [outputs, 2], their shares [outputs, 2]): what is added to each output of a net of these sizes.

    The sizes are the first three of `sizes.control_outputs`. A band of noise lies between two bands of the row. The
    outputs of gains turn the sound down.
    """
    outputs = points + corrections + bands + 2 * GAINS_PER_FRAME
    columns, shares = np.zeros((outputs, 2), np.int64), np.zeros((outputs, 2), np.float32)
    known = min(PARTIALS, corrections - HALF_PARTIALS)
    partials = points + HALF_PARTIALS
    columns[partials : partials + known, 0], shares[partials : partials + known, 0] = np.arange(known), 1.0
    edges = band_edges()
    middles = (edges[1:] + edges[:-1]) / 2
    low, high = warp_ends()
    centres = erb_rate(700.0 * np.expm1(np.linspace(low, high, bands)))
    place = np.interp(centres, middles, np.arange(float(BANDS)))
    below = np.minimum(place.astype(np.int64), BANDS - 2)
    noise = slice(points + corrections, points + corrections + bands)
    columns[noise] = NOISE.start + below[:, None] + np.arange(2)
    shares[noise, 1] = place - below
    shares[noise, 0] = 1.0 - shares[noise, 1]
    columns[noise.stop + GAINS_PER_FRAME :, 0], shares[noise.stop + GAINS_PER_FRAME :, 0] = NOISE_GAIN, -1.0
    return columns, shares / np.float32(DB_PER_UNIT)


def detail_matrix(points: int, corrections: int, bands: int) -> FloatArray:
    """The same as a matrix [129, outputs]: a row of detail times it is what is added."""
    columns, shares = detail_shares(points, corrections, bands)
    matrix = np.zeros((DIMS, len(columns)), np.float32)
    for side in range(2):
        matrix[columns[:, side], np.arange(len(columns))] += shares[:, side]
    return matrix
