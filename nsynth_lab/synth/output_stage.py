"""The output stage after the mixer: a patch's effects, or `Bypass`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from nsynth_lab.midi.events import Event
from nsynth_lab.synth.mixer import soft_clip
from nsynth_lab.units import FloatArray


class OutputStage(Protocol):
    """Processes the mixed blocks, and has controllers of its own."""

    @property
    def latency_samples(self) -> int:
        """Delay from input to output."""

    @property
    def quiet(self) -> bool:
        """Whether its tail (reverb, echoes) has died away."""

    @property
    def taken_out(self) -> Mapping[str, str]:
        """Effects that had to be removed so far, by label, and why."""

    def on_control_change(self, controller: int, value: float, at_sample: int) -> Mapping[str, object]:
        """Take a controller at `value`, 0 to 127; returns the synth settings that it changes, by name."""

    def set(self, target: str, value: float, at_sample: int) -> Mapping[str, object]:
        """Set a parameter of the patch that is none of the synth's; returns the settings that it changes, by name.

        What the patch has not is left alone.
        """

    def hear(self, event: Event, at_sample: int) -> None:
        """Hear an event that the synth plays too, before the block in which it happens; for instruments beside it."""

    def begin(self, begin_sample: int, samples: int) -> None:
        """The synth is about to make the block that begins there: what can be made at the same time is begun."""

    def set_tempo(self, bpm: float, at_sample: int) -> None:
        """What is in beats follows this tempo."""

    def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
        """Process the block [2, samples] that begins at `begin_sample` of the clock; stays below 0 dBFS."""

    def troubles(self) -> list[str]:
        """Effects that had to be removed since the last call, one line each."""

    def close(self) -> None:
        """Nothing more comes through it: unload its plugins. On the main thread."""


class Bypass:
    """An `OutputStage` without effects: a soft clip keeps it below 0 dBFS."""

    latency_samples, quiet = 0, True
    taken_out: Mapping[str, str] = MappingProxyType({})

    def on_control_change(self, controller: int, value: float, at_sample: int) -> Mapping[str, object]:
        """No setting changes."""
        del controller, value, at_sample
        return {}

    def set(self, target: str, value: float, at_sample: int) -> Mapping[str, object]:
        """There is no patch."""
        del target, value, at_sample
        return {}

    def hear(self, event: Event, at_sample: int) -> None:
        """Nothing plays beside the synth."""

    def begin(self, begin_sample: int, samples: int) -> None:
        """There is nothing to begin."""

    def set_tempo(self, bpm: float, at_sample: int) -> None:
        """Nothing is in beats."""

    def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
        """The block through `mixer.soft_clip`."""
        del begin_sample
        return soft_clip(block)

    def troubles(self) -> list[str]:
        """None."""
        return []

    def close(self) -> None:
        """There is nothing to unload."""


BYPASS = Bypass()
