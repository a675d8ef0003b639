"""Plugins: what scanning has found out about them, without reading the disk again while a knob is turned.

A plugin's own parameters have their ranges from there; and those that a slot does not name yet can be set too, which
names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from nsynth_lab.effects import PluginInfo, PluginParameter, scanned_plugins
from nsynth_lab.effects.plugin_cache import CACHE
from nsynth_lab.errors import PatchError
from nsynth_lab.folders import cache_folder
from nsynth_lab.patch import Patch, Slot
from nsynth_lab.patch.rules import Parameter

OF_STAGE = ("mix", "bypass")  # these names are those of the slot, whatever the plugin calls its own
IN_CHAIN = "effects."


def check_plugins(patch: Patch) -> None:
    """Check what the patch sets its plugins to; those that were never scanned are left to whoever loads them.

    Raises:
        PatchError: an unknown parameter, or a value out of its range.
    """
    for number, slot in enumerate(patch.effects, start=1):
        if (info := _known(slot)) is not None:
            for name, value in slot.parameters.items():
                _check(info, name, value, place=f"effects.{number}")


def with_parameter_named(patch: Patch, target: str, value: float) -> Patch:
    """The patch, in which the slot of a plugin names the parameter that a target is.

    Raises:
        PatchError: the value is out of its range.
    """
    label, _, name = target.removeprefix(IN_CHAIN).partition(".")
    for slot in patch.effects if target.startswith(IN_CHAIN) and name not in OF_STAGE else ():
        if slot.label == label and name not in slot.parameters and (info := _known(slot)) is not None:
            parameter = _check(info, name, value, place=f"{IN_CHAIN}{label}")
            if parameter.kind != "number":
                raise PatchError("is no number; change the patch's effects", place=target)
            named = replace(slot, parameters={**slot.parameters, name: value})
            return replace(patch, effects=tuple(named if one is slot else one for one in patch.effects))
    return patch


def plugin_ranges(patch: Patch) -> Mapping[str, PluginParameter]:
    """The numbers of plugins that can be turned while they play, by target."""
    return {
        f"{IN_CHAIN}{slot.label}.{one.name}": one
        for slot in patch.effects
        if (info := _known(slot)) is not None
        for one in info.parameters
        if one.kind == "number" and one.name not in OF_STAGE
    }


def known_plugins() -> tuple[PluginInfo, ...]:
    """All that have been scanned, one of each name: a working one, if there is one."""
    try:
        found = (cache_folder() / CACHE).stat()
    except OSError:
        return ()
    return _read(str(cache_folder()), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _read(_folder: str, _mtime_ns: int, _size: int) -> tuple[PluginInfo, ...]:
    named: dict[str, PluginInfo] = {}
    for info in sorted(scanned_plugins(), key=lambda one: bool(one.error)):
        named.setdefault(info.name.lower(), info)
    return tuple(sorted(named.values(), key=lambda one: one.name.lower()))


def _known(slot: Slot) -> PluginInfo | None:
    wanted = slot.plugin.lower()
    found = next((one for one in known_plugins() if one.name.lower() == wanted), None) if wanted else None
    return None if found is None or found.error else found


def _check(info: PluginInfo, name: str, value: Parameter, *, place: str) -> PluginParameter:
    try:
        parameter = info.find(name)
        parameter.raw(value)
    except PatchError as error:
        raise error.below(place) from None
    return parameter
