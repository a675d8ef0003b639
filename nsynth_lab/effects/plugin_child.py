"""Hosts one plugin in a process of its own: `python -m nsynth_lab.effects.plugin_child MEMORY`; see `plugin_process`.

What to load comes as one line of JSON on stdin. Lines of JSON on stdout say what the user should know, and at last
`ready` or why it cannot be loaded. From then on each byte on stdin announces blocks in the shared memory, and each byte
on stdout that one is finished. When stdin ends, so does this process.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from typing import Any

from nsynth_lab import messages
from nsynth_lab.effects.hosted_plugin import HostedPlugin, PluginSetup
from nsynth_lab.effects.shared_blocks import SharedBlocks
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.priority import raise_or_end


def main() -> None:
    """Load the plugin, then play block after block."""
    memory = SharedBlocks(int(sys.argv[1]))
    asking, answering = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):  # whatever the plugin prints is discarded
        os.dup2(null, number)

    def say(**told: Any) -> None:
        os.write(answering, json.dumps(told).encode() + b"\n")

    messages.subscribe(lambda line: say(remark=line))
    try:
        with os.fdopen(os.dup(asking), "rb") as lines:
            setup = PluginSetup.from_dict(json.loads(lines.readline()))
        plugin = HostedPlugin(setup)
        memory.latency_samples = plugin.latency_samples
        say(ready=True)
        os.set_blocking(answering, False)
        if setup.live:
            raise_or_end()
        gc.disable()
        _play(plugin, memory, asking, answering)
    except NsynthLabError as error:
        memory.reason = str(error)
        with suppress(OSError):
            say(error=str(error))
    except (RuntimeError, ValueError) as error:
        memory.reason = " ".join(str(error).split())
    os._exit(0)  # without unloading: a plugin that crashes then does no harm


def _play(plugin: HostedPlugin, memory: SharedBlocks, asking: int, answering: int) -> None:
    while os.read(asking, 4096):
        while memory.done < memory.asked:
            sound, events, changes = memory.question()
            memory.answer(plugin.next(sound.copy(), events, changes))
            with suppress(BlockingIOError):  # whoever plays has not had to wait for a long time
                os.write(answering, b".")


if __name__ == "__main__":
    main()
