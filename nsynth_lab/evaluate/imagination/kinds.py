"""Kinds of instruments that are compared: each draws an instrument of a family, which can be played at any note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nsynth_lab.evaluate.imagination.pca import PcaInstruments
from nsynth_lab.imagine.candidate import Candidate, key_range, note_of
from nsynth_lab.imagine.choose import MOVED, Imagination
from nsynth_lab.imagine.draw import EVENNESS, draw, draw_parents
from nsynth_lab.imagine.families import SHARE
from nsynth_lab.latents import TIMBRE_DIMS, Latents
from nsynth_lab.note import Note

NAMES = IMAGINED, UNCHOSEN, RANDOM, GAUSSIAN, BLENDS = (
    "imagined", "drawn, not chosen", "random offsets", "Gaussian in PCA", "plain blends",
)  # fmt: skip


@dataclass(frozen=True)
class Playable:
    """An instrument of a family, its lowest and highest key, and its notes."""

    family: str
    low: int
    high: int
    play: Callable[[Note], Latents]
    name: str = ""


Draw = Callable[[str, np.random.Generator], Playable]


def playable(imagination: Imagination, candidate: Candidate, family: str, name: str = "") -> Playable:
    """A candidate as an instrument."""
    bank = imagination.families.bank
    low, high = key_range(bank, candidate.parents)
    return Playable(family, low, high, lambda note: note_of(bank, candidate, note), name)


def kinds(imagination: Imagination) -> dict[str, Draw]:
    """What is imagined, and its rivals."""
    families = imagination.families
    gaussian = PcaInstruments(families.bank, families.members)

    def imagined(family: str, rng: np.random.Generator) -> Playable:
        return playable(imagination, imagination.imagine(family, rng).candidate, family)

    def unchosen(family: str, rng: np.random.Generator) -> Playable:
        return playable(imagination, draw(families, family, families.spread(family), rng, share=MOVED), family)

    def random(family: str, rng: np.random.Generator) -> Playable:
        size = SHARE * np.linalg.norm(families.spread(family).root) / np.sqrt(TIMBRE_DIMS)
        (parent,) = draw_parents(families, family, rng, count=1)
        offset = size * rng.standard_normal(TIMBRE_DIMS)
        return playable(imagination, Candidate((parent,), offset=tuple(offset.tolist())), family)

    def blends(family: str, rng: np.random.Generator) -> Playable:
        parents = draw_parents(families, family, rng, count=2)
        weights = rng.dirichlet(np.full(len(parents), EVENNESS))
        return playable(imagination, Candidate(tuple(parents), tuple(weights.tolist())), family)

    def in_pca(family: str, rng: np.random.Generator) -> Playable:
        low, high, play = gaussian.drawn(family, rng)
        return Playable(family, low, high, play)

    return {IMAGINED: imagined, UNCHOSEN: unchosen, RANDOM: random, GAUSSIAN: in_pca, BLENDS: blends}
