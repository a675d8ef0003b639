"""Points of many dimensions laid out on a plane, so that neighbours stay neighbours.

t-SNE, begun at the first two principal components, without chance: the same points always give the same plane. Points
that are added later are put between their nearest neighbours, and move none of the others.

Source: van der Maaten and Hinton 2008, Visualizing Data using t-SNE; begun at the principal components after Kobak and
Berens 2019, The art of using t-SNE for single-cell transcriptomics.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import Doubles

PERPLEXITY = 12.0  # about so many neighbours count
STEPS, EARLY_STEPS, EXAGGERATION = 500, 120, 6.0
MOMENTUM, RATE = 0.8, 40.0
HALVINGS = 40
NEIGHBOURS = 4  # between which a point is added


def plane(points: Doubles) -> Doubles:
    """`points` [n, dims], at least four of them, as [n, 2] within -1 to 1."""
    likeness = _likeness(points)
    centred = points - points.mean(axis=0)
    at = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    at = 1e-2 * at / max(float(at.std()), 1e-9)
    moved = np.zeros_like(at)
    for step in range(STEPS):
        wanted = likeness * (EXAGGERATION if step < EARLY_STEPS else 1.0)
        near = 1.0 / (1.0 + _squares(at))
        np.fill_diagonal(near, 0.0)
        pull = (wanted - near / near.sum()) * near
        gradient = 4.0 * (pull.sum(axis=1)[:, None] * at - pull @ at)
        moved = MOMENTUM * moved - RATE * gradient
        at = at + moved
        at -= at.mean(axis=0)
    return np.asarray(at / np.abs(at).max())


def added(point: Doubles, points: Doubles, at: Doubles) -> Doubles:
    """Where a further point [dims] belongs on the plane of `points` [n, dims], which lie `at` [n, 2]."""
    distances = np.linalg.norm(points - point, axis=1)
    nearest = np.argsort(distances, kind="stable")[:NEIGHBOURS]
    weights = 1.0 / np.maximum(distances[nearest], 1e-9) ** 2
    return np.asarray(weights @ at[nearest] / weights.sum())


def _likeness(points: Doubles) -> Doubles:
    """Joint probabilities [n, n] that two points are neighbours, each point with the same perplexity."""
    squares = _squares(points)
    count = len(points)
    wanted = np.log(min(PERPLEXITY, (count - 1) / 3.0))
    found = np.zeros_like(squares)
    for row in range(count):
        others = np.delete(squares[row], row)
        low, high = -40.0, 40.0  # the logarithm of the precision
        for _ in range(HALVINGS):
            middle = (low + high) / 2.0
            share = np.exp(-(others - others.min()) * np.exp(middle))
            share /= share.sum()
            if -(share * np.log(np.maximum(share, 1e-300))).sum() > wanted:
                low = middle
            else:
                high = middle
        found[row] = np.insert(share, row, 0.0)
    return np.asarray((found + found.T) / (2.0 * count))


def _squares(points: Doubles) -> Doubles:
    lengths = np.square(points).sum(axis=1)
    return np.asarray(np.maximum(lengths[:, None] + lengths[None] - 2.0 * points @ points.T, 0.0))
