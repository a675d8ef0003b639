"""How much the members of a family differ: the spread from which offsets of timbre and controls are drawn.

An instrument's timbre is the mean over the frames of all its zones, each weighted by its amplitude. Of a family with
few members the covariance says little, so half of it is the mean covariance of all families.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from nsynth_lab.blend.parts import NoteParts, find_parts, slope_of
from nsynth_lab.errors import UsageError
from nsynth_lab.imagine.candidate import Controls
from nsynth_lab.latents import TIMBRE_DIMS, Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.note import FAMILIES, Note
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, FloatArray

POOLED_SHARE = 0.5
SHARE = 0.6  # of a family's spread by which a member that is drawn moves from its parents
CONTROL_SHARE = 0.5
LEAST_VIBRATO_CENTS, LEAST_STRETCH = 1.0, 1e-3
WIDEST = Controls(attack=0.8, decay=8.0, release=0.8, vibrato=0.6, stretch=0.4)  # standard deviations at most
MOST_DRAWN = 2.0  # standard deviations, beyond which nothing is drawn
SHORTEST_SUSTAIN_FRAMES = 10


@dataclass(frozen=True)
class Spread:
    """How the members of a family differ.

    Attributes:
        root: [16, 16] a root of the covariance of their mean timbres.
        controls: the standard deviations of what the controls change, each in its unit.
    """

    root: Doubles
    controls: Controls

    def offset(self, rng: np.random.Generator, share: float = SHARE) -> Doubles:
        """An offset of timbre [16], drawn from the spread scaled by `share`."""
        return np.asarray(share * np.dot(self.root, _bounded(rng, TIMBRE_DIMS)))

    def drawn_controls(self, rng: np.random.Generator, share: float = CONTROL_SHARE) -> Controls:
        """Controls, drawn from the spread scaled by `share`."""
        own: Doubles = np.array(astuple(self.controls))
        return Controls(*(share * own * _bounded(rng, len(own))).tolist())


class Families:
    """The spreads of a bank's families; `members` are their instruments by name.

    Only the instruments in `real` are members, by default all: what was imagined before may be a parent if it is asked
    for, but says nothing about how real instruments differ.
    """

    def __init__(self, bank: Bank, real: Iterable[str] | None = None) -> None:
        self.bank = bank
        pitched = set(bank.pitched)
        names = [name for name in (bank.entries if real is None else real) if name in pitched]
        self.members = {
            family: [name for name in names if bank.entries[name].instrument.family == family] for family in FAMILIES
        }
        self.timbres = {name: mean_timbre(_zones(bank, name)) for name in names}
        own = {family: self._covariance(names) for family, names in self.members.items() if len(names) > 1}
        if not own:
            raise UsageError("no family of this bank has two instruments; nothing says how members of a family differ")
        pooled: Doubles = np.asarray(np.mean(list(own.values()), axis=0))
        self._covariances = {
            family: POOLED_SHARE * pooled + (1.0 - POOLED_SHARE) * own.get(family, pooled) for family in FAMILIES
        }

    def spread(self, family: str) -> Spread:
        """The spread of a family.

        Raises:
            UsageError: no instrument of the bank is of that family.
        """
        names = self.members_of(family)
        values, vectors = np.linalg.eigh(self._covariances[family])
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        shapes = np.array([_shape(self.bank, name) for name in names])
        sd = shapes.std(axis=0) if len(names) > 1 else np.zeros(len(shapes[0]))
        return Spread(root, Controls(*np.minimum(sd, astuple(WIDEST)).tolist()))

    def members_of(self, family: str) -> list[str]:
        """The family's instruments.

        Raises:
            UsageError: there are none, or no such family.
        """
        if not (names := self.members.get(family, [])):
            have = ", ".join(one for one, own in self.members.items() if own)
            raise UsageError(f"no instrument of family '{family}'; this bank has {have}")
        return names

    def _covariance(self, names: Sequence[str]) -> Doubles:
        return np.asarray(np.cov(np.stack([self.timbres[name] for name in names]).T))


def mean_timbre(zones: Sequence[Latents]) -> Doubles:
    """The mean timbre [16] of zones, each frame weighted by its amplitude."""
    means = [np.average(zone.timbre, axis=0, weights=10 ** (zone.loudness_db / 20.0) + 1e-9) for zone in zones]
    return np.asarray(np.mean(means, axis=0), np.float64)


def _zones(bank: Bank, name: str) -> list[Latents]:
    return [bank.zones[index] for index in bank.entries[name].zones]


def _shape(bank: Bank, name: str) -> list[float]:
    """An instrument's middle note by what the controls change, in their units and order."""
    keys = sorted(bank.notes[index].number for index in bank.entries[name].zones)
    zone = bank.latents(name, Note(keys[len(keys) // 2], 100))
    parts = find_parts(zone)
    return [
        math.log2(parts.attack_frames + 1),
        _slope(parts),
        math.log2(parts.release_frames),
        math.log2(max(LEAST_VIBRATO_CENTS, _depth(zone.f0_cents[parts.attack_end : parts.key_up]))),
        math.log2(max(LEAST_STRETCH, float(np.sqrt(np.mean(np.square(zone.partials[..., 1:21])))))),
    ]


def _depth(cents: FloatArray) -> float:
    return float(cents.std()) if len(cents) else 0.0


def _slope(parts: NoteParts) -> float:
    sustain = parts.level_db[parts.attack_end : parts.key_up]
    return slope_of(sustain) * FRAME_RATE_HZ if len(sustain) >= SHORTEST_SUSTAIN_FRAMES else 0.0


def _bounded(rng: np.random.Generator, count: int) -> Doubles:
    return np.asarray(rng.standard_normal(count).clip(-MOST_DRAWN, MOST_DRAWN))
