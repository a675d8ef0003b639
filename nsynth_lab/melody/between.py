"""A tune between two: sections side by side, latents of two bars each mixed, and the writer along all of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.errors import TuneError
from nsynth_lab.melody.composing import UPBEAT_TICKS, Composed
from nsynth_lab.melody.conditions import bar_ticks_of, metre_number, mode_number
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.hearing import HeardTune, heard
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.notation import Stretch, bars_of, with_signs
from nsynth_lab.melody.rules import Goal
from nsynth_lab.melody.sketch import Sketch
from nsynth_lab.melody.slots import BARS, SLOT_TICKS, SYMBOLS, slots_of
from nsynth_lab.melody.steps import DURATIONS, GOES_ON, TICKS, bar_line_from
from nsynth_lab.melody.writing import Asked, write
from nsynth_lab.tune.form import sections
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.tune import Bar, Tune
from nsynth_lab.units import Ints


@dataclass(frozen=True)
class _Part:
    """A section of a tune: two bars in slots each [loops, slots], and how many bars there are."""

    loops: Ints
    bars: int


def between(
    model: MelodyModel,
    first: Tune,
    second: Tune,
    *,
    position: float,
    free: float = 0.0,
    seed: int = 0,
) -> tuple[Composed, tuple[str, ...]]:
    """(a tune between two, what is to be told); at 0 and 1 these themselves.

    Metre, key, form and upbeat are those of the nearer tune.

    Raises:
        TuneError: one of them cannot be heard, or their metres cannot be brought together.
    """
    near, far = (first, second) if position <= 0.5 else (second, first)
    own, other = heard(near), heard(far)
    lines = tuple(dict.fromkeys((*own.lines, *other.lines)))
    if position in (0, 1):
        return Composed(near, 0.0), lines
    metre, mode = metre_number(own.metre), mode_number(own.key.mode)
    _check_bars(own.metre, other.metre)
    mine, theirs = _parts(own, own.metre), _parts(other, own.metre)
    share = min(position, 1 - position)
    bar, upbeat = own.bar_ticks, int(near.upbeat * TICKS) if near.upbeat * TICKS % UPBEAT_TICKS == 0 else 0
    draft = Draft(bar, position=(bar - upbeat) % bar)
    starts, ends = [draft.at], list[int]()
    sketches = []
    for place, part in enumerate(mine):
        partner = theirs[min(place, len(theirs) - 1)]
        one = model.loops.encode(part.loops, metre=metre, mode=mode)
        two = model.loops.encode(partner.loops, metre=metre_number(own.metre), mode=mode_number(other.key.mode))
        two = two[np.arange(len(one)) % len(two)]
        latents = np.asarray((1 - share) * one + share * two, np.float32)
        sketches.append(
            model.loops.decode(latents, metre=metre, mode=mode).reshape(-1, SYMBOLS)[: part.bars * bar // SLOT_TICKS]
        )
        ends.append(starts[-1] + part.bars * bar)
        starts.append(ends[-1])
    sketch = Sketch(draft.section_start, np.concatenate(sketches))
    asked = Asked(metre, mode, goal=Goal(tuple(ends)), free=free)
    written = write(model.writer, [draft], asked, [np.random.default_rng((seed, 0))], sketches=[sketch])[0]
    plays = [max(near.bars[at].plays for at in range(one.first, one.end)) for one in sections(near)]
    bars = list[Bar]()
    for place, span in enumerate(zip(starts[:-1], ends, strict=True)):
        section = bars_of(written.draft, Stretch(*span), key=own.key, lowest=own.lowest)
        times = plays[place] if place < len(plays) else 1
        bars += with_signs(section, plays=times, is_last=place + 1 == len(ends))
    return Composed(Tune(tuple(bars), own.key, own.metre), float(np.mean(written.bits))), lines


def _check_bars(one: Metre, other: Metre) -> None:
    """Check that bars of two metres are equally long, or one's twice as long as the other's.

    Raises:
        TuneError: they are not.
    """
    shorter, longer = sorted((one.length, other.length))
    if longer not in (shorter, 2 * shorter):
        raise TuneError(
            f"metres {one.name} and {other.name}: there is no tune between them; choose two in one metre, or in metres "
            "whose bars are equally long or twice as long, such as 2/4 and 4/4"
        )


def _parts(found: HeardTune, metre: Metre) -> list[_Part]:
    """The sections of a heard tune in bars of a metre."""
    target = bar_ticks_of(metre_number(metre))
    draft = _in_bars(found, target)
    borders = [at for at, flag in enumerate(draft.flags) if flag != GOES_ON]
    parts = []
    begin = bar_line_from(draft.begins[0], target)
    for border in borders:
        end = draft.begins[border] + DURATIONS[draft.durations[border]]
        bars = max(1, round((end - begin) / target))
        loops = np.stack([slots_of(draft, begin + at * target)[0] for at in range(0, bars, BARS)])
        parts.append(_Part(loops, bars))
        begin += bars * target
    return parts


def _in_bars(found: HeardTune, target: int) -> Draft:
    """The tune as a draft whose bars are so long: two bars become one, or one becomes two."""
    own = Draft.of(found.bar_ticks, found.notes)
    if own.bar_ticks == target:
        return own
    again = Draft(target, position=own.begins[0] % target)
    first = own.begins[0] - again.at
    for begin, duration, pitch, flag in zip(own.begins, own.durations, own.pitches, own.flags, strict=True):
        again.wait_until_tick(begin - first)
        again.add(duration, pitch, flag)
    return again
