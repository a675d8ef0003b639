"""How regular a path from one end of a blend to the other is, from values or distances at positions 0 .. 1.

monotonicity      Spearman's rank correlation of the position with the distance from the first end, and with the
                  closeness to the last; the smaller of the two. 1 if every step leads further
step spread       standard deviation of the distances between neighbours, divided by their mean. 0 if equal steps
                  sound equally large
linearity         R^2 of a descriptor against the position: the squared correlation
intermediateness  1 - |a - b| / (a + b) of the middle's distances to the ends: 1 half-way, 0 at an end
deviation         the largest distance of a value from the straight line between the ends

Source: Caetano and Rodet 2013, Musical Instrument Sound Morphing Guided by Perceptually Motivated Features (features
that vary linearly, equal steps); Niu et al. 2024, SoundMorpher (correspondence, intermediateness, smoothness).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Rank correlation of x and y [n]; equal values share their mean rank; 0 if either is constant.

    Source: Spearman 1904, The proof and measurement of association between two things.

    >>> spearman([1, 2, 3, 4], [0, 5, 5, 9])
    0.9486832980505138
    """
    return _correlation(_ranks(x), _ranks(y))


def linearity(positions: ArrayLike, values: ArrayLike) -> float:
    """R^2 of the straight line through `values` [n] at `positions` [n]."""
    return _correlation(np.asarray(positions, np.float64), np.asarray(values, np.float64)) ** 2


def monotonicity(positions: ArrayLike, distances: Float64) -> float:
    """The monotonicity of a path whose points have these `distances` [n, n] from each other."""
    return min(spearman(positions, distances[0]), spearman(positions, -distances[-1]))


def step_spread(distances: Float64) -> float:
    """The step spread of a path whose points have these `distances` [n, n] from each other."""
    steps = np.diagonal(distances, 1)
    return float(steps.std() / max(steps.mean(), 1e-12))


def intermediateness(distances: Float64) -> float:
    """The intermediateness of the middle of a path whose points have these `distances` [n, n] from each other."""
    middle = distances[len(distances) // 2]
    near, far = float(middle[0]), float(middle[-1])
    return 1.0 - abs(near - far) / max(near + far, 1e-12)


def deviation_from_line(positions: ArrayLike, values: ArrayLike) -> float:
    """The largest distance of `values` [n] from the straight line from the first to the last.

    >>> deviation_from_line([0, 0.5, 1], [0, 7, 10])
    2.0
    """
    at, given = np.asarray(positions, np.float64), np.asarray(values, np.float64)
    straight = given[0] + (given[-1] - given[0]) * (at - at[0]) / (at[-1] - at[0])
    return float(np.abs(given - straight).max())


def _correlation(x: Float64, y: Float64) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 1e-12 else 0.0


def _ranks(values: ArrayLike) -> Float64:
    given = np.asarray(values, np.float64)
    below = (given[:, None] > given).sum(axis=1)
    equal = (given[:, None] == given).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2, np.float64)
