"""What is known of a plugin without loading it: name, kind, channels, latency, parameters and their ranges."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import asdict, dataclass
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.effect_table import find_parameter, nearest
from nsynth_lab.patch.rules import Parameter, plain, shown


@dataclass(frozen=True)
class PluginParameter:
    """One parameter of a plugin.

    Attributes:
        name: as presets write it: `time_ms`.
        title: as the plugin calls it: `Time`.
        kind: number, flag or text.
        unit: of numbers, where the plugin tells.
        default: where it stands when the plugin is loaded.
        steps: (where the plugin's own scale of 0 to 1 stands, the value there), rising in the former.
    """

    name: str
    title: str
    kind: str
    unit: str
    default: Parameter
    steps: tuple[tuple[float, Parameter], ...]

    def describe(self) -> str:
        """Range, unit and default, for a person to read."""
        if self.kind == "number":
            values = [float(value) for _, value in self.steps]
            default = plain(float(self.default))
            return f"{plain(min(values))} to {plain(max(values))} {self.unit}".strip() + f"; {default}"
        if self.kind == "flag":
            return f"true or false; {str(self.default).lower()}"
        names = [str(value) for _, value in self.steps]
        return f"{', '.join(names[:12])}{', ...' * (len(names) > 12)}; {self.default}"

    def raw(self, value: Parameter) -> float:
        """Where on its own scale of 0 to 1 the plugin has this value.

        Raises:
            PatchError: a value it cannot have.
        """
        if self.kind == "flag":
            if value not in (0.0, 1.0):  # as false and true compare
                raise PatchError(f"{shown(value)} is neither true nor false", place=self.name)
            return float(value)
        if self.kind == "text":
            for raw, name in self.steps:
                if name == value:
                    return raw
            names = [str(name) for _, name in self.steps]
            raise PatchError(f"{shown(value)}; {nearest(str(value), names)}", place=self.name)
        return self._raw_of_number(value)

    def _raw_of_number(self, value: Parameter) -> float:
        steps = [(raw, float(step)) for raw, step in self.steps]
        low, high = min(step for _, step in steps), max(step for _, step in steps)
        if isinstance(value, (bool, str)) or not low <= value <= high:
            expected = f"{plain(low)} to {plain(high)} {self.unit}".strip()
            raise PatchError(f"{shown(value)}; expected {expected}", place=self.name)
        if steps[0][1] > steps[-1][1]:
            steps = [(raw, -step) for raw, step in steps]
            value = -value
        right = min(bisect_left([step for _, step in steps], value), len(steps) - 1)
        (raw_a, a), (raw_b, b) = steps[max(0, right - 1)], steps[right]
        return raw_b if a == b else raw_a + (raw_b - raw_a) * (value - a) / (b - a)


@dataclass(frozen=True)
class PluginInfo:
    """One plugin, or one file that holds none that works.

    Attributes:
        path: its .vst3 file or folder; `name` within it.
        digest: of its contents.
        error: why it cannot be used; empty where it can.
        kind: effect or instrument.
        channels: 1 where it is mono, else 2.
        latency_samples: how late its sound comes.
        seconds: that loading took.
    """

    path: str
    name: str
    digest: str
    error: str = ""
    kind: str = ""
    maker: str = ""
    version: str = ""
    category: str = ""
    channels: int = 0
    latency_samples: int = 0
    seconds: float = 0.0
    parameters: tuple[PluginParameter, ...] = ()

    def find(self, name: str) -> PluginParameter:
        """The parameter of that name.

        Raises:
            PatchError: there is none; the nearest is offered.
        """
        return find_parameter(self.parameters, name, owner=self.name)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> PluginInfo:
        """Back from `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: not from there.
        """
        parameters = tuple(
            PluginParameter(**{**one, "steps": tuple((float(raw), value) for raw, value in one["steps"])})
            for one in given["parameters"]
        )
        return cls(**{**given, "parameters": parameters})
