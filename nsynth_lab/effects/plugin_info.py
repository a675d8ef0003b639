"""What is known of a plugin without loading it: name, kind, channels, latency, parameters and their ranges."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.effect_table import find_parameter
from nsynth_lab.patch.rules import Parameter, plain
from nsynth_lab.wording import did_you_mean, quoted


@dataclass(frozen=True)
class PluginParameter:
    """One parameter of a plugin.

    Attributes:
        name: as written in presets, such as `time_ms`.
        title: as the plugin calls it, such as `Time`.
        kind: number, flag or text.
        unit: of a number, if the plugin says.
        default: its value when the plugin is loaded.
        steps: pairs (raw, value): the plugin's own scale, rising from 0 to 1, and the value there.
    """

    name: str
    title: str
    kind: str
    unit: str
    default: Parameter
    steps: tuple[tuple[float, Parameter], ...]

    def describe(self) -> str:
        """Range, unit and default, as one readable line."""
        if self.kind == "number":
            values = [float(value) for _, value in self.steps]
            default = plain(float(self.default))
            return f"{plain(min(values))} to {plain(max(values))} {self.unit}".strip() + f"; {default}"
        if self.kind == "flag":
            return f"true or false; {str(self.default).lower()}"
        names = [str(value) for _, value in self.steps]
        return f"{', '.join(names[:12])}{', ...' * (len(names) > 12)}; {self.default}"

    def raw(self, value: Parameter) -> float:
        """A value on the plugin's own scale of 0 to 1.

        Raises:
            PatchError: the parameter cannot have this value.
        """
        return self.scale(value)(value)

    def scale(self, *ends: Parameter) -> Callable[[Parameter], float]:
        """A function from values to the plugin's own scale of 0 to 1, for `ends` and numbers between them.

        Raises:
            PatchError: the parameter cannot have one of `ends`.
        """
        if self.kind == "flag":
            for end in ends:
                if end not in (0.0, 1.0):  # False and True are equal to these
                    raise PatchError(f"{quoted(end)} is neither true nor false", place=self.name)
            return lambda value: float(float(value) >= 0.5)
        if self.kind == "text":
            places = {name: raw for raw, name in reversed(self.steps)}
            for end in ends:
                if end not in places:
                    raise PatchError(
                        f"{quoted(end)}; {did_you_mean(str(end), list(map(str, places)))}", place=self.name
                    )
            return lambda value: places[value]
        return self._number_scale(ends)

    def _number_scale(self, ends: Sequence[Parameter]) -> Callable[[Parameter], float]:
        values, raws = [float(value) for _, value in self.steps], [raw for raw, _ in self.steps]
        low, high = min(values), max(values)
        for end in ends:
            if isinstance(end, (bool, str)) or not low <= end <= high:
                expected = f"{plain(low)} to {plain(high)} {self.unit}".strip()
                raise PatchError(f"{quoted(end)}; expected {expected}", place=self.name)
        sign = -1.0 if values[0] > values[-1] else 1.0
        rising = [sign * value for value in values]

        def raw(value: Parameter) -> float:
            wanted = sign * float(value)
            right = min(bisect_left(rising, wanted), len(rising) - 1)
            left = max(0, right - 1)
            (a, raw_a), (b, raw_b) = (rising[left], raws[left]), (rising[right], raws[right])
            return raw_b if a == b else raw_a + (raw_b - raw_a) * (wanted - a) / (b - a)

        return raw


@dataclass(frozen=True)
class PluginInfo:
    """One plugin, or a file that holds no working plugin.

    Attributes:
        path: its .vst3 file or folder, which may hold several plugins; `name` is this one's.
        digest: hash of the file or folder.
        error: why it cannot be used; empty if it works.
        kind: effect or instrument.
        channels: 1 if it is mono, otherwise 2.
        latency_samples: its latency.
        seconds: how long it took to load and examine.
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
        """The parameter called `name`.

        Raises:
            PatchError: there is none; the message suggests the closest name.
        """
        return find_parameter(self.parameters, name, owner=self.name)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> PluginInfo:
        """The inverse of `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: not made by `to_dict`.
        """
        parameters = tuple(
            PluginParameter(**{**one, "steps": tuple((float(raw), value) for raw, value in one["steps"])})
            for one in given["parameters"]
        )
        return cls(**{**given, "parameters": parameters})
