"""Velocity -> which velocity layers sound, and how loud. The same law everywhere: live, in songs, clips and packs.

    dB |                          ,-'   above the highest layer: 0.15 dB per velocity step
       |                     o,-'
       |                  ,-'           between layers: linear from peak to peak, at least 0.15 dB per step
       |               ,-'              (layers normalised to one level say nothing about loudness)
       |            ,o
       |         ,-'
       |     ,-'                        below the lowest layer: 0.25 dB per step
       +-------------------------- velocity 1..127

So every step is louder than the one below, whatever was recorded. Timbre, pitch and envelope are a blend of the two
layers around the velocity. At velocity 100, for which banks, presets and packs are levelled, the level is the recorded
one, interpolated between the layers, or that of the nearest layer if all are on one side.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REFERENCE_VELOCITY = 100
SOFTER_DB_PER_STEP = 0.25
LOUDER_DB_PER_STEP = 0.15  # from 100 to 127 the same as the usual square law of MIDI velocity


@dataclass(frozen=True)
class LayerBlend:
    """The two velocity layers that sound at a velocity, and how loud.

    Attributes:
        softer, harder: indices of the layers below and above the velocity; the same at a layer's own velocity and
            beyond the last layer.
        share: of the harder layer in their blend, 0 to 1.
        gain_db: brings the blend to the level of the velocity law.
    """

    softer: int
    harder: int
    share: float
    gain_db: float


def layers_at(velocities: Sequence[int], peaks_db: Sequence[float], *, velocity: int) -> LayerBlend:
    """The layers that sound at `velocity`; `velocities` of all layers [layers], ascending, and their `peaks_db`.

    >>> layers_at([50, 100], [-30.0, -20.0], velocity=75)
    LayerBlend(softer=0, harder=1, share=0.5, gain_db=0.0)
    >>> layers_at([50, 100], [-30.0, -20.0], velocity=120)
    LayerBlend(softer=1, harder=1, share=0.0, gain_db=3.0)
    """
    above = bisect_left(velocities, velocity)
    softer, harder = max(above - 1, 0), min(above, len(velocities) - 1)
    if above < len(velocities) and velocities[above] == velocity:
        softer = above
    gap = velocities[harder] - velocities[softer]
    share = (velocity - velocities[softer]) / gap if gap > 0 else 0.0
    recorded_db = float(np.interp(velocity, velocities, peaks_db))
    return LayerBlend(softer, harder, share, round(level_db(velocities, peaks_db, velocity=velocity) - recorded_db, 6))


def level_db(velocities: Sequence[int], peaks_db: Sequence[float], *, velocity: int) -> float:
    """The level at `velocity`; strictly increasing from 1 to 127.

    >>> [level_db([100], [-20.0], velocity=velocity) for velocity in (60, 100, 120)]
    [-30.0, -20.0, -17.0]
    """
    reference_db = float(np.interp(REFERENCE_VELOCITY, velocities, peaks_db))
    rising = _rising(velocities, peaks_db)
    return reference_db + _along(velocities, rising, velocity) - _along(velocities, rising, REFERENCE_VELOCITY)


def _rising(velocities: Sequence[int], peaks_db: Sequence[float]) -> list[float]:
    """The layers' peaks, each raised to at least 0.15 dB per step above the one before."""
    rising = [peaks_db[0]]
    for peak_db, before, own in zip(peaks_db[1:], velocities, velocities[1:], strict=False):
        rising.append(max(peak_db, rising[-1] + LOUDER_DB_PER_STEP * (own - before)))
    return rising


def _along(velocities: Sequence[int], levels_db: Sequence[float], velocity: int) -> float:
    """The level on the line through the layers, extended beyond its ends."""
    beyond = LOUDER_DB_PER_STEP * max(0, velocity - velocities[-1])
    below = SOFTER_DB_PER_STEP * max(0, velocities[0] - velocity)
    return float(np.interp(velocity, velocities, levels_db)) + beyond - below
