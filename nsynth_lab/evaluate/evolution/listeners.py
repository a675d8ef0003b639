"""Simulated listeners: each has a hidden taste, likes the two of six that it likes best, and hears what comes of it.

A taste is a direction drawn evenly in the features of what is heard, each in standard deviations of newcomers. How good
something is, is its percentile: the share of newcomers that the listener likes less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nsynth_lab.evolve.population import SIZE, Member, Point, Space, first_generation, next_generation
from nsynth_lab.units import Doubles

ROUNDS = 6
LIKED = 2
Describe = Callable[[Sequence[Member]], Doubles]
Breed = Callable[[Space, Sequence[Member], Sequence[int], int, int], list[Member]]


def bred(space: Space, members: Sequence[Member], liked: Sequence[int], number: int, seed: int) -> list[Member]:
    """The next generation, as `nsynth-lab evolve` makes it."""
    return next_generation(space, members, liked, number=number, seed=seed)


def drawn_anew(space: Space, members: Sequence[Member], liked: Sequence[int], number: int, seed: int) -> list[Member]:
    """The best one and as many newcomers: what patience alone would find."""
    fresh = next_generation(space, members, [], number=number, seed=seed)
    return [members[liked[0] - 1], *fresh[1:]]


@dataclass(frozen=True)
class Newcomers:
    """A space whose newcomers are drawn from some that are known, because that is quicker.

    Attributes:
        space: in which they lie.
        known: what can come.
    """

    space: Space
    known: Sequence[Member]

    @property
    def spread(self) -> Doubles:
        """As in the space."""
        return self.space.spread

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        """Some of those that are known."""
        chosen = (self.known[int(at)] for at in chance.integers(0, len(self.known), count))
        return [(np.array(one.point), one.kind) for one in chosen]

    def within(self, point: Doubles) -> Doubles:
        """As in the space."""
        return self.space.within(point)

    def inherited(self, first: str, second: str, along: float) -> str:
        """As in the space."""
        return self.space.inherited(first, second, along)

    def knows(self, kind: str) -> bool:
        """As in the space."""
        return self.space.knows(kind)

    def passes(self, point: Point, kind: str) -> bool:
        """As in the space, of those that are not known."""
        return (point, kind) in self._keys or self.space.passes(point, kind)

    @cached_property
    def _keys(self) -> set[tuple[Point, str]]:
        return set(map(_key, self.known))


@dataclass(frozen=True)
class Search:
    """What came of a search that listeners led.

    Attributes:
        percentiles: of the best of six, [rounds + 1, listeners]; the first row is of the first generation.
        children: all that were bred, of all listeners.
        last: the last generation of each listener.
    """

    percentiles: Doubles
    children: list[Member]
    last: list[list[Member]]

    @property
    def means(self) -> list[float]:
        """The mean percentile of each generation."""
        return [float(one) for one in self.percentiles.mean(axis=1)]


class Audience:
    """Listeners to one space.

    Args:
        space: that is searched.
        describe: the features [members, features] of members.
        known: newcomers, in which percentiles are counted.
        count: how many listeners.
        seed: of their tastes.
    """

    def __init__(self, space: Space, describe: Describe, known: Sequence[Member], *, count: int, seed: int) -> None:
        self.space, self._describe, self.known = Newcomers(space, known), describe, known
        features = describe(known)
        self._middle, self._spread = features.mean(axis=0), features.std(axis=0) + 1e-9
        tastes = np.random.default_rng((seed, 1)).standard_normal((count, features.shape[1]))
        self._tastes = tastes / np.linalg.norm(tastes, axis=1, keepdims=True)
        self._features = dict(zip(map(_key, known), self._scaled(features), strict=True))
        self._ranked = np.sort(self._scaled(features) @ self._tastes.T, axis=0)  # [newcomers, listeners]

    def search(
        self,
        *,
        seed: int,
        breed: Breed = bred,
        rounds: int = ROUNDS,
        error: float = 0.0,
        advance: Callable[[int], object] = lambda _: None,
    ) -> Search:
        """Let every listener lead a search; `error` is added to what they judge, in standard deviations."""
        count = len(self._tastes)
        now = [first_generation(self.space, seed=_seed(seed, listener)) for listener in range(count)]
        ears = np.random.default_rng((seed, 2))
        percentiles, children = [], list[Member]()
        for number in range(1, rounds + 2):
            liking = self._liking(now)
            percentiles.append([self._percentile(listener, liking[listener].max()) for listener in range(count)])
            if number == rounds + 1:
                break
            judged = liking + error * ears.standard_normal(liking.shape)
            for listener, members in enumerate(now):
                liked = (np.argsort(-judged[listener], kind="stable")[:LIKED] + 1).tolist()
                now[listener] = breed(self.space, members, liked, number + 1, _seed(seed, listener))
                children += [one for one in now[listener] if len(one.parents) > 1]
            advance(1)
        return Search(np.array(percentiles), children, now)

    def _liking(self, generations: Sequence[Sequence[Member]]) -> Doubles:
        """How much each listener likes each of its six, [listeners, 6]."""
        new = {_key(one): one for members in generations for one in members if _key(one) not in self._features}
        if new:
            self._features.update(zip(new, self._scaled(self._describe(list(new.values()))), strict=True))
        features = np.array([[self._features[_key(one)] for one in members] for members in generations])
        assert features.shape[1] == SIZE
        return np.asarray(np.einsum("lsf,lf->ls", features, self._tastes))

    def _percentile(self, listener: int, liking: float) -> float:
        return float(np.searchsorted(self._ranked[:, listener], liking) / len(self._ranked))

    def _scaled(self, features: Doubles) -> Doubles:
        return np.asarray((features - self._middle) / self._spread)


def _key(member: Member) -> tuple[Point, str]:
    return member.point, member.kind


def _seed(seed: int, listener: int) -> int:
    return seed * 100_003 + listener


def newcomers(space: Space, count: int, *, seed: int) -> list[Member]:
    """So many newcomers as members."""
    found = space.newcomers(np.random.default_rng((seed, 3)), count)
    return [Member(tuple(round(float(one), 4) for one in point), kind) for point, kind in found]
