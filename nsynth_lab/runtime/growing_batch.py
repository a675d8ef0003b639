"""GrowingBatch: a voice batch without a limit, for rendering offline, where nobody knows how many voices will sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nsynth_lab.runtime.voice_batch import FrameStreams, VoiceBatch
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

PART_SLOTS = 64  # a slot of the default model takes 150 kB


class GrowingBatch:
    """A `VoiceBatch` made of batches of 64 slots; `make(64)` makes the next when one of its slots is first reset."""

    def __init__(self, make: Callable[[int], VoiceBatch]) -> None:
        self._make = make
        self._parts = [make(PART_SLOTS)]

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """See `VoiceBatch.reset`."""
        for part, places in self._by_part(np.array(slots, np.int64)):
            own = (np.array(slots)[places] % PART_SLOTS).tolist()
            part.reset(own, [seeds[place] for place in places.tolist()])

    def step(self, slots: Ints, streams: FrameStreams) -> FloatArray:
        """See `VoiceBatch.step`."""
        audio = np.empty((len(slots), HOP_SAMPLES), np.float32)
        for part, places in self._by_part(slots):
            audio[places] = part.step(slots[places] % PART_SLOTS, streams.at(places))
        return audio

    def _by_part(self, slots: Ints) -> Iterator[tuple[VoiceBatch, Ints]]:
        """Each part that holds any of `slots`, and the indices of these in `slots`."""
        parts = slots // PART_SLOTS
        while len(self._parts) <= parts.max(initial=0):
            self._parts.append(self._make(PART_SLOTS))
        for number in np.unique(parts).tolist():
            yield self._parts[number], np.flatnonzero(parts == number)
