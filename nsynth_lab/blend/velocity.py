"""Velocity: how hard a key is struck -> which velocity layers sound, and how loud. One law for all that plays.

    dB |                          ,-'   above the loudest layer: 0.15 dB a step
       |                     o,-'
       |                  ,-'           between layers: straight from peak to peak, by at least 0.15 dB a step,
       |               ,-'              for layers brought to one level say nothing of loudness
       |            ,o
       |         ,-'
       |     ,-'                        below the softest: 0.25 dB a step
       +-------------------------- velocity 1..127

So every step is louder than the one below, from 1 to 127, whatever was recorded. Colour, pitch and course of the level
are a blend of the two layers around the velocity. At velocity 100, for which banks, presets and packs are levelled,
the level is what the layers have recorded there: that of the nearest where all lie on one side.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

USUAL_VELOCITY = 100
SOFTER_DB_PER_STEP = 0.25
LOUDER_DB_PER_STEP = 0.15  # from 100 to 127 as much as MIDI's usual square of the velocity


@dataclass(frozen=True)
class Stroke:
    """Which velocity layers of a key sound, and how loud.

    Attributes:
        softer, harder: numbers of the layers around the velocity; the same one at a layer's own and beyond the last.
        share: 0 to 1 of the harder.
        by_db: what makes their blend as loud as the law says.
    """

    softer: int
    harder: int
    share: float
    by_db: float


def stroke(velocities: Sequence[int], peaks_db: Sequence[float], *, velocity: int) -> Stroke:
    """Of layers that were struck with `velocities` [layers], ascending, and whose loudest frames lie at `peaks_db`.

    >>> stroke([50, 100], [-30.0, -20.0], velocity=75)
    Stroke(softer=0, harder=1, share=0.5, by_db=0.0)
    >>> stroke([50, 100], [-30.0, -20.0], velocity=120)
    Stroke(softer=1, harder=1, share=0.0, by_db=3.0)
    """
    above = bisect_left(velocities, velocity)
    softer, harder = max(above - 1, 0), min(above, len(velocities) - 1)
    if above < len(velocities) and velocities[above] == velocity:
        softer = above
    gap = velocities[harder] - velocities[softer]
    share = (velocity - velocities[softer]) / gap if gap > 0 else 0.0
    recorded_db = float(np.interp(velocity, velocities, peaks_db))
    return Stroke(softer, harder, share, round(level_db(velocities, peaks_db, velocity=velocity) - recorded_db, 6))


def level_db(velocities: Sequence[int], peaks_db: Sequence[float], *, velocity: int) -> float:
    """The level at `velocity`, strictly rising from 1 to 127.

    >>> [level_db([100], [-20.0], velocity=velocity) for velocity in (60, 100, 120)]
    [-30.0, -20.0, -17.0]
    """
    usual_db = float(np.interp(USUAL_VELOCITY, velocities, peaks_db))
    rising = _rising(velocities, peaks_db)
    return usual_db + _along(velocities, rising, velocity) - _along(velocities, rising, USUAL_VELOCITY)


def _rising(velocities: Sequence[int], peaks_db: Sequence[float]) -> list[float]:
    """The peaks of the layers, each above the one before."""
    rising = [peaks_db[0]]
    for peak_db, before, own in zip(peaks_db[1:], velocities, velocities[1:], strict=False):
        rising.append(max(peak_db, rising[-1] + LOUDER_DB_PER_STEP * (own - before)))
    return rising


def _along(velocities: Sequence[int], levels_db: Sequence[float], velocity: int) -> float:
    """On the line through the layers and beyond its ends."""
    beyond = LOUDER_DB_PER_STEP * max(0, velocity - velocities[-1])
    below = SOFTER_DB_PER_STEP * max(0, velocities[0] - velocity)
    return float(np.interp(velocity, velocities, levels_db)) + beyond - below
