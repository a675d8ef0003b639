"""Slot: one effect of a chain, built in or a plugin, with its settings."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.effect_table import EFFECTS, EffectRow, find_effect
from nsynth_lab.patch.fields import flag, number, parameters, text
from nsynth_lab.patch.rules import Parameter, checked
from nsynth_lab.wording import quoted

PLUGIN = "plugin"
IMPULSE_ENDINGS = (".wav", ".flac", ".aif", ".aiff", ".ogg")


@dataclass(frozen=True)
class Slot:
    """One effect and its settings.

    A plugin is given by name, never as a file: only plugins that the user has scanned are loaded.

    Raises:
        PatchError: an unknown effect or parameter, a value out of range, a file name that leads out of the folder.
    """

    effect: str = text("", most=40, says="a built-in effect; `plugin` for a plugin")
    plugin: str = text("", most=200, says="name of a VST3 plugin that `nsynth-lab plugins scan` has found")
    label: str = text("", most=40, says="its name within the chain; the effect's if not given")
    bypass: bool = flag(False, says="skipped")
    mix: float = number(-1.0, low=-1, high=1, says="0 is dry, 1 all effect; the effect's own default if not given")
    impulse: str = text("", most=100, says="sound file beside the preset, for convolution")
    state: str = text("", most=100_000, says="a plugin's own state, in base64")
    parameters: dict[str, Parameter] = parameters(most=200, says="parameters of the effect, by name")

    def __post_init__(self) -> None:
        checked(self)
        if self.plugin and self.effect not in ("", PLUGIN):
            raise PatchError(f"{quoted(self.effect)} beside a plugin; leave one of them out", place="effect")
        if self.effect == PLUGIN and not self.plugin:
            raise PatchError("missing; name the plugin", place="plugin")
        object.__setattr__(self, "effect", self.effect or (PLUGIN if self.plugin else ""))
        (self._check_plugin if self.plugin else self._check_built_in)()
        for name, value in self.implied().items():
            if getattr(self, name) in ("", -1.0):
                object.__setattr__(self, name, value)
        if self.mix < 0:
            raise PatchError(f"{self.mix:g} is out of range; expected 0 to 1", place="mix")
        check_label(self.label)

    def implied(self) -> dict[str, Any]:
        """Fields that follow from others and need not be written: effect, label and mix."""
        label = self.plugin.replace(".", " ") if self.plugin else self.effect
        return {"label": label, "mix": self.row.mix if self.row else 1.0, **({"effect": PLUGIN} if self.plugin else {})}

    @property
    def row(self) -> EffectRow | None:
        """Its row in the table of built-in effects; None for a plugin."""
        return EFFECTS.get(self.effect)

    @property
    def raw_state(self) -> bytes:
        """The state of the plugin."""
        return unpacked(self.state)

    def _check_built_in(self) -> None:
        try:
            row = find_effect(self.effect)
        except PatchError as error:
            raise error.below("effect") from None
        try:
            row.settings(self.parameters)
        except PatchError as error:
            raise error.below("parameters") from None
        if self.state:
            raise PatchError("only plugins have one", place="state")
        if bool(self.impulse) != (self.effect == "convolution"):
            raise PatchError("convolution needs a sound file beside the preset, and no other effect", place="impulse")
        if self.impulse:
            check_beside(self.impulse, "impulse")

    def _check_plugin(self) -> None:
        if self.impulse:
            raise PatchError("only convolution has one", place="impulse")
        check_plugin(self.plugin, self.state)


def check_label(label: str) -> None:
    """Refuse a label that could not be told from the parameter behind it.

    Raises:
        PatchError: it holds a point.
    """
    if "." in label:
        raise PatchError(f"{quoted(label)} holds a point; parameters are named label.parameter", place="label")


def check_plugin(name: str, state: str) -> None:
    """Refuse a plugin that is given as a path, and a state that is not base64.

    Raises:
        PatchError: it is.
    """
    if "/" in name or "\\" in name:
        raise PatchError(f"{quoted(name)} is a path; name a plugin that was scanned", place="plugin")
    try:
        b64decode(state, validate=True)
    except (binascii.Error, ValueError):
        raise PatchError("is not base64", place="state") from None


def unpacked(state: str) -> bytes:
    """The bytes of a plugin's state that `check_plugin` has let pass."""
    return b64decode(state)


def check_beside(name: str, place: str) -> None:
    """Refuse a file name that leads out of the folder of its preset.

    Raises:
        PatchError: it leads elsewhere, or is not a sound file.
    """
    if "/" in name or "\\" in name or ":" in name or name.startswith("."):
        raise PatchError(f"{quoted(name)}; expected a plain file name beside the preset", place=place)
    if not name.lower().endswith(IMPULSE_ENDINGS):
        raise PatchError(f"{quoted(name)}; expected a sound file ({' '.join(IMPULSE_ENDINGS)})", place=place)
