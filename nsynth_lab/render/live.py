"""The live loop: events as they are played, blocks as the device asks for them.

    ports, keyboard --> EventQueue --> [ engine's thread: ClockFollower -> Engine -> sink ]
    microphone, followed (see `translate.live_notes`) --> events of the same thread
    a partner hears all of these, and adds its own (see `duet.partner`)

The sink sets the pace: a device, or the socket of the panel's pages.

One thread makes the blocks, undisturbed by garbage collection. An event is heard one block after it arrives, at the
sample that corresponds to its time, so that events keep their spacing however bursty the device is.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Flag
from typing import Protocol

from nsynth_lab.analysis.follower import Heard
from nsynth_lab.midi.events import Event, EventList
from nsynth_lab.render.clocked_song import ClockedSong
from nsynth_lab.render.event_queue import ClockFollower, EventQueue
from nsynth_lab.render.load_meter import LoadMeter
from nsynth_lab.render.partner import Partner, PartnerState
from nsynth_lab.sinks.recorder import Recorder
from nsynth_lab.sinks.sink import LiveSink
from nsynth_lab.synth.engine import EngineState
from nsynth_lab.synth.player import Player
from nsynth_lab.units import SAMPLE_RATE, FloatArray

TOO_LATE = 0.9  # share of its deadline from which a block is nearly lost
SWITCH_SECONDS = 0.0002  # how long another thread may hold the interpreter lock
RECOVER_BLOCKS = 400
OVERLOADED_SECONDS = 2.0  # of late blocks one after the other


@dataclass(frozen=True)
class Status:
    """A snapshot for the status line.

    Attributes:
        engine: voices, blend position, peak.
        median, highest: median and 99th percentile of the share of its deadline that a block took.
        underruns: blocks that came too late since the beginning.
        latency_ms: from key to output, or from input to output, as far as software knows it.
        away: whether the device is lost.
        recording: name of the file being recorded; empty if there is none.
        heard: what came in last, if an input is followed.
        input_away: whether that input is lost.
        partner: what somebody who plays with the player does, and which notes are to come.
    """

    engine: EngineState
    median: float
    highest: float
    underruns: int
    latency_ms: float
    away: bool
    recording: str = ""
    heard: Heard | None = None
    input_away: bool = False
    partner: PartnerState | None = None


class Followed(Protocol):
    """An input that is followed: `events(clock)` before each block gives what it brings to the engine."""

    @property
    def heard(self) -> Heard:
        """The last moment."""

    @property
    def latency_seconds(self) -> float:
        """Time from a sound at the input to the block that it is played in, as far as software knows it."""

    @property
    def away(self) -> bool:
        """Whether the device is lost."""

    def events(self, clock: int) -> Iterable[Event]:
        """What is to be sent before the block that begins at sample `clock`."""

    def troubles(self) -> list[str]:
        """Problems since the last call, one line each."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within this context garbage collection is off, and other threads hand the interpreter lock back quickly."""
    switch = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
        sys.setswitchinterval(switch)


class LiveEngine(Protocol):
    """What `Live` plays: an `Engine`, an `Ensemble` of them, or what changes from one to the next as it plays."""

    @property
    def player(self) -> Player:
        """Settings and voices."""

    @property
    def delay_samples(self) -> int:
        """How late the sound comes."""

    @property
    def clock(self) -> int:
        """Samples rendered so far."""

    @property
    def idle(self) -> bool:
        """Whether nothing sounds and nothing is queued."""

    @property
    def max_voices(self) -> int:
        """How many voices may sound at once at present."""

    @property
    def limited(self) -> bool:
        """Whether fewer voices may sound than the settings allow."""

    def send(self, events: Iterable[Event]) -> None:
        """Queue events."""

    def render(self, samples: int) -> FloatArray:
        """The next block [2, samples]."""

    def steal(self, count: int) -> int:
        """Steal voices; returns how many."""

    def limit(self, voices: int) -> None:
        """Set how many voices may sound at once."""

    def troubles(self) -> list[str]:
        """Problems since the last call, one line each."""

    def state(self) -> EngineState:
        """A snapshot for display."""


class Live:
    """Runs an engine into a sink: `run(stop)` on its own thread; any thread may put events into `event_queue`.

    `song` is played from the beginning on, as the engine's clock comes to its events; `clocked` as a clock among the
    events says; `followed` plays along as it is heard; `partner` hears all that is played and plays with it.
    `overloaded` is called when every block has come late for two seconds.
    """

    def __init__(
        self,
        engine: LiveEngine,
        sink: LiveSink,
        *,
        record: Recorder | None = None,
        song: Sequence[Event] = (),
        clocked: ClockedSong | None = None,
        followed: Followed | None = None,
        partner: Partner | None = None,
        overloaded: Callable[[], object] = lambda: None,
        event_queue: EventQueue | None = None,
    ) -> None:
        self.engine, self.sink, self.event_queue = engine, sink, event_queue or EventQueue()
        self.meter = LoadMeter()
        self._record = record
        self._song, self._clocked = EventList(song), clocked
        self._followed, self._partner = followed, partner
        self._overloaded = overloaded
        self._blocks_of_overload = math.ceil(OVERLOADED_SECONDS / sink.block_seconds)
        self._clock = ClockFollower(sink.block_samples)
        self._late = 0
        self._calm = 0

    def run(self, stop: Flag, *, done: Callable[[], bool] = lambda: False) -> None:
        """Make blocks until `stop` is set or `done()` says so."""
        with undisturbed():
            while not stop.is_set() and not done():
                self._block()
        self.sink.end()

    def status(self) -> Status:
        """A snapshot for the status line, from any thread."""
        seconds = self.sink.latency_seconds + self.engine.delay_samples / SAMPLE_RATE
        followed = self._followed
        seconds += followed.latency_seconds if followed is not None else self.sink.block_seconds
        return Status(
            engine=self.engine.state(),
            median=self.meter.median,
            highest=self.meter.percentile(99.0),
            underruns=self.sink.underruns,
            latency_ms=1000.0 * seconds,
            away=self.sink.away,
            recording=self._record.name if self._record is not None and not self._record.ended else "",
            heard=followed.heard if followed is not None else None,
            input_away=followed is not None and followed.away,
            partner=self._partner.shown if self._partner is not None else None,
        )

    def troubles(self) -> list[str]:
        """Problems of the engine, the recording and the input since the last call, one line each."""
        others = [other for other in (self._record, self._followed) if other is not None]
        return [*self.engine.troubles(), *(line for other in others for line in other.troubles())]

    def _block(self) -> None:
        began = time.perf_counter()
        self._clock.begin_block(self.engine.clock, began)
        begin, end = self.engine.clock, self.engine.clock + self.sink.block_samples
        played = [event.at(self._clock.sample(seconds)) for seconds, event in self.event_queue.drain()]
        played += self._song.until(end)
        if self._clocked is not None:
            played += self._clocked.until(played, begin, end)
        if self._followed is not None:
            played += self._followed.events(begin)
        self.engine.send(played)
        if self._partner is not None:
            self.engine.send(self._partner.play(played, begin, end))
        block = self.engine.render(self.sink.block_samples)
        share = (time.perf_counter() - began) / self.sink.block_seconds
        self.meter.add(share)
        self._keep_up(share)
        self.sink.write(block)
        if self._record is not None:
            self._record.write(block)
        if self.engine.idle:
            gc.collect(0)

    def _keep_up(self, share: float) -> None:
        """Steal voices before a block is lost: when blocks take too long and the ring buffer runs low."""
        self._late = self._late + 1 if share > TOO_LATE else 0
        if self._late == self._blocks_of_overload:
            self._overloaded()
        voices = self.engine.state().voices
        if self._late and self.sink.starving and voices > 1:
            self.engine.steal(max(1, voices // 4))
            self.engine.limit(max(1, voices - voices // 4))
            self._calm = 0
        elif self.engine.limited:
            self._calm += 1
            if self._calm % RECOVER_BLOCKS == 0:
                self.engine.limit(self.engine.max_voices + 1)
