"""Catalogue: every effect that can be put into the chain, what it does, and its parameters with ranges and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsynth_lab.effects import PluginInfo, PluginParameter
from nsynth_lab.panel.plugins import known_plugins
from nsynth_lab.patch.effect_table import EFFECTS, EffectParameter, EffectRow

FAMILIES: Mapping[str, tuple[str, ...]] = {  # of effects, by their name or by the words of a plugin's category
    "space": ("reverb", "delay", "convolution", "spatial"),
    "movement": ("chorus", "phaser", "flanger", "modulation"),
    "tone": ("highpass", "lowpass", "bell", "low_shelf", "high_shelf", "ladder", "eq", "filter"),
    "level": ("compressor", "gate", "limiter", "gain", "dynamics", "mastering"),
    "dirt": ("distortion", "clip", "bitcrush", "lofi", "fuzz"),
    "pitch": ("pitch shift",),
}
UNITS = ("seconds", "ms", "hz", "db", "beats")


def catalogue() -> list[dict[str, Any]]:
    """A row for each effect: built-in ones in the order of their table, then plugins by name.

    `error` says why one cannot be put into the chain; one that `takes_file` is put there by sending it.
    """
    return [*map(_built_in, EFFECTS.values()), *map(_plugin, known_plugins())]


def _built_in(row: EffectRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.name.replace("_", " "),
        "is_plugin": False,
        "family": _family(row.name),
        "says": row.says,
        "mix": row.mix,
        "takes_file": _takes_file(row),
        "error": "",
        "parameters": [_own_parameter(one) for one in row.parameters],
    }


def _takes_file(row: EffectRow) -> bool:
    return row.name == "convolution"


def _own_parameter(one: EffectParameter) -> dict[str, Any]:
    words = one.name.split("_")
    title = " ".join(words[:-1] if words[-1] in UNITS and len(words) > 1 else words)
    if one.choices:
        return _parameter(one.name, title, "text", default=one.default, choices=list(one.choices))
    return _parameter(
        one.name, title, "number", default=one.default, low=one.low, high=one.high, unit=one.unit, steady=one.steady,
        beats_of=one.beats_of,
    )  # fmt: skip


def _plugin(info: PluginInfo) -> dict[str, Any]:
    words = [word for word in info.category.split("|") if word not in ("Fx", "Stereo", "Mono", "Instrument", "")]
    error = info.error
    if not error and info.kind != "effect":
        error = "an instrument: nsynth-lab capture makes its notes into one that can be blended"
    return {
        "name": info.name,
        "title": info.name,
        "is_plugin": True,
        "family": next((found for word in words if (found := _family(word.lower()))), ""),
        "says": ", ".join(filter(None, ["plugin", " ".join(words).lower(), info.maker])),
        "mix": 1.0,
        "takes_file": False,
        "error": " ".join(error.split()),
        "parameters": [] if error else [_plugin_parameter(one) for one in info.parameters],
    }


def _plugin_parameter(one: PluginParameter) -> dict[str, Any]:
    if one.kind == "number":
        numbers = [float(value) for _, value in one.steps]
        return _parameter(
            one.name, one.title, one.kind, default=one.default, low=min(numbers), high=max(numbers), unit=one.unit
        )
    choices = [str(value) for _, value in one.steps] if one.kind == "text" else []
    return _parameter(one.name, one.title, one.kind, default=one.default, choices=list(dict.fromkeys(choices)))


def _parameter(name: str, title: str, kind: str, **more: Any) -> dict[str, Any]:
    """`steady` is a number that cannot be turned while it plays: another one takes another chain.

    `beats_of` is the parameter whose place one in beats takes, unless it is 0.
    """
    rest = {"default": 0.0, "low": 0.0, "high": 1.0, "unit": "", "choices": [], "steady": False, "beats_of": ""}
    return {"name": name, "title": title, "kind": kind, **rest, **more}


def _family(word: str) -> str:
    return next((family for family, words in FAMILIES.items() if word in words), "")
