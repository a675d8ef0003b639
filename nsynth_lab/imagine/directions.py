"""Directions of timbre that make a sound brighter, airier, more hollow or more nasal, learnt within families.

Learnt from notes of the bank, T their mean timbres and D their descriptors, both less their family's mean and what
follows from the key:

    B   T from D, by ridge regression: how members of a family differ that differ in one descriptor alone
    G   D from T, likewise: what a change of timbre does
    directions = B inv(G B)      so that a step of one descriptor is predicted to change that one, and no other

For a family both are drawn towards those of all families, as if these were forty notes more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.imagine.descriptors import OF_TIMBRE
from nsynth_lab.imagine.families import mean_timbre
from nsynth_lab.imagine.heard_bank import HeardBank
from nsynth_lab.model.bank import Bank
from nsynth_lab.units import Doubles

POOLED_NOTES = 40.0
RIDGE = 0.02


@dataclass(frozen=True)
class Directions:
    """For each family, how timbre changes with one unit of each descriptor: [4, 16]."""

    by_family: dict[str, Doubles]

    def offset(self, family: str, units: Doubles) -> Doubles:
        """The offset of timbre [16] that changes descriptors by `units` [4]."""
        return units @ self.by_family[family]


def learn_directions(heard: HeardBank, bank: Bank) -> Directions:
    """Learn them from what has a pitch in a bank."""
    heard = heard.of(bank.pitched)
    families = np.array([bank.entries[name].instrument.family for name in heard.names])
    count = len(OF_TIMBRE)
    timbres = np.stack([mean_timbre([note]) for note in heard.notes(bank)])
    described = heard.described[:, :count]
    keys = heard.keys.astype(np.float64)
    timbres, described = (_centred(values, keys, families) for values in (timbres, described))
    scale = described.std(axis=0) + 1e-9
    scaled = described / scale
    back = _ridge(scaled, timbres, np.zeros((count, timbres.shape[1])), RIDGE * len(scaled))
    forth = _ridge(timbres, scaled, np.zeros((timbres.shape[1], count)), RIDGE * len(scaled))
    found = {}
    for family in np.unique(families).tolist():
        own = families == family
        moves = _ridge(scaled[own], timbres[own], back, POOLED_NOTES)
        does = _ridge(timbres[own], scaled[own], forth, POOLED_NOTES * float(timbres.var(axis=0).mean()))
        found[family] = np.linalg.solve(moves @ does, moves) / scale[:, None]
    return Directions(found)


def _ridge(inputs: Doubles, outputs: Doubles, prior: Doubles, strength: float) -> Doubles:
    """The linear map [inputs, outputs] nearest to the data and, with so much strength, to `prior`."""
    gram = inputs.T @ inputs + strength * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(gram, inputs.T @ outputs + strength * prior))


def _centred(values: Doubles, keys: Doubles, families: np.ndarray) -> Doubles:
    """`values` [rows, n] less their family's mean and its line over the keys."""
    left = np.empty_like(values)
    for family in np.unique(families):
        own = families == family
        about = np.stack([np.ones(own.sum()), keys[own] - keys[own].mean()], axis=1)
        left[own] = values[own] - about @ np.linalg.lstsq(about, values[own], rcond=None)[0]
    return left
