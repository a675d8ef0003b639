"""MIDI clock: 24 ticks a beat, start, stop, continue and song position -> tempo, beat, and whether the song runs.

Source: MIDI 1.0 Detailed Specification (M1-96-1A), System Real Time Messages and Song Position Pointer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from nsynth_lab.midi.events import Event, beat, run, tempo
from nsynth_lab.midi.tick_filter import TickFilter
from nsynth_lab.tempo import HIGHEST_BPM, LOWEST_BPM

SONG_POSITION, TICK, START, CONTINUE, STOP = CLOCK_MESSAGES = (0xF2, 0xF8, 0xFA, 0xFB, 0xFC)
TICKS_PER_BEAT = 24
TICKS_PER_STEP = 6  # a song position counts sixteenths
LOST_SECONDS = 0.5  # without a tick: the slowest tempo has one every quarter of a second
SHORTEST_SECONDS, LONGEST_SECONDS = (60.0 / bpm / TICKS_PER_BEAT for bpm in (HIGHEST_BPM, LOWEST_BPM))
FEWEST_TICKS = 6  # a quarter of a beat, before a tempo is believed
BETWEEN_LINES_SECONDS = 5.0

Send = Callable[[float, Sequence[Event]], object]


class MidiClock:
    """`take(seconds, message, port)` follows a clock; `send(seconds, events)` is told of tempo, beat, start and stop.

    Ticks also bring the tempo while the song stands still. Of several ports that send a clock the first is followed,
    until it has been silent for half a second. If the clock stops, the tempo stays.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._filter = TickFilter(shortest=SHORTEST_SECONDS, longest=LONGEST_SECONDS)
        self._port, self._last, self._heard = "", -math.inf, 0
        self._next = 0  # tick of the song that comes next
        self._runs = False
        self._refused = self._told_refused = 0
        self._told_at, self._was_silent = -math.inf, True

    @property
    def bpm(self) -> float | None:
        """The tempo; None until there is one."""
        seconds = self._filter.tick_seconds
        return None if seconds is None or self._heard < FEWEST_TICKS else 60.0 / TICKS_PER_BEAT / seconds

    @property
    def is_heard(self) -> bool:
        """Whether ticks come at present."""
        return time.perf_counter() - self._last <= LOST_SECONDS

    def take(self, seconds: float, message: bytes, port: str = "") -> None:
        """A message of `CLOCK_MESSAGES` that came at `seconds` of `time.perf_counter`."""
        if port != self._port and seconds - self._last < LOST_SECONDS:
            return
        self._port, kind = port, message[0]
        if kind == TICK:
            self._tick(seconds)
        elif kind == SONG_POSITION and len(message) == 3:
            self._next = TICKS_PER_STEP * (message[1] + (message[2] << 7))
        elif kind in (START, CONTINUE):
            self._next = 0 if kind == START else self._next
            self._runs = True  # from the next tick on
        elif kind == STOP:
            self._runs = False
            self._send(seconds, [run(False)])

    def troubles(self) -> list[str]:
        """What is wrong since the last call, a line each: a clock that has stopped, or one that has no tempo."""
        lines, now, silent = [], time.perf_counter(), not self.is_heard
        if silent and not self._was_silent:
            kept = f"; the tempo stays at {self.bpm:.1f}" if self.bpm else ""
            lines.append(f"the MIDI clock has stopped{kept}")
        self._was_silent = silent
        if self._refused > self._told_refused and now - self._told_at >= BETWEEN_LINES_SECONDS:
            self._told_refused, self._told_at = self._refused, now
            lines.append(f"the MIDI clock has no tempo from {LOWEST_BPM:g} to {HIGHEST_BPM:g}; it is not followed")
        return lines

    def _tick(self, seconds: float) -> None:
        if seconds - self._last > LOST_SECONDS:
            self._filter.reset()
            self._heard = 0
        self._last = seconds
        if not self._filter.take(seconds):
            self._refused += 1
            return
        self._heard += 1
        at, self._next = self._next / TICKS_PER_BEAT, self._next + 1
        told = [run(True)] if self._runs else []
        if self.bpm is not None:
            self._send(self._filter.meant_seconds, [tempo(self.bpm), beat(at), *told])
        elif at == 0.0 or self._heard == 1:
            self._send(seconds, [beat(at), *told])
