"""Measures of heard instruments: how they are recognised, how like real ones they are as a whole, how diverse.

Fréchet distance   between Gaussians fitted to the classifier's features of two sets of notes, in the twelve principal
                   components of the real ones; as many notes in both, because it grows where there are fewer
spread             mean distance between two instruments of a family, in the classifier's features

Source: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule (the distance); Kilgour et al. 2019, Fréchet
Audio Distance. Both use other networks' features: their figures cannot be compared with these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nsynth_lab.evaluate.imagination.heard import HeardInstrument, of_family
from nsynth_lab.evaluate.metrics.summary import rounded
from nsynth_lab.units import Doubles

COMPONENTS = 12
IN_EACH_HALF, SPLITS = 4, 20  # instruments of a family in a half of the real ones; how often they are split
COPY_BELOW = 0.5


def measures(heard: Sequence[HeardInstrument]) -> dict[str, float]:
    """What is measured of each instrument alone, in the mean."""
    ratios = np.concatenate([one.ratios for one in heard])
    return {
        "family": rounded(np.mean([one.family_right for one in heard])),
        "pitch": rounded(np.mean([one.pitch_right for one in heard])),
        "ratio_median": rounded(np.median(ratios)),
        "ratio_copies": rounded(np.mean(ratios < COPY_BELOW)),
        "keys_apart": rounded(np.mean([one.keys_apart for one in heard])),
        "velocities_apart": rounded(np.mean([one.velocities_apart for one in heard])),
        "spread": rounded(spread(heard)),
    }


def spread(heard: Sequence[HeardInstrument]) -> float:
    """Mean distance between two of a family, in their mean features; the mean of all families with two."""
    found = []
    for family in sorted({one.family for one in heard}):
        points = np.stack([one.features.mean(axis=0) for one in of_family(heard, family)])
        if len(points) > 1:
            distances = np.linalg.norm(points[:, None] - points[None], axis=2)
            found.append(distances[np.triu_indices(len(points), 1)].mean())
    return float(np.mean(found)) if found else 0.0


def frechet_distances(
    real: Sequence[HeardInstrument], others: Mapping[str, Sequence[HeardInstrument]], *, seed: int
) -> dict[str, Any]:
    """The distance of each kind from one half of the real instruments, and that of the other half; means of splits.

    Four of each family are in a half; all kinds are sampled to as many.
    """
    features = np.concatenate([one.features for one in real]).astype(np.float64)
    components = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)[2][:COMPONENTS]
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"real": [], **{name: [] for name in others}}
    for _ in range(SPLITS):
        first, second = _halves(real, rng)
        there = _points(first, components)
        found["real"].append(frechet_distance(_points(second, components), there))
        for name, kind in others.items():
            found[name].append(frechet_distance(_points(_halves(kind, rng)[0], components), there))
    return {name: rounded(np.mean(values)) for name, values in found.items()}


def frechet_distance(first: Doubles, second: Doubles) -> float:
    """The Fréchet distance between Gaussians fitted to two sets of points [n, dims].

    >>> points = np.random.default_rng(0).standard_normal((50, 3))
    >>> round(frechet_distance(points, points), 6), round(frechet_distance(points, points + 2.0), 6)
    (0.0, 12.0)
    """
    one, other = np.cov(first.T), np.cov(second.T)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(one @ other).real, 0.0)).sum()
    between = np.square(first.mean(axis=0) - second.mean(axis=0)).sum()
    return max(0.0, float(between + np.trace(one) + np.trace(other) - 2.0 * roots))


def _points(heard: Sequence[HeardInstrument], components: Doubles) -> Doubles:
    return np.asarray(np.concatenate([one.features for one in heard]) @ components.T, np.float64)


def _halves(
    heard: Sequence[HeardInstrument], rng: np.random.Generator
) -> tuple[list[HeardInstrument], list[HeardInstrument]]:
    """Twice up to four of each family, drawn without one in both where there are so many."""
    first, second = list[HeardInstrument](), list[HeardInstrument]()
    for family in sorted({one.family for one in heard}):
        own = of_family(heard, family)
        order = rng.permutation(len(own))
        half = min(IN_EACH_HALF, max(1, len(own) // 2))
        first += [own[place] for place in order[:half]]
        second += [own[place] for place in order[half : 2 * half]]
    return first, second
