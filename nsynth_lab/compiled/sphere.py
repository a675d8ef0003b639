"""The weighted mean of vectors on a sphere, for compiled loops: directions turn, lengths are averaged.

Between two vectors the direction follows the great circle at an even speed (slerp: Shoemake, Animating Rotation with
Quaternion Curves, 1985). Of more it is the spherical mean of Buss and Fillmore (Spherical Averages and Applications to
Spherical Splines and Interpolation, 2001, algorithm A1), which for two is the same. The length is the weighted mean of
the lengths, where that of a straight mean of unlike vectors falls short.
"""

from __future__ import annotations

import math

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.units import Doubles, FloatArray

MOST_STEPS = 24
NEAR_RADIANS = 1e-7  # a step so small is the last
LEAST_LENGTH = 1e-6  # a shorter mean of directions, as of two that are opposite, points nowhere
LEAST_SINE = 1e-9


@compiled
def spherical_mean(vectors: FloatArray, weights: Doubles, out: FloatArray) -> None:
    """To `out` [dims]: the mean of `vectors` [n, dims] by `weights` [n], which sum to 1.

    With all weight on one vector it is that vector, to the bit. Where the directions cancel each other it is the
    straight mean.
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
    size = math.sqrt(np.sum(mean * mean))
    if size < LEAST_LENGTH:
        out[:] = straight.astype(np.float32)
        return
    mean /= size
    for _ in range(MOST_STEPS):
        step = np.zeros(dims)
        for v in range(count):
            cosine = min(max(np.sum(directions[v] * mean), -1.0), 1.0)
            sine = math.sqrt(1.0 - cosine * cosine)
            if weights[v] > 0.0 and sine > LEAST_SINE:
                turn = weights[v] * math.acos(cosine) / sine
                for i in range(dims):
                    step[i] += turn * (directions[v, i] - cosine * mean[i])
        angle = math.sqrt(np.sum(step * step))
        if angle < NEAR_RADIANS:
            break
        mean = math.cos(angle) * mean + math.sin(angle) / angle * step
        mean /= math.sqrt(np.sum(mean * mean))
    out[:] = (length * mean).astype(np.float32)


@compiled
def spherical_means(streams: FloatArray, weights: Doubles) -> FloatArray:
    """[frames, dims] of `streams` [n, frames, dims] by `weights` [frames, n]."""
    out = np.empty(streams.shape[1:], np.float32)
    for frame in range(len(out)):
        spherical_mean(streams[:, frame], weights[frame], out[frame])
    return out
