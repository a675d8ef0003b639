"""Linear probes: what can be read off a vector by a plane.

Ridge regression from standardised features, fitted on all groups but those asked about: five folds of whole groups
(instruments), so that a probe cannot know a note by its instrument.

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


def read_off(features: Float64, targets: Float64, groups: Sequence[str], *, seed: int = 0) -> tuple[Float64, Float64]:
    """What a probe says of each row of `features` [rows, dims], and what one says that sees nothing, both [rows, n].

    `targets` [rows, n] are numbers; who sees nothing gives the mean of those it was fitted on. `groups` names the
    group of each row.
    """
    fold = folds(groups, seed=seed)
    said, blind = np.empty_like(targets), np.empty_like(targets)
    for number in range(fold.max() + 1):
        asked, known = fold == number, fold != number
        said[asked] = _ridge(features[known], targets[known], features[asked])
        blind[asked] = targets[known].mean(axis=0)
    return said, blind


def folds(groups: Sequence[str], *, seed: int = 0) -> NDArray[np.int64]:
    """The fold of each row, so that a group lies in one and the folds hold equally many groups."""
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    place = {name: int(order[number]) % min(FOLDS, len(names)) for number, name in enumerate(names)}
    return np.array([place[group] for group in groups], np.int64)


def _ridge(features: Float64, targets: Float64, asked: Float64) -> Float64:
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    x, middle = (features - mean) / scale, targets.mean(axis=0)
    gram = x.T @ x + RIDGE * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x.T @ (targets - middle))
    return np.asarray((asked - mean) / scale @ weights + middle)
