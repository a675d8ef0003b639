"""What is asked for by a descriptor: does the sound change by as much as promised, and stay at its pitch?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nsynth_lab.evaluate.metrics.summary import rounded
from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.choose import Imagination
from nsynth_lab.imagine.descriptors import NAMES, STEPS
from nsynth_lab.imagine.draw import draw
from nsynth_lab.imagine.ear import candidate_keys

HALF = 0.5  # of a step must be reached: 0.2 octaves of the centroid
AMOUNTS = (1.0, -1.0)


def descriptors_asked(
    imagination: Imagination, *, each: int, seed: int, advance: Callable[[], object]
) -> dict[str, dict[str, Any]]:
    """What is asked for, such as "brighter -1" -> the share of instruments that changed by half a step, by how much.

    `each` instruments of every family are drawn, and none is chosen: also those count that would be left out.
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
    changes, kept = [], []
    for family, one in plain:
        keys = candidate_keys(imagination.families.bank, one)
        asked, changed = imagination.described(one, family, keys, {name: amount})
        before, after = (imagination.ear.recognised(imagination.notes(each, keys), family) for each in (one, asked))
        changes.append(changed[name])
        kept.append(after.pitches_right >= before.pitches_right)
        advance()
    reached = amount * np.array(changes) >= HALF * STEPS[name]
    return {
        "step": amount * STEPS[name],
        "median": rounded(np.median(changes)),
        "reached": rounded(np.mean(reached)),
        "pitch_kept": rounded(np.mean(kept)),
        "changes": [rounded(change) for change in changes],
    }
