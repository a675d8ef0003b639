"""Looks for MIDI ports in a process of its own: `python -m nsynth_lab.midi.look API NAME` tells of changes.

The library holds Python's interpreter while the system's MIDI answers; in the process that plays, a busy system would
stop the music. It ends when its stdin does, which is when whoever asked is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys

LOOK_SECONDS = 1.0


def main() -> None:
    """Tell the names of the input ports, at once and whenever they change."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # what plays may go first; this need not
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    import rtmidi

    look = rtmidi.MidiIn(int(sys.argv[1]), name=sys.argv[2])
    told = None
    while True:
        names = look.get_ports()
        if names != told:
            print(json.dumps(names), flush=True)
            told = names
        if select.select([sys.stdin], [], [], LOOK_SECONDS)[0] and not sys.stdin.readline():
            return


if __name__ == "__main__":
    main()
