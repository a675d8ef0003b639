"""What stands in for a microphone: samples that come in blocks of given sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.units import FloatArray


class MadeInput:
    """An input with `samples` to bring, as many at each reading as `sizes` say in turn."""

    called, latency_seconds = "a made input", 0.0

    def __init__(self, samples: FloatArray, sizes: Sequence[int] = (256,)) -> None:
        self.samples, self.sizes = samples, sizes
        self.at = self.readings = self.overflows = 0
        self.away = False

    def read(self) -> FloatArray:
        size = self.sizes[self.readings % len(self.sizes)]
        begin, self.at, self.readings = self.at, min(self.at + size, len(self.samples)), self.readings + 1
        return np.asarray(self.samples[begin : self.at])
