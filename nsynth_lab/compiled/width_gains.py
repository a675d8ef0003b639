"""Gains of the filters of a stereo voice, compiled: see `dsp.width_gains`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.products import add_panel, add_product
from nsynth_lab.units import Doubles, FloatArray, Ints

F = np.float32
ROUNDS = 3
DAMPED = 0.01
FLOOR = 1e-4  # of a voice's power, in all octaves together: an octave far below it is as if it had so much
LEAST_POWER = 1e-20
LEANING = 0.3  # a copy that is unlike its voice anyway keeps its phase


class Grid(NamedTuple):
    """The frequencies at which a voice is measured, and the filters there.

    Attributes:
        shapes: [8, n] of the octaves.
        ends: [8, 2] the first frequency of each octave and the one after its last.
        floor: [n] as loud in each octave; its sum is 1.
        real, imaginary: [n, 32] of the filters' responses: octaves, real and imaginary parts of their copies, nothing.
        real_panels, imaginary_panels: the same [24, n], as `products.in_panels` packs them.
    """

    shapes: FloatArray
    ends: Ints
    floor: FloatArray
    real: FloatArray
    imaginary: FloatArray
    real_panels: FloatArray
    imaginary_panels: FloatArray


@compiled
def solve(grid: Grid, power: FloatArray, shares: Doubles, powers: Doubles) -> FloatArray:
    """Gains [24] of the filters for a voice of `power` [n], its `shares` [8] and `powers` [8] in the octaves."""
    bands = len(grid.ends)
    weights = _weights(grid, power)
    moments = np.zeros((bands, grid.real.shape[1]), np.float32)
    for b in range(bands):
        first, last = grid.ends[b]
        add_panel(moments[b : b + 1], weights[b : b + 1, first:last], grid.real[first:last])
    turns = _turns(moments, bands)
    slopes, off = np.empty((2 * bands, 2 * bands)), np.empty(2 * bands)
    found, gains = np.empty(2 * bands), np.zeros((1, 3 * bands), np.float32)
    for b in range(bands):
        found[b], found[bands + b] = shares[b], np.sqrt(max(powers[b] - shares[b] ** 2, 0.0))
        _turned(slopes[b], moments[b], turns)
    _spread(gains[0], found, turns)
    for _ in range(ROUNDS):
        _find_power_slopes(slopes, grid, weights, gains, turns)
        for b in range(bands):
            matter = 1.0 / (1.0 + powers[b])  # errors count against the power of both sides
            share, half = 0.0, 0.0
            for k in range(2 * bands):
                share += slopes[b, k] * found[k]
                half += slopes[bands + b, k] * found[k]
            off[b], off[bands + b] = matter * (shares[b] - share), matter * (powers[b] - half / 2.0)
        _step(found, slopes, off, powers)
        _spread(gains[0], found, turns)
    out: FloatArray = gains[0]
    return out


@compiled
def _weights(grid: Grid, power: FloatArray) -> FloatArray:
    """The power at each frequency as a share of its octave's, [8, n]."""
    total = 0.0
    for f in range(len(power)):
        total += power[f]
    least = F(FLOOR * total + LEAST_POWER)
    weights = np.zeros(grid.shapes.shape, np.float32)
    for b in range(len(weights)):
        own = 0.0
        for f in range(grid.ends[b, 0], grid.ends[b, 1]):
            weights[b, f] = grid.shapes[b, f] * (power[f] + least * grid.floor[f])
            own += weights[b, f]
        for f in range(grid.ends[b, 0], grid.ends[b, 1]):
            weights[b, f] /= F(own)
    return weights


@compiled
def _turns(moments: FloatArray, bands: int) -> Doubles:
    """How much of the real and of the imaginary part of each octave's copy to take, [2, 8], so that it is unlike it.

    That is the direction of i c, with c [8] how like the voice the copies are. Where c is next to nothing it would jump
    with every breath of noise, so it leans to one side; what is then like the voice is left to the corrections.
    """
    turns = np.empty((2, bands))
    for b in range(bands):
        real, imaginary = LEANING - float(moments[b, 2 * bands + b]), float(moments[b, bands + b])
        size = np.sqrt(real**2 + imaginary**2) + LEAST_POWER
        turns[0, b], turns[1, b] = real / size, imaginary / size
    return turns


@compiled
def _turned(out: Doubles, filters: FloatArray, turns: Doubles) -> None:
    """For octaves and for copies so turned, [16], what `filters` [24 or more] says for the filters one by one."""
    bands = turns.shape[1]
    for b in range(bands):
        out[b] = filters[b]
        out[bands + b] = turns[0, b] * filters[bands + b] + turns[1, b] * filters[2 * bands + b]


@compiled
def _spread(gains: FloatArray, found: Doubles, turns: Doubles) -> None:
    """The `gains` [24] of the filters, from those of octaves and of copies so turned, [16]."""
    bands = turns.shape[1]
    for b in range(bands):
        gains[b] = found[b]
        gains[bands + b], gains[2 * bands + b] = found[bands + b] * turns[0, b], found[bands + b] * turns[1, b]


@compiled
def _find_power_slopes(slopes: Doubles, grid: Grid, weights: FloatArray, gains: FloatArray, turns: Doubles) -> None:
    """Slopes of the power of each octave, the last [8, 16] of `slopes`."""
    bands, wide = len(grid.ends), grid.real_panels.shape[0] * grid.real_panels.shape[2]
    real, imaginary = np.zeros((1, wide), np.float32), np.zeros((1, wide), np.float32)
    add_product(real, gains, grid.real_panels)
    add_product(imaginary, gains, grid.imaginary_panels)
    moments, loud = np.empty((1, grid.real.shape[1]), np.float32), np.empty((1, wide), np.float32)
    for b in range(bands):
        first, last = grid.ends[b]
        moments[:] = F(0.0)
        for f in range(first, last):
            loud[0, f] = F(2.0) * weights[b, f] * real[0, f]
        add_panel(moments, loud[:, first:last], grid.real[first:last])
        for f in range(first, last):
            loud[0, f] = F(2.0) * weights[b, f] * imaginary[0, f]
        add_panel(moments, loud[:, first:last], grid.imaginary[first:last])
        _turned(slopes[bands + b], moments[0], turns)


@compiled
def _step(found: Doubles, slopes: Doubles, off: Doubles, powers: Doubles) -> None:
    """Move `found` [16] by a damped Gauss-Newton step (Levenberg 1944); `off` [16] is what is missing."""
    count, bands = len(found), len(powers)
    steep, square, right = np.empty((count, count)), np.empty((count, count)), np.zeros(count)
    for row in range(count):
        matter = 1.0 / (1.0 + powers[row % bands])
        for k in range(count):
            steep[row, k] = matter * slopes[row, k]
            right[k] += steep[row, k] * off[row]
    for i in range(count):
        for k in range(i + 1):
            total = 0.0
            for row in range(count):
                total += steep[row, i] * steep[row, k]
            square[i, k] = total + (DAMPED if i == k else 0.0)
    _solve_square(square, right)
    for k in range(count):
        found[k] += right[k]


@compiled
def _solve_square(square: Doubles, right: Doubles) -> None:
    """Solve `square` x = `right` by Cholesky, in place: of `square`, which is positive, the lower half is given."""
    count = len(right)
    for i in range(count):
        for k in range(i + 1):
            total = square[i, k]
            for j in range(k):
                total -= square[i, j] * square[k, j]
            square[i, k] = np.sqrt(total) if i == k else total / square[k, k]
    for i in range(count):
        for k in range(i):
            right[i] -= square[i, k] * right[k]
        right[i] /= square[i, i]
    for i in range(count - 1, -1, -1):
        for k in range(i + 1, count):
            right[i] -= square[k, i] * right[k]
        right[i] /= square[i, i]
