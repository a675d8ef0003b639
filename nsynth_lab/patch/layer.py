"""Layer: a VST3 instrument that sounds under the same keys as the blend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.fields import REQUIRED, number, parameters, text, whole
from nsynth_lab.patch.rules import Parameter, checked
from nsynth_lab.patch.slot import check_label, check_plugin, unpacked


@dataclass(frozen=True)
class Layer:
    """A hosted instrument and where on the keyboard it is heard.

    Raises:
        PatchError: see `rules`; a plugin that is given as a path, a state that is not base64, an empty key range.
    """

    plugin: str = text(
        REQUIRED, least=1, most=200, says="name of a VST3 instrument that `nsynth-lab plugins scan` has found"
    )
    label: str = text("", most=40, says="its name among the layers; the plugin's if not given")
    level_db: float = number(0.0, low=-60, high=24, unit="dB", says="its level beside the blend")
    low_key: int = whole(0, low=0, high=127, says="lowest key that plays it, as a MIDI note")
    high_key: int = whole(127, low=0, high=127, says="highest key that plays it")
    transpose: int = whole(
        0, low=-48, high=48, unit="semitones", says="transposition of its notes, on top of the tuning's"
    )
    state: str = text("", most=100_000, says="the plugin's own state, in base64 (`nsynth-lab plugins state`)")
    parameters: dict[str, Parameter] = parameters(most=200, says="parameters of the plugin, by name")

    def __post_init__(self) -> None:
        checked(self)
        check_plugin(self.plugin, self.state)
        if not self.label:
            object.__setattr__(self, "label", self.implied()["label"])
        check_label(self.label)
        if self.low_key > self.high_key:
            raise PatchError(f"{self.low_key} is above high_key = {self.high_key}", place="low_key")

    def implied(self) -> dict[str, Any]:
        """The label, if it follows from the plugin's name and need not be written."""
        return {"label": self.plugin.replace(".", " ")[:40]}

    @property
    def raw_state(self) -> bytes:
        """The state of the plugin."""
        return unpacked(self.state)
