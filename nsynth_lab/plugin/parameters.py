"""Parameters: what a host can automate, in one table, and what they are to the engine.

The preset is a parameter of the host too, a choice among those that were there when the plugin was built; the shell
alone knows it (see `shell/shell.cpp`), for the engine is given texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nsynth_lab.midi.events import Event, setting
from nsynth_lab.patch import Patch
from nsynth_lab.render.preset_synth import SYNTH, synth_value, synth_values
from nsynth_lab.version import __version__

MACROS = 8
ATTACK, RELEASE = "envelope.attack_seconds", "envelope.release_seconds"


@dataclass(frozen=True)
class Parameter:
    """A parameter as hosts show it.

    Attributes:
        symbol: its name in saved projects, which never changes.
        name: its name for a person.
        unit: empty for a plain number.
        low, high: its range.
    """

    symbol: str
    name: str
    unit: str = ""
    low: float = 0.0
    high: float = 1.0


PARAMETERS = (
    Parameter("x", "Blend X"),
    Parameter("y", "Blend Y"),
    *(Parameter(f"macro_{number}", f"Macro {number}") for number in range(1, MACROS + 1)),
    Parameter("attack", "Attack", "s", high=5.0),
    Parameter("release", "Release", "s", high=10.0),
    Parameter("level", "Level", "dB", low=-60.0, high=12.0),
)
FIRST_MACRO, ENVELOPE = 2, MACROS + 2  # where they begin


def values_of(patch: Patch) -> tuple[float, ...]:
    """What a patch has for each of `PARAMETERS`; a macro that it lacks stands at 0, its level is 0 dB above itself."""
    here = synth_values(patch.with_macros_applied())
    macros = [macro.value for macro in patch.macros[:MACROS]]
    macros += [0.0] * (MACROS - len(macros))
    values = (here["x"], here["y"], *macros, here["attack_ms"] / 1000.0, here["release_ms"] / 1000.0, 0.0)
    return tuple(min(max(value, row.low), row.high) for row, value in zip(PARAMETERS, values, strict=True))


def events_of(patch: Patch, index: int, value: float, *, at_sample: int) -> list[Event]:
    """What the engine of `patch` is told when parameter `index` is set to `value`, in its unit; clamped to its range.

    A macro moves its targets, later macros none of them: who turns a knob wants to hear it. One that the patch lacks
    does nothing.
    """
    row = PARAMETERS[index]
    value = min(max(value, row.low), row.high)
    if row.symbol in ("x", "y"):
        told = [(row.symbol, value)]
    elif row.symbol == "level":
        told = [("volume_db", value)]
    elif index >= ENVELOPE:
        told = [synth_value(ATTACK if row.symbol == "attack" else RELEASE, value)]
    else:
        knobs = patch.macros[index - FIRST_MACRO :][:1]
        moved = [(move.target, move.value(value)) for macro in knobs for move in macro.moves]
        told = [synth_value(*move) if move[0] in SYNTH else move for move in moved]
    return [setting(name, number, at_sample=at_sample) for name, number in told]


def header(presets: Sequence[tuple[str, Patch, str]], *, usual: int) -> str:
    """Parameters and presets (name, patch, text) as a header for the shell; the preset `usual` is there at first."""
    major, minor, micro = [*__version__.split("."), "0", "0"][:3]
    lines = ["// Made from nsynth_lab/plugin/parameters.py when the plugin is built.", "#pragma once", ""]
    lines += ["struct Row { const char *symbol, *name, *unit; float low, high, first; };", "constexpr Row ROWS[] = {"]
    lines += [
        f'    {{"{row.symbol}", "{row.name}", "{row.unit}", {_float(row.low)}, {_float(row.high)}, {_float(first)}}},'
        for row, first in zip(PARAMETERS, values_of(presets[usual][1]), strict=True)
    ]
    lines += ["};", f"struct Preset {{ const char *name, *text; float values[{len(PARAMETERS)}]; }};"]
    lines += ["constexpr Preset PRESETS[] = {"]
    lines += [
        f"    {{{_quoted(name)}, {_quoted(text)}, {{{', '.join(map(_float, values_of(patch)))}}}}},"
        for name, patch, text in presets
    ]
    lines += ["};", f"constexpr unsigned USUAL_PRESET = {usual};"]
    lines += [f"constexpr unsigned NSYNTH_LAB_MAJOR = {major}, NSYNTH_LAB_MINOR = {minor}, NSYNTH_LAB_MICRO = {micro};"]
    return "\n".join([*lines, ""])


def _float(value: float) -> str:
    """A C number of single precision.

    >>> _float(0.1), _float(-60)
    ('0x1.999999999999ap-4f', '-0x1.e000000000000p+5f')
    """
    return f"{float(value).hex()}f"


def _quoted(text: str) -> str:
    r"""A C string of UTF-8; each byte beside plain ones in octal, which ends after three digits.

    >>> _quoted('ö"?\n')
    '"\\303\\266\\042\\077\\012"'
    """
    plain = set(b" !#$%&'()*+,-./:;<=>@[]^_{|}~") | set(range(48, 58)) | set(range(65, 91)) | set(range(97, 123))
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'
