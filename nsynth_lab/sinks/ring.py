"""Ring: a lock-free queue of finished blocks between the engine's thread and the audio thread.

One thread pushes and one pops; neither ever waits for the other, and nothing is allocated on the way. The blocks lie in
memory reserved at the start, and each side advances a counter of its own that the other only reads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Ring:
    """`push(block [channels, samples])` on one thread, `pop(out [samples, channels])` on another.

    Attributes:
        blocks: capacity.
        block_samples, channels: of each block.
        underruns: pops that found no block, so that silence was played instead; the device adds its own.
        popped: blocks popped so far.
        ending: no more blocks will be pushed, so an empty ring is not an underrun.
    """

    def __init__(self, blocks: int, *, block_samples: int, channels: int = 2) -> None:
        self.blocks, self.block_samples, self.channels = blocks, block_samples, channels
        self.underruns = self.popped = 0
        self.ending = False
        self._slots = np.zeros((blocks, block_samples, channels), np.float32)
        self._pushed = 0

    @property
    def filled(self) -> int:
        """Blocks waiting to be popped."""
        return self._pushed - self.popped

    def push(self, block: NDArray[np.float32]) -> bool:
        """Copy a block in; False if the ring is full."""
        if self.filled >= self.blocks:
            return False
        self._slots[self._pushed % self.blocks] = block.T
        self._pushed += 1
        return True

    def pop(self, out: NDArray[np.float32]) -> bool:
        """Copy the oldest block out. If there is none, `out` is filled with silence and an underrun is counted."""
        if self._pushed == self.popped:
            out.fill(0.0)
            self.underruns += not self.ending
            return False
        np.copyto(out, self._slots[self.popped % self.blocks])
        self.popped += 1
        return True

    def clear(self) -> None:
        """Drop what is waiting. Only while nobody pops."""
        self.popped = self._pushed
