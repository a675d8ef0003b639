"""What is asked for by a descriptor: does the sound change by as much as promised, and stay at its pitch?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nsynth_lab.evaluate.metrics.summary import rounded
from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.choose import Imagination
from nsynth_lab.imagine.descriptors import NAMES, PERCUSSIVE, STEPS, means
from nsynth_lab.imagine.draw import draw
from nsynth_lab.imagine.ear import Recognition, candidate_keys, recognition
from nsynth_lab.units import Doubles, note_to_hz

HALF = 0.5  # of a step must be reached: 0.2 octaves of the centroid
AMOUNTS = (1.0, -1.0)


def descriptors_asked(
    imagination: Imagination, *, each: int, seed: int, advance: Callable[[], object]
) -> dict[str, dict[str, Any]]:
    """What is asked for, such as "brighter -1" -> the share of instruments that changed by half a step, by how much.

    `each` instruments of every family are drawn, and none is chosen: also those count that would be left out. Only what
    can go down by a step is asked to go down.
    """
    plain = _drawn(imagination, each=each, seed=seed)
    return {
        f"{name} {amount:g}": _asked(imagination, plain, name, amount, advance) for name in NAMES for amount in AMOUNTS
    }


def _drawn(imagination: Imagination, *, each: int, seed: int) -> list[tuple[str, Candidate]]:
    families = imagination.families
    return [
        (family, draw(families, family, families.spread(family), np.random.default_rng([seed, number])))
        for family, members in families.members.items()
        if members
        for number in range(each)
    ]


def _asked(
    imagination: Imagination,
    plain: Sequence[tuple[str, Candidate]],
    name: str,
    amount: float,
    advance: Callable[[], object],
) -> dict[str, Any]:
    changes, right, kept = [], [], []
    for family, one in plain:
        keys = candidate_keys(imagination.families.bank, one)
        before, described = _heard(imagination, one, family, keys)
        if amount > 0.0 or _room(name, described, keys) >= STEPS[name]:
            asked, changed = imagination.described(one, family, keys, {name: amount})
            after, _ = _heard(imagination, asked, family, keys)
            changes.append(changed[name])
            right.append(before.pitches_right)
            kept.append(min(after.pitches_right, before.pitches_right))
        advance()
    found: dict[str, Any] = {"step": amount * STEPS[name], "of": len(changes)}
    if changes:
        reached = amount * np.array(changes) >= HALF * STEPS[name]
        found |= {
            "median": rounded(np.median(changes)),
            "reached": rounded(np.mean(reached)),
            "pitch_kept": rounded(sum(kept) / max(sum(right), 1e-9)),  # of the keys at which it was heard before
        }
    return found


def _heard(imagination: Imagination, one: Candidate, family: str, keys: Sequence[int]) -> tuple[Recognition, Doubles]:
    """How a candidate is recognised at keys, and its descriptors [5]."""
    notes = imagination.notes(one, keys)
    sounds = imagination.ear.sounds(notes)
    return recognition(imagination.ear.hear(sounds), keys, family), means(sounds, notes)


def _room(name: str, described: Doubles, keys: Sequence[int]) -> float:
    """How far down a descriptor could go: no sound is darker than its fundamental, or falls by less than not at all."""
    own = float(described[NAMES.index(name)])
    lowest = {"brighter": float(np.mean(np.log2([note_to_hz(key) for key in keys]))), PERCUSSIVE: 0.0}
    return own - lowest.get(name, -math.inf)
