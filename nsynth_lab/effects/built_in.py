"""BuiltIn: one of the effects in `patch.effect_table`, computed by pedalboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nsynth_lab.audio import read_audio
from nsynth_lab.effects.effect import CHANNELS, ParameterSetter
from nsynth_lab.effects.pedal import pedalboard, run, warm_up
from nsynth_lab.errors import PatchError
from nsynth_lab.patch.effect_table import EffectParameter, EffectRow
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.patch.slot import Slot
from nsynth_lab.tempo import DEFAULT_BPM
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LONGEST_IMPULSE_SECONDS = 10.0


class BuiltIn:
    """An `Effect`: the row of the table says which pedalboard class it is and which parameters it has.

    Raises:
        PatchError: the impulse response of a convolution is not beside the preset, or not at 48 kHz.
        AudioError: it cannot be read.
    """

    def __init__(self, slot: Slot, row: EffectRow, *, home: Path | None = None) -> None:
        self.latency_samples = 0
        self._row = row
        self._settings, self._bpm = row.settings(slot.parameters), DEFAULT_BPM
        self._keeps_time = any(one.beats_of for one in row.parameters)
        self._impulse = _read_impulse(slot.impulse, home) if slot.impulse else None
        self._plugin: Any = None
        self._applied: dict[str, Parameter] = {}

    def prepare(self) -> None:
        """Make the pedalboard object, set its parameters and warm it up."""
        arguments = (
            {"impulse_response_filename": self._impulse, "sample_rate": SAMPLE_RATE}
            if self._impulse is not None
            else {}
        )
        self._plugin, self._applied = getattr(pedalboard(), self._row.pedalboard)(**arguments), {}
        for name, fixed in self._row.fixed.items():
            setattr(self._plugin, name, fixed)
        self._apply()
        self.reset()

    def process(self, block: FloatArray) -> FloatArray:
        """Process the next block [2, samples]."""
        return run(self._plugin, block)

    def setter(self, name: str, *ends: Parameter) -> ParameterSetter:
        """A function that sets a parameter to values between `ends`.

        Raises:
            PatchError: no such parameter, one that cannot change while playing, or an end is out of its range.
        """
        row = self._row.find(name)
        if row.steady:
            raise PatchError("cannot be moved while it plays", place=name)
        for end in ends:
            row.rule.check(end)
        if not self._keeps_time:
            return lambda value: _set(self._plugin, row, value)

        def set_value(value: Parameter) -> None:
            self._settings[name] = value
            self._apply()

        return set_value

    def set_tempo(self, bpm: float) -> None:
        """What is in beats follows this tempo."""
        self._bpm = bpm
        if self._keeps_time:
            self._apply()

    def _apply(self) -> None:
        """Set those parameters of the pedalboard object that are not what they are to be."""
        for name, value in self._row.in_time(self._settings, self._bpm).items():
            if self._applied.get(name) != value:
                _set(self._plugin, self._row.find(name), value)
                self._applied[name] = value

    def reset(self) -> None:
        """Clear all state."""
        self.latency_samples = warm_up(self._plugin, CHANNELS)

    def close(self) -> None:
        """Release the pedalboard object."""
        self._plugin = None


def _set(plugin: Any, row: EffectParameter, value: Parameter) -> None:
    if row.choices:
        value = getattr(type(plugin).Mode, str(value))
    setattr(plugin, row.attribute, value)


def _read_impulse(name: str, home: Path | None) -> FloatArray:
    if home is None or not (home / name).is_file():
        raise PatchError(f"{name}: not beside the preset", place="impulse")
    audio = read_audio(home / name, max_seconds=LONGEST_IMPULSE_SECONDS)
    if audio.sample_rate != SAMPLE_RATE:
        raise PatchError(f"{name}: {audio.sample_rate} Hz; expected {SAMPLE_RATE} Hz", place="impulse")
    samples = audio.samples[:CHANNELS]
    return samples if len(samples) == CHANNELS else samples.repeat(CHANNELS, axis=0)
