"""Zones as points and conditions: what the flow learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.evaluate.imagination.pca import moments_of
from nsynth_lab.imagine.heard_bank import HeardBank
from nsynth_lab.model.bank import Bank
from nsynth_lab.note import FAMILIES
from nsynth_lab.units import FloatArray

MIDDLE_KEY, KEY_SCALE, MIDDLE_VELOCITY, VELOCITY_SCALE = 60, 24.0, 75, 50.0


@dataclass(frozen=True)
class ZonePoints:
    """Zones as points [zones, 204] and their conditions [zones, 18]: family, key, velocity, descriptors."""

    points: FloatArray
    conditions: FloatArray


def condition(family: str, key: int, velocity: int, described: FloatArray) -> FloatArray:
    """The condition [18] of one zone; `described` [5] are its instrument's descriptors, standardised in its family."""
    which = np.eye(len(FAMILIES))[FAMILIES.index(family)]
    place = [(key - MIDDLE_KEY) / KEY_SCALE, (velocity - MIDDLE_VELOCITY) / VELOCITY_SCALE]
    return np.concatenate([which, place, described]).astype(np.float32)


def zone_points(bank: Bank, heard: HeardBank) -> ZonePoints:
    """All zones of what has a pitch in a bank."""
    described = standardised(bank, heard)
    points, conditions = [], []
    for name in bank.pitched:
        entry = bank.entries[name]
        for index in entry.zones:
            zone = bank.zones[index]
            points.append(moments_of(zone).ravel())
            conditions.append(condition(entry.instrument.family, zone.note, zone.velocity, described[name]))
    return ZonePoints(np.stack(points).astype(np.float32), np.stack(conditions))


def standardised(bank: Bank, heard: HeardBank) -> dict[str, FloatArray]:
    """The descriptors [5] of each that has a pitch, less its family's mean, in standard deviations of all."""
    names = np.array(heard.names)
    means = {name: heard.described[names == name].mean(axis=0) for name in bank.pitched}
    families: dict[str, list[str]] = {}
    for name in bank.pitched:
        families.setdefault(bank.entries[name].instrument.family, []).append(name)
    left = {}
    for own in families.values():
        middle = np.mean([means[name] for name in own], axis=0)
        left.update({name: means[name] - middle for name in own})
    scale = np.std(list(left.values()), axis=0) + 1e-9
    return {name: (values / scale).astype(np.float32) for name, values in left.items()}
