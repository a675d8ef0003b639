"""GrowingRows: as many rows as are needed, which nobody knows before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nsynth_lab.runtime.voice_batch import Rows
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

PART_ROWS = 64  # a row of the default model takes 150 kB


class GrowingRows:
    """`Rows` in parts of 64, each made by `make(64)` when a row of it is first reset; they play the same."""

    def __init__(self, make: Callable[[int], Rows]) -> None:
        self._make = make
        self._parts = [make(PART_ROWS)]
        self.delay_samples = self._parts[0].delay_samples

    def reset(self, rows: Sequence[int], seeds: Sequence[int]) -> None:
        """As `Rows.reset`."""
        for part, places in self._by_part(np.array(rows, np.int64)):
            own = (np.array(rows)[places] % PART_ROWS).tolist()
            part.reset(own, [seeds[place] for place in places.tolist()])

    def step(
        self, rows: Ints, timbre: FloatArray, level_db: FloatArray, f0_hz: FloatArray, partials: FloatArray
    ) -> FloatArray:
        """As `Rows.step`."""
        audio = np.empty((len(rows), HOP_SAMPLES), np.float32)
        for part, places in self._by_part(rows):
            streams = (timbre[places], level_db[places], f0_hz[places], partials[places])
            audio[places] = part.step(rows[places] % PART_ROWS, *streams)
        return audio

    def _by_part(self, rows: Ints) -> Iterator[tuple[Rows, Ints]]:
        """The parts that have any of `rows`, and the places of these in it."""
        parts = rows // PART_ROWS
        while len(self._parts) <= parts.max(initial=0):
            self._parts.append(self._make(PART_ROWS))
        for number in np.unique(parts).tolist():
            yield self._parts[number], np.flatnonzero(parts == number)
