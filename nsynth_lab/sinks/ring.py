"""Ring: finished blocks on their way from the engine's thread to the audio thread.

One thread pushes, one takes; neither waits for the other and nothing is made on the way: the blocks lie in memory that
was reserved at the beginning, and each side moves a number of its own, which the other only reads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Ring:
    """`push(block [channels, samples])` on one thread, `take(out [samples, channels])` on another.

    Attributes:
        blocks: how many fit.
        block_samples: samples each.
        underruns: blocks that were asked for and not there; silence went out instead.
        taken: blocks that went out.
        ending: whether no more will come, so that none is missed.
    """

    def __init__(self, blocks: int, *, block_samples: int, channels: int = 2) -> None:
        self.blocks, self.block_samples = blocks, block_samples
        self.underruns = self.taken = 0
        self.ending = False
        self._slots = np.zeros((blocks, block_samples, channels), np.float32)
        self._pushed = 0

    @property
    def filled(self) -> int:
        """Blocks that wait to be taken."""
        return self._pushed - self.taken

    def push(self, block: NDArray[np.float32]) -> bool:
        """Copy a block in; False where there is no room."""
        if self.filled >= self.blocks:
            return False
        self._slots[self._pushed % self.blocks] = block.T
        self._pushed += 1
        return True

    def take(self, out: NDArray[np.float32]) -> bool:
        """Copy the oldest block out; where there is none, silence, and it counts as an underrun."""
        if self._pushed == self.taken:
            out.fill(0.0)
            self.underruns += not self.ending
            return False
        np.copyto(out, self._slots[self.taken % self.blocks])
        self.taken += 1
        return True

    def clear(self) -> None:
        """Forget what waits. Only while nobody takes."""
        self.taken = self._pushed
