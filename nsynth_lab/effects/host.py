"""HostedEffect: a third-party effect plugin in the chain; and plugin states, read from files and packed for presets."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from nsynth_lab.effects.effect import CHANNELS, ParameterSetter
from nsynth_lab.effects.plugin_cache import find_plugin
from nsynth_lab.effects.plugin_info import PluginInfo
from nsynth_lab.effects.state_probe import check_state
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import PluginError, UsageError
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.patch.slot import Slot
from nsynth_lab.units import FloatArray

MAX_STATE_BYTES = 16 * 2**20


class HostedEffect:
    """An `Effect`. The slot's state is restored first, then the parameters it names are set.

    Raises:
        PluginError: no such plugin was scanned, or it is an instrument.
        PatchError: an unknown parameter, or a value out of its range.
    """

    def __init__(self, slot: Slot) -> None:
        self.latency_samples = 0
        self._slot = slot
        self._info = effect_info(slot)
        self._plugin: Vst3 | None = None

    def prepare(self) -> None:
        """Load the plugin, set it up and warm it up. On the main thread."""
        self._plugin = Vst3(self._info.path, self._info.name, instances=CHANNELS // self._info.channels)
        if self._slot.state:
            check_state(self._info, self._slot.raw_state)
            self._plugin.restore(self._slot.raw_state)
        for name, value in self._slot.parameters.items():
            self.setter(name, value)(value)
        self.reset()

    def process(self, block: FloatArray) -> FloatArray:
        """Process the next block [2, samples]."""
        return self._loaded.process(block)

    def setter(self, name: str, *ends: Parameter) -> ParameterSetter:
        """A function that sets a parameter to values between `ends`; a switch is on from 0.5 upwards.

        Raises:
            PatchError: no such parameter, or an end is out of its range.
        """
        parameter = self._info.find(name)
        raw = parameter.scale(*ends)
        return lambda value: self._loaded.set_parameter(parameter.title, raw(value))

    def reset(self) -> None:
        """Clear all state. On the main thread."""
        self.latency_samples = self._loaded.warm_up(CHANNELS)

    def close(self) -> None:
        """Unload the plugin. On the main thread."""
        if self._plugin is not None:
            self._plugin.close()

    @property
    def _loaded(self) -> Vst3:
        if self._plugin is None:
            raise PluginError(f"{self._info.name}: is not loaded yet")
        return self._plugin


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
    info = find_plugin(slot.plugin)
    if info.kind != "effect":
        raise PluginError(f"{info.name} is an instrument: capture it (`nsynth-lab capture`) and blend it by name")
    for name, value in slot.parameters.items():
        info.find(name).raw(value)
    return info
