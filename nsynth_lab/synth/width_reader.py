"""How wide the next frame of some voices is, from where their playheads stand, as `unpitched_reader` reads noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.compiled.zone_reader import ReleaseRules
from nsynth_lab.latents import Latents
from nsynth_lab.synth.row_reader import RowReader, row_table
from nsynth_lab.units import Doubles, FloatArray, Ints


def width_table(zones: Sequence[Latents]) -> FloatArray | None:
    """The rows of all zones end to end, [rows, 17]; zeros for mono zones, None where all are mono."""
    return row_table([zone.width for zone in zones], [zone.frames for zone in zones])


class WidthReader(RowReader):
    """Reads `rows` [rows, 17] of the table `zones`."""

    def read(self, slots: Ints, weights: Doubles, rules: ReleaseRules) -> FloatArray:
        """Rows [active, 17] of the frame that `slots` [active] have just read, blended by `weights`.

        `weights` [active, corners] are those of the timbre.
        """
        zone, share = self._shares(slots, weights)
        rows = np.einsum("al,ald->ad", share, self._each(slots, zone, rules))
        return np.asarray(rows, np.float32)
