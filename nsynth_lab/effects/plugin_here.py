"""PluginHere: what `PluginProcess` does, in this process: its readable twin, and for systems that cannot do it."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence

import numpy as np

from nsynth_lab.effects.effect import CHANNELS
from nsynth_lab.effects.hosted_plugin import HostedPlugin, PluginSetup
from nsynth_lab.effects.plugin_process import PluginProcess
from nsynth_lab.effects.shared_blocks import Change, Message
from nsynth_lab.errors import PluginError
from nsynth_lab.units import FloatArray


class PluginHere:
    """See `PluginProcess`. It must be loaded and reset on the main thread."""

    late = 0

    def __init__(self, setup: PluginSetup) -> None:
        self.trouble = ""
        self._plugin = HostedPlugin(setup)
        self._made: deque[FloatArray | None] = deque()
        self._changes: list[Change] = []

    def ready(self) -> PluginHere:
        """It is loaded already."""
        return self

    @property
    def latency_samples(self) -> int:
        """Latency of the plugin."""
        return self._plugin.latency_samples

    def change(self, change: Change) -> None:
        """Set a parameter from the next block on."""
        self._changes.append(change)

    def submit(self, samples: int, *, sound: FloatArray | None = None, events: Sequence[Message] = ()) -> None:
        """Play the next block."""
        if sound is None:
            sound = np.zeros((CHANNELS, samples), np.float32)
        changes, self._changes = self._changes, []
        try:
            made = self._plugin.next(sound, events, changes)
        except (PluginError, RuntimeError, ValueError) as error:
            self.trouble = " ".join(str(error).split())
        self._made.append(None if self.trouble else np.broadcast_to(made, sound.shape))

    def take(self) -> FloatArray | None:
        """The sound [2, samples] of the oldest block that was submitted; None after a failure."""
        return self._made.popleft()

    def reset(self) -> None:
        """Clear all state."""
        self.submit(0)
        self.take()

    def close(self) -> None:
        """Unload the plugin."""
        self._plugin.close()


def start_plugin(setup: PluginSetup) -> PluginProcess | PluginHere:
    """The plugin in a process of its own, or on Windows in this one."""
    if sys.platform == "win32":
        return PluginHere(setup)
    return PluginProcess(setup)
