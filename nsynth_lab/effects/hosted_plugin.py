"""HostedPlugin: a plugin with its state and parameters set, that plays block by block in the process it is loaded in.

`plugin_process` and its child keep that process apart from the one that plays.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nsynth_lab import messages
from nsynth_lab.effects.effect import CHANNELS
from nsynth_lab.effects.plugin_info import PluginInfo
from nsynth_lab.effects.shared_blocks import Change, Message
from nsynth_lab.effects.stable_notes import StableNotePlayer
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import PluginError
from nsynth_lab.units import FloatArray

TRIED_SECONDS, HELD_SECONDS, TRIED_VELOCITY = 0.3, 0.2, 100
MIDDLE_NOTE = 60


@dataclass(frozen=True)
class PluginSetup:
    """What to load and how to set it up.

    Attributes:
        path, name, kind: of the plugin.
        instances: one, or for a mono effect one per channel.
        titles: the plugin's own names of its parameters; `Change` counts them.
        state: its complete state, or nothing.
        changes: parameters by their place among the titles, set after the state.
        live: whether it must keep up with the clock.
        note: a key that an instrument is tried with, until its samples are loaded.
    """

    path: str
    name: str
    kind: str
    instances: int
    titles: tuple[str, ...]
    state: bytes
    changes: tuple[tuple[int, float], ...]
    live: bool
    note: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "state": b64encode(self.state).decode()}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> PluginSetup:
        """The inverse of `to_dict`."""
        return replace(cls(**given), state=b64decode(given["state"]))


def setup_of(
    info: PluginInfo,
    *,
    state: bytes = b"",
    changes: Mapping[str, float] | None = None,
    live: bool = False,
    note: int = MIDDLE_NOTE,
) -> PluginSetup:
    """The setup of a scanned plugin; `changes` by name, on the plugin's own scale of 0 to 1."""
    places = {one.name: place for place, one in enumerate(info.parameters)}
    return PluginSetup(
        info.path,
        info.name,
        info.kind,
        CHANNELS // info.channels if info.kind == "effect" else 1,
        tuple(one.title for one in info.parameters),
        state,
        tuple((places[name], raw) for name, raw in (changes or {}).items()),
        live,
        note,
    )


class HostedPlugin:
    """Loads it, waits until an instrument can be heard, and warms it up.

    What the user should know, such as a state that it did not take, is told by `messages`.

    Raises:
        PluginError: it cannot be loaded, or refuses its state.
    """

    def __init__(self, setup: PluginSetup) -> None:
        self._titles = setup.titles
        self._plugin = plugin = Vst3(setup.path, setup.name, instances=setup.instances)
        if setup.state and (remark := plugin.restore_checked(setup.state, of="this preset")):
            messages.emit(remark)
        for place, raw in setup.changes:
            plugin.set_parameter(setup.titles[place], raw)
        if plugin.is_instrument:
            self._wait_for_samples(setup.note)
        self._reset()

    @property
    def latency_samples(self) -> int:
        """Latency of the plugin."""
        return self._plugin.latency_samples

    def next(self, sound: FloatArray, events: Sequence[Message], changes: Sequence[Change]) -> FloatArray:
        """The next block [1 or 2, samples], as long as `sound`, what an effect processes; of none, it is reset.

        Raises:
            PluginError: the plugin gives another length.
        """
        for change in changes:
            self._plugin.set_parameter(self._titles[change.parameter], change.raw)
        samples = sound.shape[1]
        if not samples:
            self._reset()
            return sound
        out = self._plugin.stream(events, samples) if self._plugin.is_instrument else self._plugin.process(sound)
        if out.shape[1] != samples:
            raise PluginError(f"gave {out.shape[1]} samples for {samples}")
        return out

    def close(self) -> None:
        """Unload it."""
        self._plugin.close()

    def _wait_for_samples(self, note: int) -> None:
        plugin = self._plugin
        plugin.play_silence()  # its parameters reach it with the next block
        state = plugin.state()

        def tried() -> FloatArray:
            return plugin.play_note(note, TRIED_VELOCITY, hold_seconds=HELD_SECONDS, seconds=TRIED_SECONDS)

        StableNotePlayer(plugin.name).play(tried)
        if plugin.state() != state:
            plugin.restore(state)

    def _reset(self) -> None:
        if self._plugin.is_instrument:
            self._plugin.begin_stream()
        else:
            self._plugin.warm_up(CHANNELS)
