"""What the mixed blocks go through: a patch's effects, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from nsynth_lab.synth.mixer import soft_clip
from nsynth_lab.units import FloatArray


class OutputStage(Protocol):
    """Takes blocks, and what controllers turn there."""

    @property
    def latency_samples(self) -> int:
        """How much later the sound comes out of it."""

    @property
    def quiet(self) -> bool:
        """Whether its own tail has died away."""

    def on_control_change(self, controller: int, value: float, at_sample: int) -> Mapping[str, object]:
        """A controller is moved to `value`, 0 to 127; returns the synth's settings that it changes, and to what."""

    def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
        """The next block [2, samples], which begins at `begin_sample` of the engine's clock, kept below full scale."""

    def troubles(self) -> list[str]:
        """What had to be taken out since it was last asked, a line each."""


class Bypass:
    """An `OutputStage` without effects: what comes near full scale is bent, so that it never reaches that."""

    latency_samples, quiet = 0, True

    def on_control_change(self, controller: int, value: float, at_sample: int) -> Mapping[str, object]:
        """No setting changes."""
        del controller, value, at_sample
        return {}

    def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
        """The same block, through `mixer.soft_clip`."""
        del begin_sample
        return soft_clip(block)

    def troubles(self) -> list[str]:
        """None."""
        return []


BYPASS = Bypass()
