"""Imagined instruments to search: offsets of timbre and controls, in standard deviations of their family.

What a child inherits besides are the frames of its parents' own parents, blended: real notes, all moved in one way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.population import Point, of_the_nearer
from nsynth_lab.imagine.candidate import MOST_PARENTS, Candidate, Controls, key_range
from nsynth_lab.imagine.draw import draw, go_together
from nsynth_lab.imagine.ear import Ear, candidate_notes
from nsynth_lab.imagine.families import CONTROL_SHARE, SHARE, Families, Spread
from nsynth_lab.latents import TIMBRE_DIMS
from nsynth_lab.model.bank import Bank
from nsynth_lab.units import Doubles

FURTHEST = 2.0  # standard deviations of the family
CONTROLS = 5
DIGITS = 3  # of a weight


@dataclass(frozen=True)
class InstrumentSpace:
    """Instruments of a family.

    Attributes:
        families: of the bank.
        family: what they are to be heard as.
        like: instruments that every newcomer has among its parents.
        is_heard_as_one: whether a candidate is recognised as one of the family, at its pitch; whatever does not pass is
            drawn again, a few times.

    Raises:
        UsageError: no such family, or parents without keys in common.
    """

    families: Families
    family: str
    like: tuple[str, ...] = ()
    is_heard_as_one: Callable[[Candidate], bool] = lambda _: True

    def __post_init__(self) -> None:
        self.families.members_of(self.family)
        if len(self.like) > MOST_PARENTS:
            raise UsageError(f"{len(self.like)} instruments; new ones are made of one to {MOST_PARENTS}")
        if self.like:
            key_range(self.families.bank, self.like)

    @property
    def spread(self) -> Doubles:
        """Of offsets and controls, as `imagine` draws them."""
        return np.array([SHARE] * TIMBRE_DIMS + [CONTROL_SHARE] * CONTROLS)

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        """What `imagine` draws."""
        return [self._point(draw(self.families, self.family, self._own, chance, like=self.like)) for _ in range(count)]

    def within(self, point: Doubles) -> Doubles:
        """No further than members of the family lie."""
        return np.clip(point, -FURTHEST, FURTHEST)

    def inherited(self, first: str, second: str, along: float) -> str:
        """The parents of both, blended as the child lies between them; of the nearer, if they share too few keys."""
        one, two = (Candidate(*_parents(kind)) for kind in (first, second))
        mixed = one.between(two, min(max(along, 0.0), 1.0))
        kind = _kind(mixed.parents, mixed.weights)
        return kind if self.knows(kind) else of_the_nearer(first, second, along)

    def knows(self, kind: str) -> bool:
        """Whether the bank has these instruments, and they share enough keys."""
        try:
            names, _ = _parents(kind)
        except ValueError:
            return False
        known = all(name in self.families.bank.entries for name in names) and len(names) <= MOST_PARENTS
        return known and go_together(self.families.bank, names)

    def passes(self, point: Point, kind: str) -> bool:
        """Whether it is recognised."""
        return self.is_heard_as_one(self.candidate(point, kind))

    def candidate(self, point: Point, kind: str) -> Candidate:
        """The instrument of a point."""
        offset = self._own.root @ np.array(point[:TIMBRE_DIMS])
        controls = Controls(*(np.array(point[TIMBRE_DIMS:]) * np.array(astuple(self._own.controls))).tolist())
        return Candidate(*_parents(kind), tuple(offset.tolist()), controls)

    @cached_property
    def _own(self) -> Spread:
        return self.families.spread(self.family)

    @cached_property
    def _inverse(self) -> Doubles:
        return np.asarray(np.linalg.pinv(self._own.root), np.float64)

    def _point(self, candidate: Candidate) -> tuple[Doubles, str]:
        """A candidate's point, and its kind."""
        own = np.array(astuple(self._own.controls))
        controls = np.divide(astuple(candidate.controls), own, out=np.zeros(CONTROLS), where=own > 0)
        point = np.concatenate([self._inverse @ np.array(candidate.offset), controls])
        return point, _kind(candidate.parents, candidate.weights)


def recognising(bank: Bank, ear: Ear, family: str) -> Callable[[Candidate], bool]:
    """Whether a candidate is heard at three keys as one instrument of a family, at its pitch."""

    def heard(candidate: Candidate) -> bool:
        return ear.recognised(candidate_notes(bank, candidate), family).passes

    return heard


def _kind(parents: Sequence[str], weights: Sequence[float]) -> str:
    """Parents and weights as a file keeps them."""
    return json.dumps([[name, round(weight, DIGITS)] for name, weight in zip(parents, weights, strict=True)])


def _parents(kind: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """(their names, their weights).

    Raises:
        ValueError: the text is something else.
    """
    try:
        rows = json.loads(kind)
        names, weights = zip(*rows, strict=True)
    except (RecursionError, TypeError) as error:
        raise ValueError("no parents") from error
    fits = all(isinstance(name, str) for name in names) and all(
        type(one) in (int, float) and 0 < one <= 1 for one in weights
    )
    if not fits:
        raise ValueError("no parents")
    total = sum(weights)
    return names, tuple(one / total for one in weights)
