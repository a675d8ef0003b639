"""`python tests/status_process.py TITLE FILE`: what `play` shows and reads while it plays, to a device that is a clock.

Ends with Esc. What is played is recorded into FILE.
"""

from __future__ import annotations

import sys
import threading
import time

from playing import small_engine

from nsynth_lab.cli.performing import _attend
from nsynth_lab.render.live import Live
from nsynth_lab.render.live_thread import running
from nsynth_lab.sinks.device import DeviceSink
from nsynth_lab.sinks.file import FileSink
from nsynth_lab.sinks.recorder import Recorder
from nsynth_lab.units import FloatArray


class Clock(DeviceSink):
    """A device that nobody hears."""

    def write(self, block: FloatArray) -> None:
        """Take as long as it lasts."""
        time.sleep(block.shape[1] / 48_000)


def main() -> None:
    """Play."""
    title, file = sys.argv[1:]
    with Recorder(FileSink(file)) as recorder:
        live = Live(small_engine(), Clock(block_samples=1024), record=recorder)
        with running(live, threading.Event()) as thread:
            _attend(live, thread, title=title, keys=True)


if __name__ == "__main__":
    main()
