"""Loops measured: how well they come back, and the ways between two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nsynth_lab.evaluate.melody.held_out import Data, Sample
from nsynth_lab.evaluate.melody.ngram import NGram
from nsynth_lab.evaluate.metrics.path_laws import spearman
from nsynth_lab.melody.conditions import METRES, metre_number, mode_number
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.looping import Loop, distance, way
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.melody.slots import BARS, slots_of
from nsynth_lab.melody.steps import DURATIONS, GOES_ON, PITCHES, bar_line_from
from nsynth_lab.units import Ints

FEWEST_NOTES = 6
MEASURED = ("6/8", "4/4")
STEPS = 9
MIDDLE = slice(3, 6)
RISES = 0.9  # Spearman's correlation from which a way is said to lead away from its beginning


def rebuilt(model: MelodyModel, data: Data) -> dict[str, Any]:
    """Share of slots and of whole loops of held-out tunes that come back from their latents."""
    found: dict[str, Any] = {}
    for name in MEASURED:
        metre = METRES.index(name)
        right, whole, count = 0.0, 0.0, 0
        for mode in sorted({piece.mode for piece in data.kept}):
            samples = [one for one in data.kept_samples if (one.metre, one.mode) == (metre, mode)]
            slots = [one for sample in samples for one in _slots(sample.draft)]
            if slots:
                table = np.stack(slots)
                latents = model.loops.encode(table, metre=metre, mode=mode)
                again = model.loops.decode(latents, metre=metre, mode=mode).argmax(-1)
                right += float((again == table).mean(1).sum())
                whole += float((again == table).all(1).sum())
                count += len(table)
        found[name] = {"loops": count, "slots": right / max(1, count), "whole": whole / max(1, count)}
    return found


def _slots(draft: Draft) -> list[Ints]:
    bar = draft.bar_ticks
    first = bar_line_from(draft.begins[0], bar)
    found = (slots_of(draft, at) for at in range(first, draft.begins[-1] - bar, BARS * bar))
    return [slots for slots, exact in found if exact and (slots < PITCHES).sum() >= FEWEST_NOTES]


def whole_loops(data: Data) -> list[Loop]:
    """Loops of held-out tunes: two whole bars each, which notes begin with and end with."""
    found = []
    for piece, sample in zip(data.kept, data.kept_samples, strict=True):
        draft, bar = sample.draft, piece.bar_ticks
        first = bar_line_from(draft.begins[0], bar)
        for at in range(first, draft.at - BARS * bar + 1, BARS * bar):
            inside = [place for place, begin in enumerate(draft.begins) if at <= begin < at + BARS * bar]
            if len(inside) < FEWEST_NOTES or draft.begins[inside[0]] != at:
                continue
            last = inside[-1]
            if draft.begins[last] + DURATIONS[draft.durations[last]] != at + BARS * bar:
                continue
            loop = Draft(bar)
            for place in inside:
                loop.wait_until_tick(draft.begins[place] - at + bar)
                loop.add(draft.durations[place], draft.pitches[place], GOES_ON)
            assert piece.tune.metre is not None
            found.append(Loop(loop, piece.tune.metre, piece.tune.key, piece.steps.lowest))
    return found


def between(
    model: MelodyModel, data: Data, long: NGram, *, pairs: int, seed: int, advance: Callable[[int], object]
) -> dict[str, Any]:
    """Ways between pairs of held-out loops of one metre and mode: how real their middle is, and how even they are."""
    chance = np.random.default_rng((seed, 4))
    loops = whole_loops(data)
    groups: dict[tuple[str, str], list[Loop]] = defaultdict(list)
    for at in chance.permutation(len(loops)):
        loop = loops[at]
        groups[loop.metre.name, loop.key.mode].append(loop)
    paired = [pair for group in groups.values() for pair in zip(group[::2], group[1::2], strict=False)]
    chosen = [paired[at] for at in chance.permutation(len(paired))[:pairs]]
    real = float(np.mean([_bits(long, loop) for pair in chosen for loop in pair]))
    middle, rises, spread, spread_even, exact = [], [], [], [], []
    for first, last in chosen:
        plain = way(model, first, last, steps=STEPS, even=False)
        even = way(model, first, last, steps=STEPS, even=True)
        middle += [_bits(long, loop) for loop in plain[MIDDLE]]
        away = [distance(loop.slots, first.slots) for loop in plain]
        rises.append(spearman(range(STEPS), away))
        spread.append(_largest(plain))
        spread_even.append(_largest(even))
        exact.append(plain[0] is first and plain[-1] is last and even[0] is first and even[-1] is last)
        advance(1)
    return {
        "pairs": len(chosen), "real_bits": real, "middle_bits": float(np.mean(middle)),
        "rising": float(np.mean(np.array(rises) >= RISES)), "spearman": float(np.mean(rises)),
        "largest_step": float(np.mean(spread)), "largest_step_even": float(np.mean(spread_even)),
        "ends_exact": float(np.mean(exact)),
    }  # fmt: skip


def _bits(long: NGram, loop: Loop) -> float:
    return long.bits(Sample(loop.draft, metre_number(loop.metre), mode_number(loop.key.mode)))


def _largest(loops: Sequence[Loop]) -> float:
    """The largest step of a way, in mean steps."""
    steps = [distance(one.slots, two.slots) for one, two in pairwise(loops)]
    return float(max(steps) / max(float(np.mean(steps)), 1e-9))
