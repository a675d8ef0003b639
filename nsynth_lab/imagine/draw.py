"""Candidates drawn by chance: parents of a family, their weights, an offset of timbre and controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.imagine.candidate import MOST_PARENTS, Candidate, key_range
from nsynth_lab.imagine.families import SHARE, Families, Spread
from nsynth_lab.model.bank import Bank

PARENTS = (0.6, 0.3, 0.1)  # how often there is one, two or three
EVENNESS = 3.0  # of weights, as the parameter of their Dirichlet distribution
NARROWEST_SEMITONES = 8  # that parents must have in common
TRIES = 50


def draw(
    families: Families,
    family: str,
    spread: Spread,
    rng: np.random.Generator,
    *,
    like: Sequence[str] = (),
    share: float = SHARE,
) -> Candidate:
    """A candidate of a family, moved by so much of its spread; the parents `like` are in any case among its own.

    Raises:
        UsageError: more than three parents, or they have no keys in common.
    """
    parents = draw_parents(families, family, rng, like=like)
    weights = rng.dirichlet(np.full(len(parents), EVENNESS)) if len(parents) > 1 else np.ones(1)
    return Candidate(
        tuple(parents),
        tuple(weights.tolist()),
        tuple(spread.offset(rng, share).tolist()),
        spread.drawn_controls(rng),
    )


def draw_parents(
    families: Families, family: str, rng: np.random.Generator, *, like: Sequence[str] = (), count: int | None = None
) -> list[str]:
    """One to three instruments that have at least eight semitones in common; `count` of them, drawn if not given.

    Raises:
        UsageError: see `draw`.
    """
    if len(like) > MOST_PARENTS:
        raise UsageError(f"--like names {len(like)} instruments; expected at most {MOST_PARENTS}")
    wanted = count or 1 + int(rng.choice(MOST_PARENTS, p=PARENTS))
    others = [name for name in families.members_of(family) if name not in like]
    for _ in range(TRIES):
        more = min(max(0, wanted - len(like)), len(others))
        parents = [*like, *rng.choice(others, more, replace=False).tolist()] if more else list(like)
        if go_together(families.bank, parents):
            return parents
    if like:
        key_range(families.bank, like)
        return list(like)
    return [str(rng.choice(others))]


def go_together(bank: Bank, parents: Sequence[str]) -> bool:
    """Whether the bank has these instruments, and they have at least eight semitones in common."""
    try:
        low, high = key_range(bank, parents)
    except UsageError:
        return False
    return len(parents) == 1 or high - low >= NARROWEST_SEMITONES
