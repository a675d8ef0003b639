"""Noise and resonances of the next frame of some voices, from where their playheads stand in zones that have any.

`ZoneReader.read` has moved the playheads; this reads the rows there, and in a recorded release fades over to its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled.zone_reader import LAYERS_PER_CORNER, Layers, ReleaseRules
from nsynth_lab.compiled.zones import Zones
from nsynth_lab.latents import Latents
from nsynth_lab.units import Doubles, FloatArray, Ints
from nsynth_lab.unpitched import DIMS, PITCHED, TRACK, moved


def unpitched_table(zones: Sequence[Latents]) -> FloatArray | None:
    """The rows of all zones end to end, [rows, 162]; zeros for zones that have none, None where no zone has any."""
    if all(zone.unpitched is None for zone in zones):
        return None
    nothing = [np.zeros((0 if zone.unpitched is not None else zone.frames, DIMS), np.float32) for zone in zones]
    return np.concatenate(
        [empty if zone.unpitched is None else zone.unpitched for zone, empty in zip(zones, nothing, strict=True)]
    )


def pitched_rows(count: int) -> FloatArray:
    """Rows [count, 162] of voices that have a pitch and nothing else."""
    rows = np.zeros((count, DIMS), np.float32)
    rows[:, PITCHED] = 1.0
    return rows


class RowReader:
    """Reads `rows` [rows, columns], which stand end to end as the rows of the table `zones` do."""

    def __init__(self, rows: FloatArray, zones: Zones, layers: Layers) -> None:
        self._rows, self._zones, self._layers = rows, zones, layers

    def _each(self, slots: Ints, count: int, zone: Ints, rules: ReleaseRules) -> FloatArray:
        """Rows [active, layers, columns] of the frame that `slots` [active] have just read in each `zone`."""
        place, tail, up = self._places(slots, count, zone, rules)
        each = self._at(zone, place)
        if (up > 0).any():
            each += up[..., None].astype(np.float32) * (self._at(zone, tail) - each)
        return each

    def _places(self, slots: Ints, count: int, zone: Ints, rules: ReleaseRules) -> tuple[Doubles, Doubles, Doubles]:
        """Playheads, places in the releases and the shares of these, [active, layers]; as in `compiled.zone_reader`."""
        own, zones = self._layers, self._zones
        place = own.position[slots, :count]
        since = (own.frame[slots] - 1.0 - own.release_at[slots])[:, None]
        length = own.release_length[slots][:, None]
        released = zones.released[zone]
        begins = np.where(released, zones.key_up[zone], own.release_from[slots, :count])
        after = np.maximum(np.where(np.isfinite(since), since, 0.0), 0.0)
        tail = begins + after * zones.release_frames[zone] / length
        join = np.minimum(rules.join_frames, length / 2)
        fade = np.where(released, np.minimum((after + 1) / (join + 1), 1.0), 1.0)
        return place, tail, np.where(since >= 0, fade, 0.0)

    def _at(self, zone: Ints, place: Doubles) -> FloatArray:
        """Rows [active, layers, columns] at fractional frames of their zones."""
        first, last = self._zones.first[zone], self._zones.frames[zone] - 1
        inside = np.clip(place, 0.0, last)
        low = inside.astype(np.int64)
        between = (inside - low).astype(np.float32)[..., None]
        below, above = self._rows[first + low], self._rows[first + np.minimum(low + 1, last)]
        return np.asarray(below + between * (above - below), np.float32)


class UnpitchedReader(RowReader):
    """Reads `rows` [rows, 162] of the table `zones`, of which those in `has` [zones] have any; `notes` [zones]."""

    def __init__(self, rows: FloatArray, zones: Zones, layers: Layers, *, has: NDArray[np.bool_], notes: Ints) -> None:
        super().__init__(rows, zones, layers)
        self._has, self._notes = has, notes

    def read(self, slots: Ints, weights: Doubles, pitch: Doubles, rules: ReleaseRules) -> FloatArray:
        """Rows [active, 162] of the frame that `slots` [active] have just read, blended by `weights` [active, corners].

        `pitch` [active] is the fractional note number that each sounds at; noise follows it as far as it tracks keys.
        """
        own, count = self._layers, LAYERS_PER_CORNER * weights.shape[1]
        zone = own.zone[slots, :count]
        used = np.arange(count) < own.used[slots, None]
        share = np.repeat(weights, LAYERS_PER_CORNER, axis=1) * own.share[slots, :count] * used
        heard = share * self._has[zone]
        whole = heard.sum(axis=1)
        if not (whole > 0).any():
            return pitched_rows(len(slots))
        each = self._each(slots, count, zone, rules)
        part = heard / np.maximum(whole, 1e-12)[:, None]
        rows = np.einsum("al,ald->ad", part, each).astype(np.float32)
        rows[:, PITCHED] = 1.0 - whole * (1.0 - rows[:, PITCHED])
        semitones = (part * each[..., TRACK] * (pitch[:, None] - self._notes[zone])).sum(axis=1)
        return moved(rows, semitones)
