"""Loops of two bars: taken from tunes, blended as points, decoded as sketches and written along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nsynth_lab.errors import TuneError
from nsynth_lab.melody.conditions import bar_ticks_of, metre_number, mode_number
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.hearing import heard
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.notation import Stretch, bars_of, comfortable, lowest_tonic, with_signs
from nsynth_lab.melody.sketch import Sketch
from nsynth_lab.melody.slots import BARS, slots_of
from nsynth_lab.melody.steps import DURATIONS, GOES_ON, REST, bar_line_from
from nsynth_lab.melody.walk import even_steps, leading_away
from nsynth_lab.melody.writing import Asked, write
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import FloatArray, Ints

FINE = 65  # points at which a way is tried before even steps are chosen
FEWEST_FINER, LEAST_TRIED = 2, 16  # points a step, and points, at which one is tried whose steps need not be even


@dataclass(frozen=True)
class Loop:
    """Two bars of a melody.

    Attributes:
        draft: its notes, from tick `Draft.bar_ticks` on.
        metre, key: of it.
        lowest: MIDI note of pitch 0.
    """

    draft: Draft
    metre: Metre
    key: Key
    lowest: int

    @property
    def slots(self) -> Ints:
        """In slots [slots], for comparing and encoding."""
        return slots_of(self.draft, self.draft.bar_ticks)[0]

    def tune(self) -> Tune:
        """As a tune of two bars."""
        begin = self.draft.bar_ticks
        bars = bars_of(self.draft, Stretch(begin, begin * (1 + BARS)), key=self.key, lowest=self.lowest)
        return Tune(tuple(with_signs(bars, plays=1, is_last=True)), self.key, self.metre)


def empty_loop(metre: Metre | None, key: Key) -> Loop:
    """A loop without notes: only its metre and key matter.

    Raises:
        TuneError: a metre that the model does not know.
    """
    ticks = bar_ticks_of(metre_number(metre))
    assert metre is not None
    return Loop(Draft(ticks), metre, key, lowest_tonic(key))


def loop_of(tune: Tune, *, bar: int = 1) -> tuple[Loop, tuple[str, ...]]:
    """(two whole bars of a tune, from one counted from 1; what is to be told).

    Raises:
        TuneError: it has no two bars there, or cannot be heard.
    """
    found = heard(tune)
    draft = Draft.of(found.bar_ticks, found.notes)
    ticks = found.bar_ticks
    first = bar_line_from(draft.begins[0], ticks) + (bar - 1) * ticks
    loop = Draft(ticks)
    end = first + BARS * ticks
    for begin, duration, pitch in zip(draft.begins, draft.durations, draft.pitches, strict=True):
        if not first <= begin < end:
            continue
        loop.wait_until_tick(begin - first + ticks)
        length = min(DURATIONS[duration], end - begin)
        fitting = max((one for one in DURATIONS if one <= length), default=DURATIONS[0])
        loop.add(DURATIONS.index(fitting), pitch, GOES_ON)
    if not any(pitch != REST for pitch in loop.pitches):
        raise TuneError(f"has no notes in bars {bar} and {bar + 1}; expected two whole bars, without the upbeat")
    return Loop(loop, found.metre, found.key, found.lowest), found.lines


def encode(model: MelodyModel, loop: Loop) -> FloatArray:
    """A loop's latents [64]."""
    found = model.loops.encode(loop.slots[None], metre=metre_number(loop.metre), mode=mode_number(loop.key.mode))
    return np.asarray(found[0], np.float32)


def check_alike(loops: Sequence[Loop]) -> None:
    """Check that loops can be blended with each other.

    Raises:
        TuneError: their bars differ in length.
    """
    lengths = {bar_ticks_of(metre_number(loop.metre)) for loop in loops}
    if len(lengths) > 1:
        names = ", ".join(loop.metre.name for loop in loops)
        raise TuneError(f"metres {names}: loops are only blended if their bars are equally long; choose one metre")


def along(
    model: MelodyModel, latents: FloatArray, like: Loop, *, weight: float = 1.0, free: float = 0.0, seed: int = 0
) -> list[Loop]:
    """Loops written along the sketches of latents [loops, 64], in the metre and key of a loop.

    Args:
        model: the model.
        latents: of the sketches.
        like: whose metre and key they get.
        weight: of the sketch against the writer: 0.5 follows it loosely, 2 strictly.
        free: how freely notes are drawn.
        seed: of chance.
    """
    metre, mode = metre_number(like.metre), mode_number(like.key.mode)
    sketched = model.loops.decode(latents, metre=metre, mode=mode)
    ticks = bar_ticks_of(metre)
    drafts = [Draft(ticks) for _ in latents]
    end = ticks * (1 + BARS)
    asked = Asked(metre, mode, free=free, weight=weight)
    chances = [np.random.default_rng((seed, place)) for place in range(len(latents))]
    sketches = [Sketch(ticks, one) for one in sketched]
    written = write(model.writer, drafts, asked, chances, sketches=sketches, stop=lambda draft: draft.at >= end)
    return [Loop(one.draft, like.metre, like.key, like.lowest) for one in written]


def distance(one: Ints, two: Ints) -> float:
    """Share of slots that differ."""
    return float(np.mean(one != two))


def way(model: MelodyModel, first: Loop, last: Loop, *, steps: int, even: bool, weight: float = 1.0) -> list[Loop]:
    """A series of loops from one to another; both ends stay as they are.

    Args:
        model: the model.
        first: at the beginning.
        last: at the end.
        steps: how many loops, both ends included.
        even: whether each differs from the next by about as much, instead of being about evenly spaced in latents.
        weight: of the sketch against the writer.
    """
    check_alike([first, last])
    ends = np.stack([encode(model, first), encode(model, last)])
    finer = max(FEWEST_FINER, -(-LEAST_TRIED // (steps - 1)))
    positions = np.linspace(0, 1, FINE if even else 1 + finer * (steps - 1))
    between = [positions[1:-1]]
    latents = np.asarray((1 - between[0])[:, None] * ends[0] + between[0][:, None] * ends[1], np.float32)
    # A loop's mode is that of the nearer end, so that scales change in the middle and not all the way.
    half = int((between[0] <= 0.5).sum())
    parts = ((latents[:half], first), (latents[half:], last))
    inner = [loop for part, like in parts if len(part) for loop in along(model, part, like, weight=weight)]
    whole = [first, *inner, last]
    if not even:
        return [whole[at] for at in leading_away(np.stack([one.slots for one in whole]), steps)]
    whole = [loop for pair in pairwise(whole) for loop in (pair[0], *_by_beats(*pair))] + [last]
    return [whole[at] for at in even_steps(np.stack([one.slots for one in whole]), steps)]


def _by_beats(one: Loop, two: Loop) -> list[Loop]:
    """What lies between two neighbours of a way: the beginning of the second and the end of the first, beat by beat."""
    bar = one.draft.bar_ticks
    beats = sorted((set(one.draft.begins) & set(two.draft.begins)) - {bar})
    found = []
    for beat in beats if one.draft.pitches != two.draft.pitches or one.draft.begins != two.draft.begins else ():
        joined = Draft(bar)
        for draft, is_there in ((two.draft, beat.__gt__), (one.draft, beat.__le__)):
            for begin, duration, pitch in zip(draft.begins, draft.durations, draft.pitches, strict=True):
                if is_there(begin):
                    joined.wait_until_tick(begin)
                    joined.add(duration, pitch, GOES_ON)
        found.append(Loop(joined, one.metre, one.key, one.lowest))
    return found


def grid(model: MelodyModel, corners: Sequence[Loop], *, size: int, weight: float = 1.0) -> list[list[Loop]]:
    """Rows of loops between four: A and B above, C and D below; the corners are as they are.

    Raises:
        TuneError: their bars differ in length.
    """
    check_alike(corners)
    ends = np.stack([encode(model, corner) for corner in corners])
    places = np.linspace(0, 1, size)
    rows: list[list[Loop]] = []
    for down, y in enumerate(places):
        shares = np.array([[(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y] for x in places], np.float32)
        nearest = [corners[int(share.argmax())] for share in shares]
        latents = np.asarray(shares @ ends, np.float32)
        made = {
            id(corner): along(model, latents, corner, weight=weight)
            for corner in {id(one): one for one in nearest}.values()
        }
        row = [made[id(nearest[across])][across] for across in range(size)]
        if down in (0, size - 1):
            above = down == 0
            row[0], row[-1] = (corners[0], corners[1]) if above else (corners[2], corners[3])
        rows.append(row)
    return rows


def sampled(model: MelodyModel, like: Loop, *, count: int, seed: int, free: float = 1.0) -> list[Loop]:
    """New loops: latents drawn at random, then written along their sketches."""
    chance = np.random.default_rng((seed, 0))
    latents = chance.standard_normal((count, model.weights.loops["unfold.weight"].shape[1])).astype(np.float32)
    made = along(model, latents, like, free=free, seed=seed)
    return [Loop(one.draft, one.metre, one.key, comfortable(one.draft, one.lowest)) for one in made]
