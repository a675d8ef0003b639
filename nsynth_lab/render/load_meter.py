"""LoadMeter: the share of its deadline that each block took, in memory reserved at the beginning."""

from __future__ import annotations

import numpy as np

WINDOW_BLOCKS = 512


class LoadMeter:
    """The share of its deadline that each of the last 512 blocks took.

    >>> meter = LoadMeter()
    >>> for share in (0.2, 0.4, 0.3): meter.add(share)
    >>> round(meter.median, 3), round(meter.percentile(99.0), 3)
    (0.3, 0.398)
    """

    def __init__(self) -> None:
        self._shares = np.zeros(WINDOW_BLOCKS)
        self.blocks = 0

    def add(self, share: float) -> None:
        """Add one block, which took `share` of its deadline."""
        self._shares[self.blocks % WINDOW_BLOCKS] = share
        self.blocks += 1

    @property
    def median(self) -> float:
        """Median share."""
        return self.percentile(50.0)

    def percentile(self, percent: float) -> float:
        """The `percent` percentile of the shares."""
        known = self._shares[: min(self.blocks, WINDOW_BLOCKS)]
        return float(np.percentile(known, percent)) if len(known) else 0.0
