"""Tries a plugin state from a preset in a process of its own first: presets come from strangers, plugins trust states.

    check_state(info, state)  -->  python -m nsynth_lab.effects.state_probe PATH NAME CHANNELS < state

A state that the plugin survived is remembered, by the hashes of plugin and state, and not tried again.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress

from nsynth_lab.effects.plugin_info import PluginInfo
from nsynth_lab.effects.subprocess_probe import run_in_subprocess
from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import PluginError
from nsynth_lab.folders import cache_folder

MODULE = "nsynth_lab.effects.state_probe"
TIMEOUT_SECONDS = 30.0
REJECTED = 9


def check_state(info: PluginInfo, state: bytes) -> None:
    """Make sure that a plugin survives a state before this process loads it.

    Raises:
        PluginError: it crashes, hangs or refuses the state.
    """
    survived = cache_folder() / "states" / f"{info.digest}-{hashlib.sha256(state).hexdigest()[:32]}"
    if survived.is_file():
        return
    arguments = [info.path, info.name, str(info.channels)]
    _, failure = run_in_subprocess(MODULE, arguments, timeout_seconds=TIMEOUT_SECONDS, stdin=state)
    if failure:
        raise PluginError(f"{info.name}: does not survive the state in this preset: it {failure}")
    with suppress(OSError):  # it is tried again the next time
        survived.parent.mkdir(parents=True, exist_ok=True)
        survived.touch()


def main() -> None:
    """In the subprocess: load the plugin, restore the state read from stdin, and process some silence."""
    path, name, channels = sys.argv[1:4]
    try:
        plugin = Vst3(path, name)
        plugin.restore(sys.stdin.buffer.read())
        plugin.warm_up(int(channels))
    except PluginError:
        os._exit(REJECTED)
    os._exit(0)


if __name__ == "__main__":
    main()
