"""Noise and resonances of the next frame of some voices, from where their playheads stand in zones that have any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled.zone_reader import Layers, ReleaseRules
from nsynth_lab.compiled.zones import Zones
from nsynth_lab.latents import Latents
from nsynth_lab.synth.row_reader import RowReader, row_table
from nsynth_lab.units import Doubles, FloatArray, Ints
from nsynth_lab.unpitched import DIMS, PITCHED, TRACK, between, moved


def unpitched_table(zones: Sequence[Latents]) -> FloatArray | None:
    """The rows of all zones end to end, [rows, 162]; zeros for zones that have none, None where no zone has any."""
    return row_table([zone.unpitched for zone in zones], [zone.frames for zone in zones])


def pitched_rows(count: int) -> FloatArray:
    """Rows [count, 162] of voices that have a pitch and nothing else."""
    rows = np.zeros((count, DIMS), np.float32)
    rows[:, PITCHED] = 1.0
    return rows


class UnpitchedReader(RowReader):
    """Reads `rows` [rows, 162], the noise of the zones in the table; `has` [zones] tells which of them have any."""

    def __init__(self, rows: FloatArray, zones: Zones, layers: Layers, *, has: NDArray[np.bool_]) -> None:
        super().__init__(rows, zones, layers)
        self._has = has

    def read(
        self,
        slots: Ints,
        weights: Doubles,
        pitch: Doubles,
        level_db: Doubles,
        rules: ReleaseRules,
        *,
        track: float | None = None,
    ) -> FloatArray:
        """Rows [active, 162] of the frame that `slots` [active] have just read, blended by `weights` [active, corners].

        `pitch` [active] is the fractional note number that each sounds at; noise follows it by `track`, 0 to 1, or
        as far as each zone was captured to. `level_db` [active] is the level that was read.
        """
        zone, share = self._shares(slots, weights)
        heard = share * self._has[zone]
        whole = heard.sum(axis=1)
        if not (whole > 0).any():
            return pitched_rows(len(slots))
        each = self._each(slots, zone, rules)
        part = heard / np.maximum(whole, 1e-12)[:, None]
        rows = np.einsum("al,ald->ad", part, each).astype(np.float32)
        own = np.where(self._has[zone], each[..., PITCHED], 1.0).astype(np.float64)
        own_db = self._layers.level_db[slots, : zone.shape[1]]
        rows[:, PITCHED] = between(1.0 - whole * (1.0 - rows[:, PITCHED]), level_db, own, own_db, share)
        follows = each[..., TRACK] if track is None else np.float32(track)
        semitones = (part * follows * (pitch[:, None] - self._zones.note[zone])).sum(axis=1)
        return moved(rows, semitones)
