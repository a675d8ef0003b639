"""Restores a plugin's state in a process of its own; see `trial`."""

from __future__ import annotations

import os
import sys

from nsynth_lab.effects.vst3 import Vst3
from nsynth_lab.errors import PluginError

REFUSED = 9


def main() -> None:
    """Load the plugin, restore what comes on standard input, and let it play for a moment."""
    path, name, channels = sys.argv[1:4]
    try:
        plugin = Vst3(path, name)
        plugin.restore(sys.stdin.buffer.read())
        plugin.warm_up(int(channels))
    except PluginError:
        os._exit(REFUSED)
    os._exit(0)


if __name__ == "__main__":
    main()
