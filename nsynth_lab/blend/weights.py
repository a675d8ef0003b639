"""Positions of a blend between its sources -> weights that sum to 1.

A position is a number from 0 to 1, or an array of them, one for each frame of a morph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsynth_lab.errors import UsageError

Weights = NDArray[np.float64]


def pair(position: ArrayLike) -> Weights:
    """Weights [..., 2] of two sources: 0 is the first, 1 the second.

    Raises:
        UsageError: a position outside 0 to 1.

    >>> pair(0.25)
    array([0.75, 0.25])
    """
    x = _position(position, "position")
    return np.stack([1 - x, x], axis=-1)


def corners(x: ArrayLike, y: ArrayLike) -> Weights:
    """Bilinear weights [..., 4] of the four corners of a square.

        A ---- B     y = 0        x runs from A to B and from C to D,
        |      |                  y from A to C and from B to D.
        C ---- D     y = 1

    An edge is a `pair` of its two corners, whatever the other two are; the middle has a quarter of each.

    Raises:
        UsageError: x or y outside 0 to 1.

    >>> corners(0.5, 0)
    array([0.5, 0.5, 0. , 0. ])
    """
    across, down = pair(_position(x, "x")), pair(_position(y, "y"))
    weights = down[..., :, None] * across[..., None, :]
    return weights.reshape(*weights.shape[:-2], 4)


def triangle(x: ArrayLike, y: ArrayLike) -> Weights:
    r"""Weights [..., 3] of three corners: the square of `corners` with its lower edge shrunk to a point.

        A ---- B     y = 0        x runs from A to B,
         \  /                     y from there to C.
           C         y = 1

    Raises:
        UsageError: x or y outside 0 to 1.

    >>> triangle(0.5, 0.2)
    array([0.4, 0.4, 0.2])
    """
    weights = corners(x, y)
    return np.concatenate([weights[..., :2], weights[..., 2:].sum(axis=-1, keepdims=True)], axis=-1)


def place_weights(place: ArrayLike, sources: int) -> Weights:
    """Weights [..., sources] of places [..., dims] among so many sources, as `patch.place` draws them.

    One number is a position between two sources, two are one among three or four, and as many as there are sources are
    weights, scaled to sum to 1; where all of those are 0, the sources share equally. One source needs no place.

    Raises:
        UsageError: positions outside 0 to 1.

    >>> place_weights([0.25], 2), place_weights([2.0, 1.0, 1.0, 0.0], 4)
    (array([0.75, 0.25]), array([0.5 , 0.25, 0.25, 0.  ]))
    """
    given = np.asarray(place, np.float64)
    if sources == 1:
        return np.ones((*given.shape[:-1], 1))
    if given.shape[-1] == sources:
        total = given.sum(axis=-1, keepdims=True)
        return np.where(total > 0, given / np.where(total > 0, total, 1.0), 1.0 / sources)
    if sources == 2:
        return pair(given[..., 0])
    return (triangle if sources == 3 else corners)(given[..., 0], given[..., 1])


def normalised(weights: ArrayLike) -> Weights:
    """Weights [..., sources] of any number of sources, scaled to sum to 1.

    Raises:
        UsageError: weights that are negative, not finite, or all zero.

    >>> normalised([1, 3])
    array([0.25, 0.75])
    """
    try:
        given = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"weights must be numbers, came {weights!r}") from None
    if given.ndim == 0 or given.size == 0:
        raise UsageError("weights: expected one for each source, came none")
    if not np.isfinite(given).all() or (given < 0).any():
        raise UsageError("weights must be finite and not negative: a blend lies between its sources")
    total = given.sum(axis=-1, keepdims=True)
    if not (total > 0).all():
        raise UsageError("weights are all zero; give at least one source a weight above 0")
    return np.asarray(given / total)


def _position(value: ArrayLike, name: str) -> Weights:
    try:
        x = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be a number from 0 to 1, came {value!r}") from None
    inside = (x >= 0) & (x <= 1)
    if not inside.all():
        raise UsageError(f"{name} {x[~inside].flat[0]:g} is outside 0 to 1 (0 = the first source, 1 = the last)")
    return x
