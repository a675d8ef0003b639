"""What is asked for by a descriptor: does the sound change by as much as promised, and stay at its pitch?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nsynth_lab.evaluate.metrics.summary import rounded
from nsynth_lab.imagine.choose import Imagination
from nsynth_lab.imagine.descriptors import NAMES, STEPS
from nsynth_lab.imagine.draw import draw
from nsynth_lab.imagine.ear import candidate_keys

HALF = 0.5  # of a step must be reached: 0.2 octaves of the centroid


def descriptors_asked(
    imagination: Imagination, *, each: int, seed: int, advance: Callable[[], object]
) -> dict[str, dict[str, Any]]:
    """Descriptor -> the share of instruments that changed by at least half a step when asked for one, and by how much.

    `each` instruments of every family are drawn, and none is chosen: also those count that would be left out.
    """
    families = imagination.families
    found: dict[str, dict[str, Any]] = {}
    for name in NAMES:
        changes, kept = [], []
        for family, members in families.members.items():
            if not members:
                continue
            spread = families.spread(family)
            for number in range(each):
                plain = draw(families, family, spread, np.random.default_rng([seed, number]))
                keys = candidate_keys(families.bank, plain)
                asked, changed = imagination.described(plain, family, keys, {name: 1.0})
                before, after = (
                    imagination.ear.recognised(imagination.notes(one, keys), family) for one in (plain, asked)
                )
                changes.append(changed[name])
                kept.append(after.pitches_right >= before.pitches_right)
                advance()
        reached = np.array(changes) >= HALF * STEPS[name]
        found[name] = {
            "step": STEPS[name],
            "median": rounded(np.median(changes)),
            "reached": rounded(np.mean(reached)),
            "pitch_kept": rounded(np.mean(kept)),
        }
    return found
