"""A soak: `python tests/soak.py MINUTES [VOICES | duet]` plays through the real parts and says what came of it.

Chords, bends, pedal, mod wheel, program changes, now and then the keyboard unplugged and plugged in again, all at
random; or, with `duet`, phrases of four bars that a partner answers. Every half minute a line with the resident memory
and the machine's load; at the end the program's own account: underruns, voices stolen, answers, notes left.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from servers import jack, pulse

INSTRUMENTS = ("flute", "cello")
PROGRAMS = ("oboe,marimba", "trumpet,violin,orchestral harp,clarinet")
UNPLUG_SECONDS = 60.0
SCALE = (62, 64, 66, 67, 69, 71, 73, 74, 76, 78, 79, 81)
PHRASE_NOTES, NOTE_SECONDS = 24, 0.25
DUET = "duet"


class Player:
    """Random messages to a keyboard's process."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._rng = random.Random(2017)
        self._down: set[int] = set()
        self._plug()

    def _plug(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("keyboard_process.py")), "keys"]
        pipe = subprocess.PIPE
        self._keys = subprocess.Popen(command, env=self._environment, stdin=pipe, stdout=pipe, text=True)
        assert self._keys.stdout is not None
        self._keys.stdout.readline()

    def unplug(self) -> None:
        """Pull the keyboard out while its notes sound, and plug it in again two seconds later."""
        assert self._keys.stdin is not None
        self._keys.stdin.write('{"close": 1}\n')
        self._keys.stdin.flush()
        self._keys.wait()
        self._down.clear()
        time.sleep(2.0)
        self._plug()

    def send(self, *message: int) -> None:
        """One message."""
        assert self._keys.stdin is not None
        assert self._keys.stdout is not None
        self._keys.stdin.write(json.dumps({"bytes": message}) + "\n")
        self._keys.stdin.flush()
        self._keys.stdout.readline()

    def act(self) -> None:
        """A chord, a release, or a turn of something."""
        rng = self._rng
        what = rng.random()
        if what < 0.35 and len(self._down) < 10:
            root = rng.randrange(40, 76)
            for key in {root, root + rng.choice((3, 4, 7)), root + rng.choice((7, 12))}:
                self._down.add(key)
                self.send(0x90, key, rng.randrange(20, 127))
        elif what < 0.75:
            for key in rng.sample(sorted(self._down), k=min(3, len(self._down))):
                self._down.discard(key)
                self.send(0x80, key, 64)
        elif what < 0.85:
            self.send(0xE0, rng.randrange(128), rng.randrange(128))
        elif what < 0.92:
            self.send(0xB0, 1, rng.randrange(128))
        elif what < 0.97:
            self.send(0xB0, 64, rng.choice((0, 0, 127)))
        else:
            self.send(0xC0, rng.randrange(3))

    def phrase(self) -> None:
        """Four bars in D, and silence for an answer as long."""
        rng, step = self._rng, 7
        for _ in range(PHRASE_NOTES):
            step = min(max(step + rng.choice((-2, -1, -1, 1, 1, 2)), 0), len(SCALE) - 1)
            self.send(0x90, SCALE[step], rng.randrange(60, 110))
            time.sleep(0.8 * NOTE_SECONDS)
            self.send(0x80, SCALE[step], 64)
            time.sleep(0.2 * NOTE_SECONDS)
        time.sleep(1.0 + PHRASE_NOTES * NOTE_SECONDS)

    def end(self) -> None:
        """Let everything go."""
        self.send(0xB0, 64, 0)
        for key in self._down:
            self.send(0x80, key, 64)
        assert self._keys.stdin is not None
        self._keys.stdin.close()
        self._keys.wait()


def resident_mib(process: int) -> float:
    """Of `/proc`."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def command_of(what: str, seconds: float) -> list[str]:
    """What is soaked."""
    words = [sys.executable, "-m", "nsynth_lab", "duet" if what == DUET else "play", *INSTRUMENTS]
    words += ["--midi", "keys", "--latency", "high", "--duration", str(seconds + 25.0)]
    if what == DUET:
        return [*words, "--answer", "choir aahs"]
    return [*words, "--voices", what, *(word for program in PROGRAMS for word in ("--program-change", program))]


def main() -> None:
    """Play for so many minutes."""
    seconds, what = 60.0 * float(sys.argv[1]), (sys.argv[2:] or ["16"])[0]
    folder = Path(tempfile.mkdtemp())
    with jack(folder) as jack_environment, pulse(folder) as pulse_environment:
        environment = {**pulse_environment, **jack_environment}
        player = Player(environment)
        log = (folder / "said").open("w")
        process = subprocess.Popen(
            command_of(what, seconds), env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        time.sleep(10.0)
        begin = told = unplugged = time.monotonic()
        while time.monotonic() - begin < seconds and process.poll() is None:
            if what == DUET:
                player.phrase()
            else:
                player.act()
                time.sleep(random.uniform(0.02, 0.3))
            if time.monotonic() - unplugged > UNPLUG_SECONDS and what != DUET:
                player.unplug()
                unplugged = time.monotonic()
            if time.monotonic() - told > 30.0:
                told = time.monotonic()
                load = os.getloadavg()[0]
                print(
                    f"{told - begin:6.0f} s  {resident_mib(process.pid):.1f} MiB resident, load {load:.1f}", flush=True
                )
        with suppress(BrokenPipeError):
            player.end()
        out, _ = process.communicate(timeout=120)
        print((folder / "said").read_text()[-2000:])
        print(out)


if __name__ == "__main__":
    main()
