"""Linear probes: how well a property can be predicted linearly from latents.

Ridge regression on standardised features with five-fold cross-validation. Folds consist of whole groups (instruments),
so that a probe cannot recognise a note by its instrument.

Source: Alain and Bengio 2016, Understanding intermediate layers using linear classifier probes; ridge regression
after Hoerl and Kennard 1970.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
RIDGE = 1e-2  # of the number of notes

Float64 = NDArray[np.float64]


def probe(features: Float64, targets: Float64, groups: Sequence[str], *, seed: int = 0) -> tuple[Float64, Float64]:
    """Cross-validated predictions of `targets` [rows, n] from `features` [rows, dims], and those of a baseline.

    The baseline ignores the features and predicts the mean of the other folds. Both results are [rows, n]. `groups`
    names the group of each row.
    """
    fold = folds(groups, seed=seed)
    predicted, baseline = np.empty_like(targets), np.empty_like(targets)
    for number in range(fold.max() + 1):
        test, training = fold == number, fold != number
        predicted[test] = _ridge(features[training], targets[training], features[test])
        baseline[test] = targets[training].mean(axis=0)
    return predicted, baseline


def folds(groups: Sequence[str], *, seed: int = 0) -> NDArray[np.int64]:
    """The fold of each row; a group is in one fold, and the folds have equally many groups."""
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    place = {name: int(order[number]) % min(FOLDS, len(names)) for number, name in enumerate(names)}
    return np.array([place[group] for group in groups], np.int64)


def _ridge(features: Float64, targets: Float64, test_features: Float64) -> Float64:
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    x, middle = (features - mean) / scale, targets.mean(axis=0)
    gram = x.T @ x + RIDGE * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x.T @ (targets - middle))
    return np.asarray((test_features - mean) / scale @ weights + middle)
