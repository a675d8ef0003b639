"""The weighted spherical mean of vectors, compiled: directions rotate, lengths are averaged.

Between two vectors the direction follows the great circle at constant speed (slerp: Shoemake, Animating Rotation with
Quaternion Curves, 1985). For more it is the spherical mean of Buss and Fillmore (Spherical Averages and Applications to
Spherical Splines and Interpolation, 2001, algorithm A1), which for two is the same. The length is the weighted mean of
the lengths, whereas a linear mean of vectors in different directions is shorter.
"""

from __future__ import annotations

import math

import numpy as np

from nsynth_lab.compiled import compiled, inlined
from nsynth_lab.units import Doubles, FloatArray

MAX_STEPS = 24
NEAR_RADIANS = 1e-7  # the iteration stops at a smaller step
MIN_LENGTH = 1e-6  # a shorter mean has no direction, such as that of two opposite vectors
MIN_SINE = 1e-9


@compiled
def spherical_mean(vectors: FloatArray, weights: Doubles, out: FloatArray) -> None:
    """Write the mean of `vectors` [n, dims] by `weights` [n], which sum to 1, to `out` [dims].

    With all weight on one vector it is exactly that vector. Where the directions cancel out it is the linear mean.
    """
    count, dims = vectors.shape
    for v in range(count):
        if weights[v] >= 1.0:
            out[:] = vectors[v]
            return
    directions, length = np.zeros((count, dims)), 0.0
    mean, straight = np.zeros(dims), np.zeros(dims)
    for v in range(count):
        own = 0.0
        for i in range(dims):
            own += float(vectors[v, i]) ** 2
            straight[i] += weights[v] * vectors[v, i]
        own = math.sqrt(own)
        length += weights[v] * own
        if own > 0.0:
            for i in range(dims):
                directions[v, i] = vectors[v, i] / own
                mean[i] += weights[v] * directions[v, i]
    size = math.sqrt(_product(mean, mean))
    if size < MIN_LENGTH:
        out[:] = straight.astype(np.float32)
        return
    mean /= size
    for _ in range(MAX_STEPS):
        step = np.zeros(dims)
        for v in range(count):
            cosine = min(max(_product(directions[v], mean), -1.0), 1.0)
            sine = math.sqrt(1.0 - cosine * cosine)
            if weights[v] > 0.0 and sine > MIN_SINE:
                turn = weights[v] * math.acos(cosine) / sine
                for i in range(dims):
                    step[i] += turn * (directions[v, i] - cosine * mean[i])
        angle = math.sqrt(_product(step, step))
        if angle < NEAR_RADIANS:
            break
        mean = math.cos(angle) * mean + math.sin(angle) / angle * step
        mean /= math.sqrt(_product(mean, mean))
    out[:] = (length * mean).astype(np.float32)


@inlined
def _product(left: Doubles, right: Doubles) -> float:
    """The sum of products; a loop, since loading what stands behind `np.sum` brings all of SciPy's linear algebra."""
    total = 0.0
    for i in range(len(left)):
        total += left[i] * right[i]
    return total


@compiled
def spherical_means(streams: FloatArray, weights: Doubles) -> FloatArray:
    """Spherical means [frames, dims] of `streams` [n, frames, dims] by `weights` [frames, n]."""
    out = np.empty(streams.shape[1:], np.float32)
    for frame in range(len(out)):
        spherical_mean(streams[:, frame], weights[frame], out[frame])
    return out
