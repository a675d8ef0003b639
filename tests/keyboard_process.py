"""A MIDI keyboard in a process of its own: `python keyboard_process.py NAME`, then one line of JSON a thing to do.

{"bytes": [144, 60, 100]} is sent at once and answered with the time it was; {"wait": 0.5} waits; {"close": 1} unplugs.
{"storm": 10.0} sends 10,000 random and malformed messages a second for so long, and is answered with their number.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

STORM_PER_SECOND = 10_000


def storm(out: Any, seconds: float) -> int:
    """Half of the messages have a status byte and the length that belongs to it, half are bytes as they come.

    More than three go through the port as a system exclusive message only, whatever is in it.
    """
    rng, begun, sent = random.Random(7), time.monotonic(), 0
    while (now := time.monotonic() - begun) < seconds:
        while sent < now * STORM_PER_SECOND:
            status = rng.randrange(0x80, 0xF0)
            size = 2 if status >> 4 in (0xC, 0xD) else 3
            message = [status, *(rng.randrange(128) for _ in range(size - 1))]
            noise = [rng.randrange(256) for _ in range(rng.randrange(1, 9))]
            out.send_message(rng.choice((message, noise if len(noise) < 4 else [0xF0, *noise])))
            sent += 1
        time.sleep(0.001)
    return sent


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
            elif key == "storm":
                print(storm(out, value), flush=True)
            elif key == "close":
                out.close_port()
                out.delete()
                return


if __name__ == "__main__":
    main()
