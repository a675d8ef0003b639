"""VelocityWalk: a voice that follows a phrase moves through the velocity layers of its instruments with its level.

A swell then brightens as the instrument's own louder notes are brighter. A voice reads two layers of each corner; it
walks between them by their shares, and where it has arrived at one of them, the other gives way to the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from nsynth_lab.compiled.zone_reader import LAYERS_PER_CORNER, Layers
from nsynth_lab.compiled.zones import Zones
from nsynth_lab.synth.followed import velocity_at

SMOOTHING = 0.12  # of the way, a frame: 85 ms, so that tremolo stays a matter of level


class VelocityWalk:
    """`begin(slot, ...)` with each voice, `move(slot, level_db)` before each of its frames."""

    def __init__(self, zones: Zones, layers: Layers, velocities: Sequence[int]) -> None:
        self._zones, self._layers, self._velocities = zones, layers, velocities
        self._velocity = np.zeros(len(layers.used))
        self._ladders: dict[int, Sequence[Sequence[int]]] = {}

    def begin(self, slot: int, ladders: Sequence[Sequence[int]], *, velocity: float) -> None:
        """A voice begins in `slot`; `ladders` are the zones of each corner, softest first."""
        self._ladders[slot], self._velocity[slot] = ladders, velocity
        for corner, ladder in enumerate(ladders):
            softer, share = self._place(ladder, velocity)
            pair = [ladder[softer], ladder[min(softer + 1, len(ladder) - 1)]]
            places = slice(LAYERS_PER_CORNER * corner, LAYERS_PER_CORNER * (corner + 1))
            self._layers.zone[slot, places], self._layers.share[slot, places] = pair, [1.0 - share, share]

    def forget(self, slot: int) -> None:
        """A voice begins in `slot` that stays in its layers."""
        self._ladders.pop(slot, None)

    def move(self, slot: int, level_db: float) -> None:
        """Bring a voice nearer to the sound of `level_db`, the A-weighted level of its next frame."""
        self._velocity[slot] += SMOOTHING * (velocity_at(level_db) - self._velocity[slot])
        for corner, ladder in enumerate(self._ladders.get(slot, ())):
            if len(ladder) > 1:
                self._move_corner(slot, LAYERS_PER_CORNER * corner, ladder)

    def _move_corner(self, slot: int, first: int, ladder: Sequence[int]) -> None:
        own = self._layers
        softer, share = self._place(ladder, float(self._velocity[slot]))
        now = ladder.index(int(own.zone[slot, first]))
        if softer > now:  # arrived at the harder of both: it is the softer of the next two
            self._copy(slot, first + 1, first)
            self._enter(slot, first + 1, first, ladder[now + 2])
            share = 0.0 if softer > now + 1 else share
        elif softer < now:
            self._copy(slot, first, first + 1)
            self._enter(slot, first, first + 1, ladder[now - 1])
            share = 1.0 if softer < now - 1 else share
        own.share[slot, first], own.share[slot, first + 1] = 1.0 - share, share

    def _place(self, ladder: Sequence[int], velocity: float) -> tuple[int, float]:
        """The index of the softer of the two zones around `velocity`, and the share of the harder."""
        if len(ladder) == 1:
            return 0, 0.0
        velocities = [self._velocities[zone] for zone in ladder]
        softer = min(max(bisect_right(velocities, velocity) - 1, 0), len(ladder) - 2)
        gap = velocities[softer + 1] - velocities[softer]
        return softer, min(max((velocity - velocities[softer]) / gap, 0.0), 1.0)

    def _copy(self, slot: int, source: int, target: int) -> None:
        for column in (self._layers.zone, self._layers.position, self._layers.heading, self._layers.target):
            column[slot, target] = column[slot, source]

    def _enter(self, slot: int, layer: int, beside: int, zone: int) -> None:
        """Put the playhead of `layer` into `zone`, as long after its attack as that of the layer `beside`."""
        own, zones = self._layers, self._zones
        after = own.position[slot, beside] - zones.attack_end[own.zone[slot, beside]]
        last = float(max(zones.key_up[zone] - zones.attack_end[zone] - 1, 0))
        at, count = (
            (zones.high_at, zones.high_count) if own.heading[slot, beside] > 0 else (zones.low_at, zones.low_count)
        )
        turn = zones.turn_points[at[zone] + slot % count[zone]]
        own.zone[slot, layer], own.heading[slot, layer] = zone, own.heading[slot, beside]
        own.position[slot, layer] = zones.attack_end[zone] + min(max(after, 0.0), last)
        own.target[slot, layer] = zones.attack_end[zone] + turn
