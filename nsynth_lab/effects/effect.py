"""Effect: the contract of everything in a chain; and Delay, which keeps the dry sound in sync with the wet one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from nsynth_lab.patch.rules import Parameter
from nsynth_lab.units import FloatArray

ParameterSetter = Callable[[Parameter], None]

CHANNELS = 2
MAX_BLOCK_SAMPLES = 1024
SHORTEST_BLOCK_SAMPLES = 3  # pedalboard mistakes two samples of two channels for interleaved mono


class Effect(Protocol):
    """`prepare` once on the main thread, then `process` blocks [2, samples] of 3 to 1024 samples on any one thread.

    Law: the output does not depend on how the input is cut into blocks; it is `latency_samples` late.
    """

    latency_samples: int

    def prepare(self) -> None:
        """Allocate, load and warm up: afterwards silence has already been processed."""

    def process(self, block: FloatArray) -> FloatArray:
        """Process the next block [2, samples]; the result has the same shape."""

    def setter(self, name: str, *ends: Parameter) -> ParameterSetter:
        """A function that sets a parameter from the next block on.

        `ends` are the extreme values it will be called with, checked here once, so that setting itself cannot fail.
        """

    def set_tempo(self, bpm: float) -> None:
        """What is in beats follows this tempo from the next block on."""

    def reset(self) -> None:
        """Clear all state, such as tails. On the main thread."""

    def close(self) -> None:
        """Release all resources; the effect cannot be used afterwards. On the main thread."""


class Delay:
    """Delays a stereo signal [2, samples] by a fixed number of samples."""

    def __init__(self, samples: int) -> None:
        self._held = np.zeros((CHANNELS, samples), np.float32)

    def process(self, block: FloatArray) -> FloatArray:
        """The delayed block, as long as the one given."""
        if not self._held.shape[1]:
            return block
        joined = np.concatenate([self._held, block], axis=1)
        self._held = joined[:, block.shape[1] :]
        return joined[:, : block.shape[1]]

    def reset(self) -> None:
        """Fill the delay line with silence."""
        self._held = np.zeros_like(self._held)
