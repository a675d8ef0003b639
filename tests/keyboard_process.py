"""A MIDI keyboard in a process of its own: `python keyboard_process.py NAME`, then one line of JSON a thing to do.

{"bytes": [144, 60, 100]} is sent at once and answered with the time it was; {"wait": 0.5} waits; {"close": 1} unplugs.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Do what stdin says."""
    import rtmidi

    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=sys.argv[1])
    out.open_virtual_port("out")
    print("ready", flush=True)
    for line in sys.stdin:
        for key, value in json.loads(line).items():
            if key == "wait":
                time.sleep(value)
            elif key == "bytes":
                at = time.monotonic()
                out.send_message(value)
                print(at, flush=True)
            elif key == "close":
                out.close_port()
                out.delete()
                return


if __name__ == "__main__":
    main()
