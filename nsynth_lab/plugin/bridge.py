"""Bridge: what the host's blocks ask for, made by the engine at 48 kHz and handed over at the host's rate.

    records --> events, each at its own sample --> Switch --> StreamResampler --> audio

The engine is rendered as far as the host has asked, so what is heard does not depend on the host's blocks. The last few
frames may be made with the next block, and at another rate than 48 kHz more of them, for the resampler needs what
follows: the shell's lead has room for that.
"""

from __future__ import annotations

import gc
import math
import os
import select
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from nsynth_lab.dsp.resampling import StreamResampler
from nsynth_lab.midi.events import Event
from nsynth_lab.midi.parse import STATUS, event_of
from nsynth_lab.panel.switch import Switch
from nsynth_lab.patch import Patch, find_effect
from nsynth_lab.plugin.layout import CHANNELS, LARGEST_BLOCK_FRAMES, NUMBER
from nsynth_lab.plugin.memory import Memory, Record
from nsynth_lab.plugin.parameters import PARAMETERS, events_of
from nsynth_lab.priority import raise_priority
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.render.load_meter import LoadMeter
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE

if TYPE_CHECKING:
    from nsynth_lab.plugin.follower import Follower

LOOK_SECONDS = 0.5
SILENT, SILENT_SECONDS = 1e-6, 1.0  # -120 dB
STEP_SAMPLES = 8  # the engine takes multiples of these: no effect has to do with a sample or two
MIDI, PARAMETER, BLOCK = NUMBER["RECORD_MIDI"], NUMBER["RECORD_PARAMETER"], NUMBER["RECORD_BLOCK"]


class Bridge:
    """`run` on a thread of its own, until `stopping`.

    Attributes:
        engine: what plays.
        patch: of the engine, for its macros.
        stands: where the host has put each of `parameters.PARAMETERS` since the preset; None where the preset has it.
        follower: has what the host plays in followed, in the effect; one of the engine's sources.
        played: what the panel plays; None without a panel.
        meter: the share of its time that each block took; None if nobody asks.
        underruns: how often the host has been given silence.
        stopping: set to end.

    `let_go` is given each engine that plays no more.
    """

    def __init__(self, memory: Memory, engine: Switch, patch: Patch, *, let_go: Callable[[Playing], None]) -> None:
        self.engine, self.patch = engine, patch
        self.stands: list[float | None] = [None] * len(PARAMETERS)
        self.follower: Follower | None = None
        self.played: EventQueue | None = None
        self.meter: LoadMeter | None = None
        self.underruns = 0
        self._held: list[Event] = []  # of what the panel plays
        self.stopping = False
        self._memory, self._let_go = memory, let_go
        self._next: Playing | None = None
        self._silent = 0  # samples since the last that could be heard
        self._frames = 0  # that the host has asked for; while records are read, before their block
        self._resampler = None
        if memory.rate != SAMPLE_RATE:
            self._resampler = StreamResampler(SAMPLE_RATE, memory.rate, channels=CHANNELS, prompt=True)

    def change(self, engine: Playing) -> None:
        """From the next block on, play another engine; from any thread."""
        before, self._next = self._next, engine
        if before is not None:
            self._let_go(before)

    def let_go(self) -> None:
        """All engines; nothing plays any more."""
        self.engine.let_go()
        if self._next is not None:
            self._next.let_go()

    def run(self, asked: int, made: int) -> None:
        """Make what is asked for; the pipe `asked` wakes it, and through `made` it wakes the shell."""
        raise_priority()
        waiting = select.poll()
        waiting.register(asked, select.POLLIN)
        while not self.stopping:
            if waiting.poll(1000 * LOOK_SECONDS):
                with suppress(BlockingIOError):
                    if not os.read(asked, 4096):
                        return  # the shell has gone
                if self.work():
                    with suppress(BlockingIOError, BrokenPipeError):
                        os.write(made, b"\0")

    def work(self) -> bool:
        """Make what has been asked for by now, all blocks at once; whether that was anything."""
        began, frames = time.perf_counter(), self._frames
        events = self._take_over()
        if self.played is not None:
            self._held += [event for _, event in self.played.drain()]
            if self._next is None:  # else they may be meant for that one
                events += [event.at(self.engine.clock) for event in self._held]
                self._held = []
        for record in self._memory.read():
            if record.kind == BLOCK:
                self._frames += min(record.number, LARGEST_BLOCK_FRAMES)
            else:
                events += self._events(record)
        if self.follower is not None:
            self.follower.hear(self._memory.hear(self._frames - frames))
        self.engine.send(events)
        if events:
            self._memory.asleep = False
        self._make()
        if self.meter is not None and self._frames > frames:
            self.meter.add((time.perf_counter() - began) * self._memory.rate / (self._frames - frames))
        if not self._memory.offline and self.engine.idle:
            gc.collect(0)
            self._memory.asleep = self._may_sleep and not events
        return self._frames > frames

    def _take_over(self) -> list[Event]:
        """Have the next engine take over if it may; returns what it has to be told first."""
        if (old := self.engine.take_old()) is not None:
            self._let_go(old)
        if self._next is None or self.engine.changing:
            return []
        engine, self._next = self._next, None
        self.engine.take(engine)
        stands = [(index, value) for index, value in enumerate(self.stands) if value is not None]
        return [
            event
            for index, value in stands
            for event in events_of(self.patch, index, value, at_sample=self.engine.clock)
        ]

    def _make(self) -> None:
        """Render as far as the host has asked."""
        until = self._sample(self._frames) // STEP_SAMPLES * STEP_SAMPLES
        while (samples := min(until - self.engine.clock, HOP_SAMPLES)) > 0:
            block = self.engine.render(samples)
            self._silent = self._silent + samples if float(np.abs(block).max(initial=0.0)) < SILENT else 0
            self._memory.write(self._resampler.process(block) if self._resampler else block)
        if self._memory.late and not self._memory.offline:
            self._catch_up()

    @property
    def _may_sleep(self) -> bool:
        """Whether nothing is to be heard any more, also not behind the longest gap between two echoes."""
        if self.played is not None or self._next is not None or self.patch.layers:
            return False
        if self.follower is not None and not self.follower.quiet:
            return False
        gaps = [math.inf if slot.plugin else find_effect(slot.effect).gap_seconds for slot in self.patch.effects]
        return self._silent > SAMPLE_RATE * (SILENT_SECONDS + max(gaps, default=0.0))

    def _catch_up(self) -> None:
        """Steal voices: the machine is too slow for so many."""
        self.underruns += 1
        if (voices := self.engine.state().voices) > 1:
            self.engine.steal(max(1, voices // 4))

    def _sample(self, frame: int) -> int:
        """The first sample of the engine's clock that is not before a frame of the host."""
        return math.ceil(frame * SAMPLE_RATE / self._memory.rate)

    def _events(self, record: Record) -> list[Event]:
        at = self._sample(self._frames + min(record.frame, LARGEST_BLOCK_FRAMES))
        if record.kind == PARAMETER:
            if record.number < len(PARAMETERS) and math.isfinite(record.value):
                self.stands[record.number] = record.value
                return events_of(self.patch, record.number, record.value, at_sample=at)
            return []
        status, first, second = (record.number >> shift & 0xFF for shift in (0, 8, 16))
        if record.kind != MIDI or status >> 4 not in STATUS or max(first, second) > 127:
            return []
        return [event_of(STATUS[status >> 4][0], status & 0xF, [first, second], at_sample=at)]
