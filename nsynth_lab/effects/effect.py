"""Effect: what everything in a chain can do; and the delay that keeps the dry sound in step with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from nsynth_lab.patch.rules import Parameter
from nsynth_lab.units import FloatArray

Knob = Callable[[Parameter], None]

CHANNELS = 2
MAX_BLOCK_SAMPLES = 1024
SHORTEST_BLOCK_SAMPLES = 3  # pedalboard takes two samples of two channels for one channel of two


class Effect(Protocol):
    """`prepare` once on the main thread, then `process` blocks [2, samples] of 3 to 1024 samples on any one thread.

    Law: blocks of any sizes give what the whole gives, `latency_samples` late.
    """

    latency_samples: int

    def prepare(self) -> None:
        """Make it ready: allocate, load, warm up. Silence has gone through it."""

    def process(self, block: FloatArray) -> FloatArray:
        """The next block [2, samples], as long as it came."""

    def knob(self, name: str, *ends: Parameter) -> Knob:
        """What moves a parameter, from the next block on, to `ends` and what lies between them: checked here, once."""

    def reset(self) -> None:
        """Forget what has been heard. On the main thread."""

    def close(self) -> None:
        """Give back what it holds. On the main thread; nothing else may be asked of it after."""


class Delay:
    """So many samples later: [2, samples] in and out."""

    def __init__(self, samples: int) -> None:
        self._kept = np.zeros((CHANNELS, samples), np.float32)

    def process(self, block: FloatArray) -> FloatArray:
        """The next block, as long as it came."""
        if not self._kept.shape[1]:
            return block
        joined = np.concatenate([self._kept, block], axis=1)
        self._kept = joined[:, block.shape[1] :]
        return joined[:, : block.shape[1]]

    def reset(self) -> None:
        """Forget what has been heard."""
        self._kept = np.zeros_like(self._kept)
