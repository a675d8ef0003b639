"""How wide the next frame of some voices is, from where their playheads stand, as `unpitched_reader` reads noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.compiled.zone_reader import LAYERS_PER_CORNER, ReleaseRules
from nsynth_lab.latents import Latents
from nsynth_lab.synth.unpitched_reader import RowReader
from nsynth_lab.units import Doubles, FloatArray, Ints
from nsynth_lab.width import DIMS


def width_table(zones: Sequence[Latents]) -> FloatArray | None:
    """The rows of all zones end to end, [rows, 17]; zeros for mono zones, None where all are mono."""
    if all(zone.width is None for zone in zones):
        return None
    mono = [np.zeros((0 if zone.width is not None else zone.frames, DIMS), np.float32) for zone in zones]
    return np.concatenate(
        [empty if zone.width is None else zone.width for zone, empty in zip(zones, mono, strict=True)]
    )


class WidthReader(RowReader):
    """Reads `rows` [rows, 17] of the table `zones`."""

    def read(self, slots: Ints, weights: Doubles, rules: ReleaseRules) -> FloatArray:
        """Rows [active, 17] of the frame that `slots` [active] have just read, blended by `weights`.

        `weights` [active, corners] are those of the timbre.
        """
        own, count = self._layers, LAYERS_PER_CORNER * weights.shape[1]
        zone = own.zone[slots, :count]
        used = np.arange(count) < own.used[slots, None]
        share = np.repeat(weights, LAYERS_PER_CORNER, axis=1) * own.share[slots, :count] * used
        rows = np.einsum("al,ald->ad", share, self._each(slots, count, zone, rules))
        return np.asarray(rows, np.float32)
