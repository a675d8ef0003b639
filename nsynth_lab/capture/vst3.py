"""A VST3 instrument as a source, in the state it is given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nsynth_lab.capture.source import About, Key
from nsynth_lab.effects import find_plugin, is_preset, read_state
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import AudioError, UsageError
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.units import FloatArray


class Vst3Source:
    """A `Source`.

    Args:
        name: of an instrument that was scanned.
        settings: parameters by name.
        state: a .vstpreset file, or any other file with the plugin's own state.

    Raises:
        PluginError: no such plugin, or it cannot be loaded.
        PatchError: a parameter that it has not.
        UsageError: it is no instrument, or the state is no file.
    """

    def __init__(self, name: str, *, settings: Mapping[str, Parameter], state: Path | None = None) -> None:
        info = find_plugin(name)
        if info.kind != "instrument":
            raise UsageError(f"{info.name} is an effect; capture takes instruments")
        moves = [(info.find(key).title, info.find(key).raw(value)) for key, value in settings.items()]
        self._plugin = Vst3(info.path, info.name)
        packed = read_state(state) if state else None
        if state and packed is not None:
            self._plugin.restore(packed, is_preset=is_preset(state))
        for title, raw in moves:
            self._plugin.move(title, raw)
        recipe = {
            "plugin": info.name,
            "version": info.version,
            "digest": info.digest,
            "settings": dict(settings),
            "state": hashlib.sha256(packed).hexdigest()[:16] if packed else "",
        }
        self.about = About(kind="vst3", recipe=recipe, attribution=info.maker)

    def keys(self, wanted: list[Key]) -> list[Key]:
        """All of them: what it lacks is silent."""
        return wanted

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note."""
        sound = self._plugin.note(key.note, key.velocity, hold_seconds=hold_seconds, seconds=seconds)
        if not np.isfinite(sound).all():
            raise AudioError("the plugin gave NaN or infinite samples")
        return np.asarray(sound.mean(axis=0), np.float32)

    def hold_of(self, key: Key, hold_seconds: float) -> float | None:  # noqa: ARG002 all are held as asked
        """As asked."""
        return hold_seconds

    def close(self) -> None:
        """Give back what it holds."""
        self._plugin.close()
