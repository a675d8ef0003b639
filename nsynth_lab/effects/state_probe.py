"""A state from a preset is tried in a process of its own first: presets come from strangers, and plugins trust states.

What was tried once is remembered by the hashes of plugin and state.
"""

from __future__ import annotations

import hashlib

from nsynth_lab.effects.plugin_info import PluginInfo
from nsynth_lab.effects.subprocess_probe import run_apart
from nsynth_lab.errors import PluginError
from nsynth_lab.folders import cache_folder

TIMEOUT_SECONDS = 30.0


def try_state(info: PluginInfo, state: bytes) -> None:
    """Hold a plugin to surviving a state, before it is given it in this process.

    Raises:
        PluginError: it does not.
    """
    tried = cache_folder() / "states" / f"{info.digest}-{hashlib.sha256(state).hexdigest()[:32]}"
    if tried.is_file():
        return
    words = [info.path, info.name, str(info.channels)]
    _, end = run_apart("nsynth_lab.effects.state_child", words, timeout_seconds=TIMEOUT_SECONDS, given=state)
    if end:
        raise PluginError(f"{info.name}: does not survive the state in this preset: it {end}")
    tried.parent.mkdir(parents=True, exist_ok=True)
    tried.touch()
