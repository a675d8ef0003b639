"""The computer's keyboard as an instrument: two rows of piano keys, and arrows that move the blend.

    2 3   5 6 7   9 0        C#5 D#5   F#5 G#5 A#5   C#6 D#6
   q w e r t y u i o p      C5  D5  E5  F5  G5  A5  B5  C6  D6  E6
    s d   g h j              C#4 D#4   F#4 G#4 A#4
   z x c v b n m , . /      C4  D4  E4  F4  G4  A4  B4  C5  D5  E5

A terminal reports when a key goes down, and repeats it while the key is held, but not when it goes up. So a note lasts
half a second after the last report; the space bar is a sustain pedal that holds notes longer.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nsynth_lab.midi.events import Event, control, note_off, note_on, setting

LOW_ROW = "zsxdcvgbhnjm,l.;/"
HIGH_ROW = "q2w3er5t6y7ui9o0p"
KEYS = {**{key: 60 + step for step, key in enumerate(LOW_ROW)}, **{key: 72 + step for step, key in enumerate(HIGH_ROW)}}
ARROWS = {"\x1b[C": ("x", 1), "\x1b[D": ("x", -1), "\x1b[A": ("y", -1), "\x1b[B": ("y", 1)}
NOTE_SECONDS = 0.5
BLEND_STEP = 0.05
VELOCITY = 96
SUSTAIN = 64
HELP = "z-/ and q-p play, arrows move the blend, - and = the octave, space holds notes, Esc ends"


@dataclass
class ComputerKeyboard:
    """Key presses -> events: `press(key, now)`, and `expire(now)` for notes that have lasted long enough.

    Attributes:
        x, y: position of the blend, 0 to 1.
        octave: transposition in octaves, -4 to 4.
        holding: whether the sustain pedal is down.
        until: when each sounding note ends, in seconds.
    """

    x: float
    y: float
    octave: int = 0
    holding: bool = False
    until: dict[int, float] = field(default_factory=dict)

    def press(self, key: str, now: float) -> list[Event]:
        """The events of a key press at `now` seconds."""
        if key in ARROWS:
            name, direction = ARROWS[key]
            position = min(max(getattr(self, name) + direction * BLEND_STEP, 0.0), 1.0)
            setattr(self, name, position)
            return [setting(name, position)]
        if key in "-=":
            self.octave = min(max(self.octave + (1 if key == "=" else -1), -4), 4)
        elif key == " ":
            self.holding = not self.holding
            return [control(SUSTAIN, 127 if self.holding else 0)]
        elif (number := KEYS.get(key.lower(), -1) + 12 * self.octave) in range(128) and key.lower() in KEYS:
            held = number in self.until
            self.until[number] = now + NOTE_SECONDS
            return [] if held else [note_on(number, VELOCITY)]
        return []

    def expire(self, now: float) -> list[Event]:
        """Note-offs for keys that were last reported half a second ago or earlier."""
        expired = [number for number, until in self.until.items() if until <= now]
        for number in expired:
            del self.until[number]
        return [note_off(number) for number in expired]


def read_keys(keyboard: ComputerKeyboard, play: Callable[[list[Event]], None], ended: Callable[[], bool]) -> None:
    """Read the terminal until Esc is pressed or `ended()` is true, and pass the events to `play`."""
    with raw_terminal() as read:
        while not ended():
            keys = read()
            if "\x1b" in keys:
                return
            now = time.monotonic()
            for key in keys:
                play(keyboard.press(key, now))
            play(keyboard.expire(now))


@contextmanager
def raw_terminal() -> Iterator[Callable[[], list[str]]]:
    """Turns off line editing and echo; yields a function that returns the keys pressed, waiting at most 20 ms."""
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)

    def read() -> list[str]:
        if not select.select([number], [], [], 0.02)[0]:
            return []
        return split_keys(os.read(number, 256).decode(errors="replace"))

    try:
        tty.setcbreak(number)
        yield read
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def split_keys(typed: str) -> list[str]:
    r"""Split what was typed into single keys and whole arrow sequences.

    >>> split_keys("a\x1b[Cb")
    ['a', '\x1b[C', 'b']
    """
    keys = []
    while typed:
        size = 3 if typed[:3] in ARROWS else 1
        keys.append(typed[:size])
        typed = typed[size:]
    return keys
