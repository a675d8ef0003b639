"""HostedEffect: a third-party effect plugin in the chain; and plugin states, read from files and packed for presets."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from nsynth_lab.effects.effect import ParameterSetter
from nsynth_lab.effects.hosted_plugin import setup_of
from nsynth_lab.effects.plugin_cache import find_plugin
from nsynth_lab.effects.plugin_here import start_plugin
from nsynth_lab.effects.plugin_info import PluginInfo
from nsynth_lab.effects.shared_blocks import Change
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.effects.watchdog import SLOW_BLOCKS
from nsynth_lab.errors import PluginError, UsageError
from nsynth_lab.patch.layer import Layer
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.patch.slot import Slot
from nsynth_lab.units import FloatArray

MAX_STATE_BYTES = 16 * 2**20


class HostedEffect:
    """An `Effect`, in a process of its own. The slot's state is restored first, then the parameters it names are set.

    With `live`, a block that comes too late passes unprocessed.

    Raises:
        PluginError: no such plugin was scanned, or it is an instrument.
        PatchError: an unknown parameter, or a value out of its range.
    """

    def __init__(self, slot: Slot, *, live: bool = False) -> None:
        self.latency_samples = 0
        self._info = info = effect_info(slot)
        changes = {name: info.find(name).raw(value) for name, value in slot.parameters.items()}
        self._plugin = start_plugin(setup_of(info, state=slot.raw_state, changes=changes, live=live))
        self._late_in_a_row = 0

    def prepare(self) -> None:
        """Wait until the plugin is loaded, set up and warmed up, which has begun when this was made."""
        self._plugin.ready()
        self.latency_samples = self._plugin.latency_samples

    def process(self, block: FloatArray) -> FloatArray:
        """Process the next block [2, samples].

        Raises:
            PluginError: its process has ended or hangs, or it is always too late.
        """
        plugin = self._plugin
        plugin.submit(block.shape[1], sound=block)
        out = plugin.take()
        self._late_in_a_row = 0 if out is not None else self._late_in_a_row + 1
        if plugin.trouble:
            raise PluginError(f"it {plugin.trouble}")
        if self._late_in_a_row >= SLOW_BLOCKS:
            raise PluginError("it is too slow for real time")
        return block if out is None else out

    def setter(self, name: str, *ends: Parameter) -> ParameterSetter:
        """A function that sets a parameter to values between `ends`; a switch is on from 0.5 upwards.

        Raises:
            PatchError: no such parameter, or an end is out of its range.
        """
        parameter = self._info.find(name)
        raw, place = parameter.scale(*ends), self._info.parameters.index(parameter)
        return lambda value: self._plugin.change(Change(place, raw(value)))

    def set_tempo(self, bpm: float) -> None:
        """Nothing: pedalboard tells plugins no tempo."""

    def reset(self) -> None:
        """Clear all state."""
        self._plugin.reset()

    def close(self) -> None:
        """Unload the plugin."""
        self._plugin.close()


def packed_state(name: str, *, settings: Mapping[str, Parameter], preset: Path | None = None) -> str:
    """A plugin's state in base64, for the `state` of a preset's slot, after loading `preset` and applying `settings`.

    Raises:
        PluginError: no such plugin was scanned, or it refuses the preset.
        PatchError: an unknown parameter, or a value out of its range.
        UsageError: `preset` is not a file.
    """
    info = find_plugin(name)
    changes = [(info.find(key).title, info.find(key).raw(value)) for key, value in settings.items()]
    plugin = Vst3(info.path, info.name)
    if preset is not None:
        plugin.restore(read_state(preset), is_preset=is_preset(preset))
    for title, raw in changes:
        plugin.set_parameter(title, raw)
    if info.kind == "effect":
        plugin.warm_up(info.channels)  # a changed parameter reaches the plugin itself with the next block
    else:
        plugin.play_note(60, 1, hold_seconds=0.01, seconds=0.05)
    state = b64encode(plugin.state()).decode()
    plugin.close()
    return state


def read_state(path: Path) -> bytes:
    """The bytes of a file that holds a plugin's state.

    Raises:
        UsageError: no such file, or one that is empty or larger than 16 MiB.
    """
    if not path.is_file() or not 0 < path.stat().st_size <= MAX_STATE_BYTES:
        raise UsageError(f"{path}: no file of a plugin's state, of up to {MAX_STATE_BYTES // 2**20} MiB")
    return path.read_bytes()


def is_preset(path: Path) -> bool:
    """Whether a file is a VST3 preset (.vstpreset), rather than a raw state."""
    return path.suffix.lower() == ".vstpreset"


def effect_info(slot: Slot) -> PluginInfo:
    """What is known of a slot's plugin, after checking the slot's parameters against the plugin's.

    Raises:
        PluginError: no such plugin was scanned, or it is an instrument.
        PatchError: an unknown parameter, or a value out of its range.
    """
    info = _checked(slot.plugin, slot.parameters)
    if info.kind != "effect":
        raise PluginError(
            f"{info.name} is an instrument: write it under [[layers]], or capture it (`nsynth-lab capture`) and blend "
            "it by name"
        )
    return info


def instrument_info(layer: Layer) -> PluginInfo:
    """What is known of a layer's plugin; else as `effect_info`."""
    info = _checked(layer.plugin, layer.parameters)
    if info.kind != "instrument":
        raise PluginError(f"{info.name} is an effect: write it under [[effects]]")
    return info


def _checked(name: str, parameters: Mapping[str, Parameter]) -> PluginInfo:
    info = find_plugin(name)
    for parameter, value in parameters.items():
        info.find(parameter).raw(value)
    return info
