"""A VST3 instrument as a source, in the state it is given: every note begins in it, and is played until it settles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nsynth_lab.capture.settling import Settling
from nsynth_lab.capture.source import About, Key
from nsynth_lab.effects import find_plugin, is_preset, read_state
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import AudioError, UsageError
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.units import FloatArray

TAKEN_WITHIN = 0.01  # of a parameter's whole range


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
        moves = {info.find(key).title: info.find(key).raw(value) for key, value in settings.items()}
        packed = read_state(state) if state else b""
        self._plugin = Vst3(info.path, info.name)
        remarks = self._restored(packed, state) if state else []
        for title, raw in moves.items():
            self._plugin.set_parameter(title, raw)
        self._plugin.play_silence()  # what was moved reaches the plugin itself with the next block
        remarks += [
            f"{info.name} did not take {title}: it stands at {self._plugin.parameter(title):.3g} of 1, not {raw:.3g}"
            for title, raw in moves.items()
            if abs(self._plugin.parameter(title) - raw) > TAKEN_WITHIN
        ]
        self._begins_in: bytes | None = self._plugin.state()
        self._settling = Settling(info.name)
        recipe = {
            "plugin": info.name,
            "version": info.version,
            "digest": info.digest,
            "settings": dict(settings),
            "state": hashlib.sha256(packed).hexdigest()[:16] if packed else "",
        }
        self.about = About(kind="vst3", recipe=recipe, attribution=info.maker, remarks=tuple(remarks))

    def keys(self, wanted: list[Key]) -> list[Key]:
        """All of them: what it lacks is silent."""
        return wanted

    def play(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note, once it comes twice alike."""
        return self._settling.take(lambda: self._once(key, hold_seconds=hold_seconds, seconds=seconds))

    def hold_of(self, key: Key, hold_seconds: float) -> float | None:  # noqa: ARG002 all are held as asked
        """As asked."""
        return hold_seconds

    def close(self) -> None:
        """Give back what it holds."""
        self._plugin.close()

    def _once(self, key: Key, *, hold_seconds: float, seconds: float) -> FloatArray:
        self._begin_anew()
        sound = self._plugin.play_note(key.note, key.velocity, hold_seconds=hold_seconds, seconds=seconds)
        if not np.isfinite(sound).all():
            raise AudioError("the plugin gave NaN or infinite samples")
        return np.asarray(sound.mean(axis=0), np.float32)

    def _begin_anew(self) -> None:
        """A note may have moved something. Setting a state makes samplers load anew, so only where it is another."""
        if self._begins_in is not None and self._plugin.state() != self._begins_in:
            self._plugin.restore(self._begins_in)
            self._plugin.play_silence()
            if self._plugin.state() != self._begins_in:
                self._begins_in = None  # it never packs its state twice alike

    def _restored(self, packed: bytes, state: Path) -> list[str]:
        """Set a state and read it back; returns a warning if the plugin ignored or changed it."""
        before = self._plugin.state()
        self._plugin.restore(packed, is_preset=is_preset(state))
        self._plugin.play_silence()
        after = self._plugin.state()
        if after == packed or (is_preset(state) and after != before):
            return []
        if after == before:
            return [f"{self._plugin.name} was not changed by {state}: it has that state already, or did not take it"]
        return [
            f"{self._plugin.name} gives back another state than {state} holds; hear whether it is the sound you meant"
        ]
