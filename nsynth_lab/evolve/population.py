"""The loop itself: a population of points, those that are liked, and the generation that comes from these.

It knows neither melodies nor sounds: a `Space` says what its points may be and draws new ones. Children lie on the line
through two points that were liked, between them or a little past one, moved on a little from those that were not, with
noise that shrinks from generation to generation. The one liked best lives on as it is, and in each generation there is
one newcomer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nsynth_lab.units import Doubles

SIZE = 6
PAST = 0.3  # how far past its parents a child may lie, in distances between them
AWAY = 0.6  # at most, how far children are moved along the way from the mean of the others to that of the liked
NOISE, SHRINKS = 0.8, 0.88  # standard deviations of the space in the first generation, and of what is left in the next
OWN_NOISE = 0.4  # likewise, of what is varied in a first generation from something of the user's own
TRIES = 6  # to draw one that passes
DIGITS = 4  # of a coordinate: what a file says is the point exactly

Point = tuple[float, ...]


@dataclass(frozen=True)
class Member:
    """One of a generation.

    Attributes:
        point: where it lies in its space.
        kind: what it has inherited that is no number, such as the names of its instruments.
        parents: numbers, from 1, of those in the generation before that it comes from: none of a newcomer, one that
            lives on or is varied, two. In the first generation, of those in it.
        lives_on: whether it is its parent itself; without parents, something of the user's own.
    """

    point: Point
    kind: str = ""
    parents: tuple[int, ...] = ()
    lives_on: bool = False


class Space(Protocol):
    """A space to search."""

    @property
    def spread(self) -> Doubles:
        """Standard deviation of each coordinate among newcomers."""

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        """New points, drawn, and their kinds."""

    def within(self, point: Doubles) -> Doubles:
        """The point, or the nearest that is in the space."""

    def inherited(self, first: str, second: str, along: float) -> str:
        """The kind of a child that lies so far along the line from a parent of one kind to one of the other."""

    def knows(self, kind: str) -> bool:
        """Whether there can be such a kind."""

    def passes(self, point: Point, kind: str) -> bool:
        """Whether a new one may be offered; if not, it is drawn again, a few times."""


def first_generation(space: Space, *, seed: int, own: tuple[Doubles, str] | None = None) -> list[Member]:
    """Six newcomers; or something of the user's own, a point and its kind, then four varied from it, and a newcomer."""
    chance = np.random.default_rng((seed, 1))
    if own is None:
        return _newcomers(space, chance, SIZE)
    first = Member(_settled(space, own[0]), own[1], lives_on=True)
    breeding = _Breeding(space, [first], [1], OWN_NOISE)
    return [first, *(breeding.child(chance) for _ in range(SIZE - 2)), *_newcomers(space, chance, 1)]


def next_generation(
    space: Space, members: Sequence[Member], liked: Sequence[int], *, number: int, seed: int
) -> list[Member]:
    """The generation of this number, which comes from those who were liked in the one before.

    Args:
        space: where they lie.
        members: of the generation before.
        liked: numbers of those who were liked, from 1, the best first; none asks for six newcomers.
        number: of the new generation, from 2.
        seed: of chance.
    """
    chance = np.random.default_rng((seed, number))
    if not liked:
        return _newcomers(space, chance, SIZE)
    best = members[liked[0] - 1]
    breeding = _Breeding(space, members, liked, NOISE * SHRINKS ** (number - 2))
    children = [breeding.child(chance) for _ in range(SIZE - 2)]
    return [Member(best.point, best.kind, (liked[0],), lives_on=True), *children, *_newcomers(space, chance, 1)]


@dataclass(frozen=True)
class _Breeding:
    """A generation from which children come: who is liked, from 1, and how much noise is added."""

    space: Space
    members: Sequence[Member]
    liked: Sequence[int]
    noise: float

    def child(self, chance: np.random.Generator) -> Member:
        """A child of two that were liked, or of one, if it is alone; if it can be, one that passes."""
        for _ in range(TRIES):
            drawn = self._drawn(chance)
            if self.space.passes(drawn.point, drawn.kind):
                break
        return drawn

    def _drawn(self, chance: np.random.Generator) -> Member:
        moved = self._away * chance.uniform(0.0, AWAY)
        moved += self.noise * self.space.spread * chance.standard_normal(len(moved))
        if len(self.liked) == 1:
            parent = self.members[self.liked[0] - 1]
            return Member(_settled(self.space, np.array(parent.point) + moved), parent.kind, (self.liked[0],))
        one, two = (int(place) for place in chance.choice(self.liked, 2, replace=False))
        first, second = self.members[one - 1], self.members[two - 1]
        along = chance.uniform(-PAST, 1 + PAST)
        point = (1 - along) * np.array(first.point) + along * np.array(second.point) + moved
        kind = self.space.inherited(first.kind, second.kind, along)
        return Member(_settled(self.space, point), kind, (one, two))

    @property
    def _away(self) -> Doubles:
        """From the mean of those who are not liked to the mean of those who are."""
        points = np.array([member.point for member in self.members])
        is_liked = np.isin(np.arange(1, len(points) + 1), self.liked)
        if is_liked.all():
            return np.zeros(points.shape[1])
        return np.asarray(points[is_liked].mean(axis=0) - points[~is_liked].mean(axis=0))


def _newcomers(space: Space, chance: np.random.Generator, count: int) -> list[Member]:
    """New ones, each, if it can be, one that passes."""
    found = [Member(_settled(space, point), kind) for point, kind in space.newcomers(chance, count)]
    return [_passing(space, one, chance) for one in found]


def _passing(space: Space, member: Member, chance: np.random.Generator) -> Member:
    for _ in range(TRIES - 1):
        if space.passes(member.point, member.kind):
            break
        point, kind = space.newcomers(chance, 1)[0]
        member = Member(_settled(space, point), kind)
    return member


def of_the_nearer(first: str, second: str, along: float) -> str:
    """What is not mixed comes from the nearer parent."""
    return first if along <= 0.5 else second


def _settled(space: Space, point: Doubles) -> Point:
    """A point of the space, rounded."""
    return tuple(round(float(one), DIGITS) + 0.0 for one in space.within(point))
