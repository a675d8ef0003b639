"""Vst3Source: a VST3 instrument as a source; every note starts from the same state and is repeated until stable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nsynth_lab.capture.source import KeyVelocity, SourceInfo
from nsynth_lab.dsp.offset import to_sides
from nsynth_lab.effects import find_plugin, is_preset, read_state
from nsynth_lab.effects.stable_notes import StableNotePlayer
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import AudioError, UsageError
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.units import FloatArray

TOLERANCE = 0.01  # of a parameter's range


class Vst3Source:
    """A `Source`.

    Args:
        name: of a scanned instrument.
        settings: parameters by name.
        state: a .vstpreset file, or any other file with the plugin's own state.

    Raises:
        PluginError: no such plugin, or it cannot be loaded.
        PatchError: a parameter that the plugin does not have.
        UsageError: it is not an instrument, or the state is not a file.
    """

    def __init__(self, name: str, *, settings: Mapping[str, Parameter], state: Path | None = None) -> None:
        info = find_plugin(name)
        if info.kind != "instrument":
            raise UsageError(f"{info.name} is an effect; capture takes instruments")
        moves = {info.find(key).title: info.find(key).raw(value) for key, value in settings.items()}
        packed = read_state(state) if state else b""
        self._plugin = Vst3(info.path, info.name)
        remark = self._plugin.restore_checked(packed, of=str(state), is_preset=is_preset(state)) if state else ""
        for title, raw in moves.items():
            self._plugin.set_parameter(title, raw)
        self._plugin.play_silence()  # parameters reach the plugin with the next block
        remarks = [remark] * bool(remark) + [
            f"{info.name} did not accept {title}: it is at {self._plugin.parameter(title):.3g} of 1, not {raw:.3g}"
            for title, raw in moves.items()
            if abs(self._plugin.parameter(title) - raw) > TOLERANCE
        ]
        self._initial_state: bytes | None = self._plugin.state()
        self._player = StableNotePlayer(info.name)
        recipe = {
            "plugin": info.name,
            "version": info.version,
            "digest": info.digest,
            "settings": dict(settings),
            "state": hashlib.sha256(packed).hexdigest()[:16] if packed else "",
        }
        self.info = SourceInfo(kind="vst3", recipe=recipe, attribution=info.maker, remarks=tuple(remarks))

    def keys(self, wanted: list[KeyVelocity]) -> list[KeyVelocity]:
        """All of them; notes that the plugin does not have are silent."""
        return wanted

    def play(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:
        """One note, repeated until it is stable."""
        return self._player.play(lambda: self._once(key, hold_seconds=hold_seconds, seconds=seconds))

    def actual_hold(self, hold_seconds: float) -> float | None:
        """As requested."""
        return hold_seconds

    def close(self) -> None:
        """Free its resources."""
        self._plugin.close()

    def _once(self, key: KeyVelocity, *, hold_seconds: float, seconds: float) -> FloatArray:
        self._reset_state()
        sound = self._plugin.play_note(key.note, key.velocity, hold_seconds=hold_seconds, seconds=seconds)
        if not np.isfinite(sound).all():
            raise AudioError("the plugin returned NaN or infinite samples")
        return to_sides(sound)

    def _reset_state(self) -> None:
        """Restore the initial state if a note has changed it; samplers reload their samples whenever a state is set."""
        if self._initial_state is not None and self._plugin.state() != self._initial_state:
            self._plugin.restore(self._initial_state)
            self._plugin.play_silence()
            if self._plugin.state() != self._initial_state:
                self._initial_state = None  # it never reports the same state twice
