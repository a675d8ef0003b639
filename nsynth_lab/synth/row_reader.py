"""The rows of a measured stream that only some zones have, for the next frame of some voices.

`ZoneReader.read` has moved the playheads; this reads the rows there, and in a recorded release fades over to its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.compiled.zone_reader import LAYERS_PER_CORNER, Layers, ReleaseRules, mean_rows
from nsynth_lab.compiled.zones import Zones
from nsynth_lab.units import Doubles, FloatArray, Ints


def row_table(streams: Sequence[FloatArray | None], frames: Sequence[int]) -> FloatArray | None:
    """The rows of the streams of all zones end to end, [rows, columns].

    Zeros for zones that have none, as many as their `frames`; None where no zone has any.
    """
    columns = next((rows.shape[1] for rows in streams if rows is not None), None)
    if columns is None:
        return None
    return np.concatenate(
        [
            np.zeros((length, columns), np.float32) if rows is None else rows
            for rows, length in zip(streams, frames, strict=True)
        ]
    )


class RowReader:
    """Reads `rows` [rows, columns], which stand end to end as the rows of the table `zones` do."""

    def __init__(self, rows: FloatArray, zones: Zones, layers: Layers) -> None:
        self._rows, self._zones, self._layers = rows, zones, layers

    def _shares(self, slots: Ints, weights: Doubles) -> tuple[Ints, Doubles]:
        """(zones, the share of each in the sound of its voice) [active, layers]; `weights` [active, corners]."""
        own, count = self._layers, LAYERS_PER_CORNER * weights.shape[1]
        used = np.arange(count) < own.used[slots, None]
        share = np.repeat(weights, LAYERS_PER_CORNER, axis=1) * own.share[slots, :count] * used
        return own.zone[slots, :count], share

    def _each(self, slots: Ints, zone: Ints, rules: ReleaseRules) -> FloatArray:
        """Rows [active, layers, columns] of the frame that `slots` [active] have just read in each `zone`."""
        place, tail, up = self._places(slots, zone, rules)
        each = self._at(zone, place)
        if (up > 0).any():
            each += up[..., None].astype(np.float32) * (self._at(zone, tail) - each)
        return each

    def _places(self, slots: Ints, zone: Ints, rules: ReleaseRules) -> tuple[Doubles, Doubles, Doubles]:
        """Playheads, places in the releases and the shares of these, [active, layers]; as in `compiled.zone_reader`."""
        own, zones, count = self._layers, self._zones, zone.shape[1]
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


class MeanReader(RowReader):
    """A stream whose mean, column by column, lies between: width and detail."""

    def read(self, slots: Ints, weights: Doubles, rules: ReleaseRules, *, pitch: Doubles | None = None) -> FloatArray:
        """Rows [active, columns] of the frame that `slots` [active] have just read, blended by `weights`.

        `weights` [active, corners] are those of the timbre. If `pitch` [active] is given, fractional note numbers, the
        rows of each zone fade with the distance from it (see `detail.share_at`).
        """
        own_weights = np.ascontiguousarray(weights)
        own_pitch = np.full(len(slots), np.nan) if pitch is None else pitch
        return mean_rows(self._zones, self._rows, self._layers, rules, slots, own_weights, own_pitch)
