"""imagine(...): draws candidates until one is heard as a member of its family, at its pitch, and is no copy.

A candidate is heard at three keys. The first is taken that the classifier calls by its family and by its pitch at each
of them, and that lies far enough from every real instrument of the family. One that is recognised, but too near to a
real one, is moved further once. If none of twenty passes, the best of them is taken, and `Imagined.passes` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.descriptors import NAMES, PERCUSSIVE, means, percussive_controls, steps_of
from nsynth_lab.imagine.directions import Directions
from nsynth_lab.imagine.draw import draw
from nsynth_lab.imagine.ear import MOST_APART, Ear, Recognition, candidate_keys, candidate_notes, recognition
from nsynth_lab.imagine.families import Families, Spread
from nsynth_lab.imagine.neighbours import Neighbours
from nsynth_lab.latents import Latents
from nsynth_lab.units import Doubles

CANDIDATES = 20
MOVED = 1.25  # of the family's spread: of those drawn, the ones near its middle pass more often
FURTHER = 4.0 / 3.0  # times as far, where a candidate is too near to a real instrument
LEAST_RATIO, LEAST_KEY_RATIO = 0.8, 0.5  # to the nearest real: the median of the keys, and each
CORRECTIONS, CLOSE = 2, 0.1  # at most, and none where what came is so near, as a share of what was asked for
MOST_SHARE = 5.0  # of the steps that are predicted to bring it
STRAIN = 0.06  # what a share more costs, of what was asked for: far from its family a sound is spoilt for little


@dataclass(frozen=True)
class Imagined:
    """A chosen instrument.

    Attributes:
        candidate: what it is made of.
        keys: the MIDI notes at which it was heard.
        recognition: how it was recognised there.
        ratios: how far it is from the nearest real instrument at each key (see `neighbours`).
        changed: by how much each descriptor that was asked for changed, in its unit.
        tried: how many candidates were heard.
    """

    candidate: Candidate
    keys: tuple[int, ...]
    recognition: Recognition
    ratios: tuple[float, ...]
    changed: dict[str, float] = field(default_factory=dict)
    tried: int = 1

    @property
    def passes(self) -> bool:
        """Whether it is heard as one instrument of its family, at its pitch, and is no copy."""
        far = float(np.median(self.ratios)) >= LEAST_RATIO and min(self.ratios) >= LEAST_KEY_RATIO
        return self.recognition.passes and far

    @property
    def worth(self) -> float:
        """A score to compare those that do not pass; higher is better."""
        heard, median = self.recognition, float(np.median(self.ratios))
        far = min(1.0, min(self.ratios) / LEAST_KEY_RATIO) + min(1.0, median / LEAST_RATIO)
        is_one = heard.apart <= MOST_APART
        return heard.family + heard.families_right + 2.0 * heard.pitches_right + 2.0 * far + is_one


class Imagination:
    """Imagines instruments of the families of a bank.

    Args:
        families: the bank's.
        ear: hears candidates.
        directions: of the descriptors of timbre.
    """

    def __init__(self, families: Families, ear: Ear, directions: Directions) -> None:
        self.families, self.ear, self.directions = families, ear, directions
        self._neighbours: dict[str, Neighbours] = {}
        self._spreads: dict[str, Spread] = {}

    def imagine(
        self,
        family: str,
        rng: np.random.Generator,
        *,
        like: Sequence[str] = (),
        amounts: Mapping[str, float] | None = None,
    ) -> Imagined:
        """Imagine one instrument.

        Args:
            family: what it is to be heard as.
            rng: of all that is drawn.
            like: instruments that are among its parents.
            amounts: how many steps of each descriptor it is to be moved (see `descriptors.STEPS`).

        Raises:
            UsageError: no such family, or parents that have no keys in common.
        """
        spread = self._spread(family)
        return self.chosen(
            lambda: draw(self.families, family, spread, rng, like=like, share=MOVED), family, amounts=amounts
        )

    def chosen(
        self, drawn: Callable[[], Candidate], family: str, *, amounts: Mapping[str, float] | None = None
    ) -> Imagined:
        """The first candidate that passes, or else the best of twenty; `drawn` makes another at each call."""
        best: Imagined | None = None
        further: Candidate | None = None
        for number in range(1, CANDIDATES + 1):
            one = further or drawn()
            found = self.judged(one, family, amounts=amounts, tried=number)
            if found.passes:
                return found
            if best is None or found.worth > best.worth:
                best = found
            is_near = found.recognition.passes and further is None
            further = one.moved((FURTHER - 1.0) * np.array(one.offset)) if is_near else None
        assert best is not None
        return best

    def judged(
        self, candidate: Candidate, family: str, *, amounts: Mapping[str, float] | None = None, tried: int = 1
    ) -> Imagined:
        """A candidate, moved by the descriptors that were asked for, and how it is heard."""
        keys = candidate_keys(self.families.bank, candidate)
        wanted = {name: amount for name, amount in (amounts or {}).items() if amount}
        changed: dict[str, float] = {}
        if wanted:
            candidate, changed = self.described(candidate, family, keys, wanted)
        notes = self.notes(candidate, keys)
        sounds = self.ear.sounds(notes)
        heard = recognition(self.ear.hear(sounds), keys, family)
        ratios = self.neighbours(family).ratios(sounds, keys)
        return Imagined(candidate, tuple(keys), heard, tuple(ratios), changed, tried)

    def notes(self, candidate: Candidate, keys: Sequence[int]) -> list[Latents]:
        """The beginnings of a candidate's notes."""
        return candidate_notes(self.families.bank, candidate, keys)

    def neighbours(self, family: str) -> Neighbours:
        """The real instruments of a family."""
        if family not in self._neighbours:
            bank = self.families.bank
            self._neighbours[family] = Neighbours(bank, self.families.members_of(family), self.ear)
        return self._neighbours[family]

    def described(
        self, plain: Candidate, family: str, keys: Sequence[int], amounts: Mapping[str, float]
    ) -> tuple[Candidate, dict[str, float]]:
        """A candidate moved along the directions, and by how much each descriptor has changed.

        What the move changes is measured at `keys`, and corrected at most twice, because the sound does not follow the
        timbre in a straight line. The nearest of these tries is taken, unless it goes much further for little more.
        `amounts` are steps of descriptors.
        """
        before = self._means(plain, keys)
        steps = steps_of(amounts)
        asked = steps != 0.0
        controls = percussive_controls(amounts.get(PERCUSSIVE, 0.0))
        last, share, brought = np.zeros((2, len(steps))), np.ones(len(steps)), np.zeros(len(steps))
        tries = list[tuple[float, Candidate, Doubles]]()
        for _ in range(1 + (CORRECTIONS if asked.any() else 0)):
            one = plain.moved(self.directions.offset(family, share * steps), controls)
            changed = self._means(one, keys) - before
            brought = np.divide(changed[: len(steps)], steps, out=np.ones(len(steps)), where=asked)
            missed = float(np.abs(brought - 1.0).sum())
            tries.append((missed + STRAIN * float(share[asked].sum()), one, changed))
            last, share = np.stack([share, brought]), _corrected(share, brought, last)
            if missed <= CLOSE:
                break
        _, best, changed = min(tries, key=lambda tried: tried[0])
        return best, {name: float(changed[NAMES.index(name)]) for name in amounts}

    def _spread(self, family: str) -> Spread:
        if family not in self._spreads:
            self._spreads[family] = self.families.spread(family)
        return self._spreads[family]

    def _means(self, candidate: Candidate, keys: Sequence[int]) -> Doubles:
        notes = self.notes(candidate, keys)
        return means(self.ear.sounds(notes), notes)


def _corrected(share: Doubles, brought: Doubles, last: Doubles) -> Doubles:
    """The share of the steps that should bring all of what was asked for, by the secant method, within limits.

    `share` of the steps brought `brought` of it, and `last` are both of the try before.

    >>> _corrected(np.ones(3), np.array([0.5, 2.0, -1.0]), np.zeros((2, 3)))
    array([2. , 0.5, 5. ])
    >>> _corrected(np.array([2.0]), np.array([1.5]), np.array([[1.0], [0.5]]))
    array([1.5])
    """
    moved = share - last[0]
    slope = np.divide(brought - last[1], moved, out=np.ones_like(moved), where=moved != 0.0)
    return np.asarray((share + (1.0 - brought) / np.maximum(slope, 1.0 / MOST_SHARE)).clip(0.0, MOST_SHARE))
