"""Matrix products for compiled loops, of a few rows and weights in halves.

A block's worth of rows is too few for a library's product, which prepares itself for many: one row by [384, 384] takes
a tenth of the time here. Rows go in threes, so that a weight that is read once is used three times and everything that
is at work fits into sixteen registers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled, number
from nsynth_lab.units import FloatArray

Halves = NDArray[np.uint16]
Weights = Halves | FloatArray


def halves(weights: FloatArray) -> Halves:
    """Weights as the bits of float16, the nearest there are."""
    return np.ascontiguousarray(weights, np.float16).view(np.uint16)


@compiled
def add_product(out: FloatArray, x: FloatArray, weights: Weights) -> None:
    """`out` [rows, columns] += `x` [rows, inputs] @ `weights` [inputs, columns].

    Weights that are multiplied by zeros are not even read: a note that begins has no past.
    """
    rows, row = len(x), 0
    while rows - row >= 3:
        _add_three(out[row], out[row + 1], out[row + 2], x[row], x[row + 1], x[row + 2], weights)
        row += 3
    if rows - row == 2:
        _add_two(out[row], out[row + 1], x[row], x[row + 1], weights)
    elif rows - row == 1:
        _add_one(out[row], x[row], weights)


@compiled
def _add_one(out: FloatArray, x: FloatArray, weights: Weights) -> None:
    inputs, columns = weights.shape
    whole = inputs - inputs % 4
    for k in range(0, whole, 4):
        a, b, c, d = x[k], x[k + 1], x[k + 2], x[k + 3]
        if a == 0 and b == 0 and c == 0 and d == 0:
            continue
        p, q, r, s = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for n in range(columns):
            sum2 = b * number(q[n]) + (a * number(p[n]) + out[n])
            out[n] = d * number(s[n]) + (c * number(r[n]) + sum2)
    for k in range(whole, inputs):
        for n in range(columns):
            out[n] += x[k] * number(weights[k, n])


@compiled
def _add_two(out: FloatArray, out2: FloatArray, x: FloatArray, x2: FloatArray, weights: Weights) -> None:
    inputs, columns = weights.shape
    whole = inputs - inputs % 4
    for k in range(0, whole, 4):
        a, b, c, d = x[k], x[k + 1], x[k + 2], x[k + 3]
        e, f, g, h = x2[k], x2[k + 1], x2[k + 2], x2[k + 3]
        if a == 0 and b == 0 and c == 0 and d == 0 and e == 0 and f == 0 and g == 0 and h == 0:
            continue
        p, q, r, s = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for n in range(columns):
            w, v, u, t = number(p[n]), number(q[n]), number(r[n]), number(s[n])
            out[n] = d * t + (c * u + (b * v + (a * w + out[n])))
            out2[n] = h * t + (g * u + (f * v + (e * w + out2[n])))
    for k in range(whole, inputs):
        for n in range(columns):
            out[n] += x[k] * number(weights[k, n])
            out2[n] += x2[k] * number(weights[k, n])


@compiled
def _add_three(
    out: FloatArray,
    out2: FloatArray,
    out3: FloatArray,
    x: FloatArray,
    x2: FloatArray,
    x3: FloatArray,
    weights: Weights,
) -> None:
    inputs, columns = weights.shape
    whole = inputs - inputs % 3
    for k in range(0, whole, 3):
        a, b, c = x[k], x[k + 1], x[k + 2]
        d, e, f = x2[k], x2[k + 1], x2[k + 2]
        g, h, i = x3[k], x3[k + 1], x3[k + 2]
        if a == 0 and b == 0 and c == 0 and d == 0 and e == 0 and f == 0 and g == 0 and h == 0 and i == 0:
            continue
        p, q, r = weights[k], weights[k + 1], weights[k + 2]
        for n in range(columns):
            w, v, u = number(p[n]), number(q[n]), number(r[n])
            out[n] = c * u + (b * v + (a * w + out[n]))
            out2[n] = f * u + (e * v + (d * w + out2[n]))
            out3[n] = i * u + (h * v + (g * w + out3[n]))
    for k in range(whole, inputs):
        for n in range(columns):
            w = number(weights[k, n])
            out[n] += x[k] * w
            out2[n] += x2[k] * w
            out3[n] += x3[k] * w
