"""Whole tunes: of a metre, a key and a form, with several drafts of each, of which a critic takes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.melody.conditions import ANY_STYLE, bar_ticks_of, metre_number, mode_number
from nsynth_lab.melody.critic import faults
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.form_asked import Form, parse_form
from nsynth_lab.melody.notation import Stretch, bars_of, comfortable, lowest_tonic, with_signs
from nsynth_lab.melody.rules import Goal
from nsynth_lab.melody.steps import TICKS
from nsynth_lab.melody.writer import Writer
from nsynth_lab.melody.writing import Asked, Recall, Written, write
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.tune import Bar, Tune

CANDIDATES = 4
SECTION_BARS, MOST_BARS = 8, 64
VARIED_BARS = 2  # at the end of a varied section, such as A'
UNVARIED = 4.0  # a fault that outweighs most others: a variation was asked for
FREEST = 2.0
UPBEAT_TICKS = 3  # an upbeat is a multiple of: 1/32


@dataclass(frozen=True)
class Wish:
    """What a new tune is to be.

    Attributes:
        metre: one of those that the model knows.
        key: its mode too.
        form: letters of its sections as they are played.
        bars: of each section.
        upbeat: length of the notes before the first bar line, in whole notes.
        free: the temperature: 0 always takes the likeliest note, 1 follows the model's probabilities; at most 2.
        style: a collection's place in `STYLES`, or `ANY_STYLE`.
    """

    metre: Metre = field(default_factory=Metre)
    key: Key = field(default_factory=lambda: Key("D"))
    form: Form = field(default_factory=lambda: parse_form("AABB"))
    bars: int = SECTION_BARS
    upbeat: Fraction = Fraction(0)
    free: float = 1.0
    style: int = ANY_STYLE

    def __post_init__(self) -> None:
        metre_number(self.metre)
        if not 1 <= self.bars <= MOST_BARS:
            raise UsageError(f"{self.bars} bars in a section; expected 1 to {MOST_BARS}")
        if not 0 <= self.free <= FREEST:
            raise UsageError(f"freedom {self.free:g}; expected 0 (always the likeliest) to {FREEST:g}")
        if not 0 <= self.upbeat < self.metre.length or (self.upbeat * TICKS) % UPBEAT_TICKS:
            raise UsageError(f"upbeat {self.upbeat}; expected less than a bar, in 32nds: such as 1/8")


@dataclass(frozen=True)
class Composed:
    """A tune and how surprising the model finds it: bits a note."""

    tune: Tune
    bits: float


def compose(writer: Writer, wish: Wish, *, seed: int, count: int = 1) -> list[Composed]:
    """New tunes as they are wished for: the same for the same seed, and each different from the others."""
    metre = metre_number(wish.metre)
    bar, upbeat = bar_ticks_of(metre), int(wish.upbeat * TICKS)
    plan = planned(wish.form, bars=wish.bars, bar_ticks=bar, upbeat=upbeat)
    asked = Asked(
        metre, mode_number(wish.key.mode), wish.style, Goal(tuple(one.end for one in plan.stretches)), wish.free,
        recalls=plan.recalls,
    )  # fmt: skip
    candidates = CANDIDATES if wish.free else 1
    each = [(number, candidate) for number in range(count) for candidate in range(candidates)]
    drafts = [Draft(bar, position=plan.stretches[0].begin % bar) for _ in each]
    chances = [np.random.default_rng((seed, number, candidate)) for number, candidate in each]
    written = write(writer, drafts, asked, chances)
    best = [
        min(
            written[number * candidates : (number + 1) * candidates],
            key=lambda one: faults(one) + UNVARIED * unvaried(one, plan),
        )
        for number in range(count)
    ]
    return [Composed(_tune(one, wish, plan), float(np.mean(one.bits))) for one in best]


@dataclass(frozen=True)
class Planned:
    """The sections of a form as a draft has them, one after the other, and what returns in them."""

    letters: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    recalls: tuple[Recall, ...]


def planned(form: Form, *, bars: int, bar_ticks: int, upbeat: int) -> Planned:
    """Where the sections of a form stand in a draft: each ends where the upbeat of the next begins."""
    begin = bar_ticks + (bar_ticks - upbeat) % bar_ticks
    length = bars * bar_ticks
    letters = form.written
    stretches = tuple(
        Stretch(begin + place * length, begin + (place + 1) * length) for place in range(len(letters))
    )  # fmt: skip
    recalls = tuple(
        Recall(own.begin, own.end - min(VARIED_BARS, bars - 1) * bar_ticks, stretches[letters.index(letter[0])].begin)
        for own, letter in zip(stretches, letters, strict=True)
        if letter.endswith("'")
    )
    return Planned(letters, stretches, recalls)


def unvaried(written: Written, plan: Planned) -> float:
    """How many varied sections, such as A', have come out the same as the sections that they vary."""
    draft = written.draft
    notes = list(zip(draft.begins, draft.durations, draft.pitches, strict=True))

    def held(begin: int, length: int) -> list[tuple[int, int, int]]:
        return [(at - begin, duration, pitch) for at, duration, pitch in notes if begin <= at < begin + length]

    own = {recall.begin: recall.source for recall in plan.recalls}
    length = plan.stretches[0].end - plan.stretches[0].begin
    return float(sum(held(begin, length) == held(source, length) for begin, source in own.items()))


def _tune(written: Written, wish: Wish, plan: Planned) -> Tune:
    lowest = comfortable(written.draft, lowest_tonic(wish.key))
    sections = {
        letter: bars_of(written.draft, stretch, key=wish.key, lowest=lowest)
        for letter, stretch in zip(plan.letters, plan.stretches, strict=True)
    }
    return Tune(tuple(signed(sections, wish.form)), wish.key, wish.metre)


def signed(sections: Mapping[str, Sequence[Bar]], form: Form) -> list[Bar]:
    """The sections in their order, with repeat signs and lines."""
    bars: list[Bar] = []
    for place, (letter, plays) in enumerate(form.runs):
        bars += with_signs(sections[letter], plays=plays, is_last=place + 1 == len(form.runs))
    return bars
