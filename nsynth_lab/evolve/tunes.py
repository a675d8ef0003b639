"""Melodies to search: the latents of the loops, two bars each, side by side; a tune is written along all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from nsynth_lab.errors import TuneError, UsageError
from nsynth_lab.evolve.population import Point, of_the_nearer
from nsynth_lab.melody.conditions import MODES, bar_ticks_of, metre_number, mode_number
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.hearing import heard
from nsynth_lab.melody.looping import encode, loop_of
from nsynth_lab.melody.loops_shape import LATENTS
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.notation import Stretch, bars_of, comfortable, lowest_tonic, with_signs
from nsynth_lab.melody.rules import Goal
from nsynth_lab.melody.sketch import Sketch
from nsynth_lab.melody.slots import BARS, SYMBOLS, slots_of
from nsynth_lab.melody.steps import PITCHES, bar_line_from
from nsynth_lab.melody.writing import Asked, write
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import Doubles

MOST_BARS = 16
FURTHEST = 6.0  # of a latent
WEIGHT = 1.0  # of the sketch against the writer
OUTSIDE = 2.5  # by how much the logarithm of what a sketch says of notes outside the scale is lowered
RAISED = (9, 11)  # semitones above the tonic that minor has too


def asked_by(tune: Tune) -> tuple[Metre, Key, int]:
    """(metre, key, bars) of the space in which a tune lies, with all of its bars that go into one.

    Raises:
        TuneError: it has no two whole bars, or the model cannot hear it.
    """
    found = heard(tune)
    draft = Draft.of(found.bar_ticks, found.notes)
    whole = -(-(draft.at - bar_line_from(draft.begins[0], found.bar_ticks)) // found.bar_ticks)
    if whole < BARS:
        raise TuneError(f"has {whole} whole bars; expected {BARS} at least")
    return found.metre, found.key, min(MOST_BARS, whole // BARS * BARS)


@dataclass(frozen=True)
class TuneSpace:
    """Tunes of a metre, a key and a number of bars.

    Attributes:
        model: writes them.
        metre: of all of them.
        key: of all of them.
        bars: 2, 4, 6 ... 16.

    Raises:
        UsageError: another number of bars.
        TuneError: a metre that the model does not know.
    """

    model: MelodyModel
    metre: Metre = field(default_factory=Metre)
    key: Key = field(default_factory=lambda: Key("D"))
    bars: int = 4

    def __post_init__(self) -> None:
        metre_number(self.metre)
        if self.bars not in range(BARS, MOST_BARS + 1, BARS):
            raise UsageError(f"{self.bars} bars; expected an even number from {BARS} to {MOST_BARS}")

    @property
    def spread(self) -> Doubles:
        """Of each latent: what training aims at."""
        return np.ones(self._loops * LATENTS)

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        """Points of tunes that the writer writes freely in the scale."""
        pitches = frozenset(range(PITCHES)).difference(self._outside)
        drafts = self._written(count, replace(self._asked(free=1.0), pitches=pitches), chance)
        starts = [self._bar_ticks * (1 + at) for at in range(0, self.bars, BARS)]
        slots = np.stack([slots_of(draft, start)[0] for draft in drafts for start in starts])
        latents = self.model.loops.encode(slots, metre=self._metre, mode=self._mode)
        return [(one, "") for one in latents.reshape(count, -1).astype(np.float64)]

    def within(self, point: Doubles) -> Doubles:
        """No latent is further than training goes."""
        return np.clip(point, -FURTHEST, FURTHEST)

    def inherited(self, first: str, second: str, along: float) -> str:
        """All are of one kind."""
        return of_the_nearer(first, second, along)

    def knows(self, kind: str) -> bool:
        """There are no others."""
        return not kind

    def passes(self, point: Point, kind: str) -> bool:
        """All may be offered."""
        return len(point) == len(self.spread) and self.knows(kind)

    def tunes(self, points: Sequence[Point]) -> list[Tune]:
        """The tunes of points: always the same of the same point."""
        latents = np.array(points, np.float32).reshape(-1, LATENTS)
        sketched = self.model.loops.decode(latents, metre=self._metre, mode=self._mode)
        sketched[..., self._outside] -= OUTSIDE
        sketches = [Sketch(self._bar_ticks, slots.reshape(-1, SYMBOLS)) for slots in np.split(sketched, len(points))]
        drafts = self._written(len(points), self._asked(free=0.0), np.random.default_rng(0), sketches)
        return [self._tune(draft) for draft in drafts]

    def point_of(self, tune: Tune) -> Doubles:
        """The latents of a tune's first bars.

        Raises:
            TuneError: it has too few bars, or the model cannot hear it.
        """
        loops = [loop_of(tune, bar=first)[0] for first in range(1, self.bars + 1, BARS)]
        return np.concatenate([encode(self.model, loop) for loop in loops]).astype(np.float64)

    @cached_property
    def _metre(self) -> int:
        return metre_number(self.metre)

    @cached_property
    def _mode(self) -> int:
        return mode_number(self.key.mode)

    @cached_property
    def _bar_ticks(self) -> int:
        return bar_ticks_of(self._metre)

    @cached_property
    def _outside(self) -> list[int]:
        """Pitches outside the scale."""
        scale = {*SCALES[MODES[self._mode]], *(RAISED if MODES[self._mode] == "minor" else ())}
        return [pitch for pitch in range(PITCHES) if pitch % 12 not in scale]

    @property
    def _loops(self) -> int:
        return self.bars // BARS

    @property
    def _end(self) -> int:
        return self._bar_ticks * (1 + self.bars)

    def _asked(self, *, free: float) -> Asked:
        return Asked(self._metre, self._mode, goal=Goal((self._end,)), free=free, weight=WEIGHT)

    def _written(
        self, count: int, asked: Asked, chance: np.random.Generator, sketches: Sequence[Sketch] | None = None
    ) -> list[Draft]:
        drafts = [Draft(self._bar_ticks) for _ in range(count)]
        written = write(self.model.writer, drafts, asked, chance.spawn(count), sketches=sketches)
        return [one.draft for one in written]

    def _tune(self, draft: Draft) -> Tune:
        lowest = comfortable(draft, lowest_tonic(self.key))
        bars = bars_of(draft, Stretch(self._bar_ticks, self._end), key=self.key, lowest=lowest)
        return Tune(tuple(with_signs(bars, plays=1, is_last=True)), self.key, self.metre)
