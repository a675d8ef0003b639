"""Examines one .vst3 in a process of its own: `python -m nsynth_lab.effects.scan_child PATH`; see `scan`.

Prints one line of JSON for each plugin in the file, so that a crash loses only what comes after it. Whatever the
plugin itself prints is discarded.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from dataclasses import replace
from typing import Any, TextIO

import numpy as np

from nsynth_lab.effects.effect import MAX_BLOCK_SAMPLES
from nsynth_lab.effects.pedal import run
from nsynth_lab.effects.plugin_info import PluginInfo, PluginParameter
from nsynth_lab.effects.vst3 import Vst3, plugin_names
from nsynth_lab.errors import PluginError

READINGS = 65  # of a continuous parameter, from 0 to 1
MOST_STEPS = 130
MOST_PARAMETERS = 500
PSEUDO = re.compile(r"MIDI Ch\.? ?\d+ .*|MIDI CC .*|Buffer Size|Sample Rate|Current Program", re.IGNORECASE)
TRUE, FALSE = {"on", "true", "yes", "enabled"}, {"off", "false", "no", "disabled"}
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(\D{0,12})", re.IGNORECASE)


def examine(path: str, name: str) -> PluginInfo:
    """Load one plugin, read its properties and parameters, and process half a second of noise with it."""
    started = time.perf_counter()
    plugin = Vst3(path, name)
    own = plugin.instances[0]
    info = PluginInfo(
        path,
        name,
        digest="",
        kind="instrument" if own.is_instrument else "effect",
        maker=str(own.manufacturer_name or ""),
        version=str(own.version or ""),
        category=str(own.category or ""),
        parameters=_parameters(own),
    )
    if own.is_effect:
        channels, latency = _channels(plugin)
        noise = np.random.default_rng(0).standard_normal((channels, MAX_BLOCK_SAMPLES)).astype(np.float32)
        for _ in range(24):
            run(own, noise * np.float32(0.1))
        info = replace(info, channels=channels, latency_samples=latency)
    return replace(info, seconds=round(time.perf_counter() - started, 3))


def _channels(plugin: Vst3) -> tuple[int, int]:
    """(channels it accepts, latency in samples)."""
    try:
        return 2, plugin.warm_up(2)
    except PluginError:
        return 1, plugin.warm_up(1)


def _parameters(plugin: Any) -> tuple[PluginParameter, ...]:
    found: dict[str, PluginParameter] = {}
    for one in plugin._parameters:
        title = str(one.name)
        name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
        if name and name not in found and not PSEUDO.fullmatch(title) and len(found) < MOST_PARAMETERS:
            found[name] = _parameter(one, name, title)
    return tuple(found.values())


def _parameter(one: Any, name: str, title: str) -> PluginParameter:
    readings = one.num_steps if 2 <= one.num_steps <= READINGS else READINGS
    raws = [index / (readings - 1) for index in range(readings)]
    texts = [str(one.get_text_for_raw_value(raw)).strip() for raw in raws]
    default = str(one.string_value).strip()
    words = {text.lower() for text in texts}
    if len(words) == 2 and words & TRUE and words & FALSE:
        return PluginParameter(name, title, "flag", "", default.lower() in TRUE, ((0.0, False), (1.0, True)))
    numbers = [_NUMBER.fullmatch(text) for text in (*texts, default)]
    if all(numbers) and len({match[2] for match in numbers if match}) == 1:
        *values, current = [float(match[1]) for match in numbers if match]
        if one.num_steps == 2 and sorted(values) == [0.0, 1.0]:
            return PluginParameter(name, title, "flag", "", current >= 0.5, ((0.0, False), (1.0, True)))
        unit = str(one.label or "").strip() or next(match[2] for match in numbers if match).strip()
        if sorted(values) in (values, values[::-1]) and values[0] != values[-1]:
            return PluginParameter(name, title, "number", unit, current, _steps(raws, values))
    return PluginParameter(name, title, "text", "", default, _first_of_each(raws, texts))


def _steps(raws: list[float], values: list[float]) -> tuple[tuple[float, float], ...]:
    """(raw, value) pairs, without those that linear interpolation between their neighbours gives too."""
    kept = [0]
    for index in range(1, len(values) - 1):
        low, high = kept[-1], index + 1
        straight = np.interp(raws[low:high], [raws[low], raws[high]], [values[low], values[high]])
        if np.abs(straight - values[low:high]).max() > 1e-3 * abs(values[-1] - values[0]):
            kept.append(index)
    return tuple((raws[index], values[index]) for index in [*kept, len(values) - 1])


def _first_of_each(raws: list[float], texts: list[str]) -> tuple[tuple[float, str], ...]:
    first: dict[str, float] = {}
    for raw, text in zip(raws, texts, strict=True):
        first.setdefault(text, raw)
    return tuple((raw, text) for text, raw in list(first.items())[:MOST_STEPS])


def _report(path: str, out: TextIO) -> None:
    for name in plugin_names(path):
        try:
            info = examine(path, name)
        except PluginError as error:
            info = PluginInfo(path, name, digest="", error=str(error))
        out.write(json.dumps(info.to_dict()) + "\n")
        out.flush()


def main() -> None:
    """Examine the file named on the command line."""
    out = os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        _report(sys.argv[1], out)
    except PluginError as error:
        out.write(json.dumps(PluginInfo(sys.argv[1], "", digest="", error=str(error)).to_dict()) + "\n")
    out.flush()
    os._exit(0)  # everything is reported: a plugin that crashes while unloading does no harm


if __name__ == "__main__":
    main()
