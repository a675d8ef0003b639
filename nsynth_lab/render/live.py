"""The live loop: events as they are played, blocks as the device wants them.

    ports, keyboard --> Inbox --> [ engine's thread: Timer -> Engine -> sink ]

The thread that runs it makes the blocks; it has garbage collection out of its way. What arrives is heard a block later
at the sample that belongs to it, so that a chord's notes keep their distances however blocks are asked for.
"""

from __future__ import annotations

import gc
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event as Flag

from nsynth_lab.midi.events import Event
from nsynth_lab.render.meter import Meter
from nsynth_lab.sinks.device import DeviceSink
from nsynth_lab.sinks.sink import Sink
from nsynth_lab.synth.engine import Engine, EngineState, panic
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MOST_WAITING = 50_000
FOLLOW = 0.02  # how fast the clock follows the device's pace
TOO_LATE = 0.9  # of its time: a block that takes longer is nearly lost
SWITCH_SECONDS = 0.0005  # how long another thread may keep the interpreter
RECOVER_BLOCKS = 400
WORTH_IT = 0.8
REAL_TIME_PRIORITY, NICENESS = 5, -11


def raise_priority() -> bool:
    """Ask the system to let this thread, and those it starts, go first; whether it does.

    An audio thread that waits its turn behind other programs is late. Linux grants it to members of the audio group
    (`rtprio` in limits.conf) and to root; elsewhere PortAudio asks for its own thread.
    """
    if sys.platform != "linux":
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    except OSError:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        except OSError:
            return False
    return True


def choose_threads(engine: Engine) -> int:
    """Let torch run on one thread or on two, whichever takes steps faster here; how many it is.

    The steps are small, and a second thread must be worth its waiting. OMP_NUM_THREADS, where set, decides.
    """
    import torch

    if "OMP_NUM_THREADS" in os.environ:
        engine.warm_up()
        return torch.get_num_threads()
    seconds = {}
    for threads in (2, 1) if (os.cpu_count() or 1) > 1 else (1,):
        torch.set_num_threads(threads)
        seconds[threads] = engine.warm_up()
    if seconds.get(2, math.inf) < WORTH_IT * seconds[1]:
        torch.set_num_threads(2)
    return torch.get_num_threads()


class Inbox:
    """Events on their way from any thread to the engine's, with the time at which each arrived."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Event]] = deque(maxlen=MOST_WAITING)
        self._overfull = False

    def take(self, seconds: float, events: Iterable[Event]) -> None:
        """What arrived at `seconds` of `time.perf_counter`."""
        for event in events:
            if len(self._waiting) >= MOST_WAITING:
                self._overfull = True
            self._waiting.append((seconds, event))

    def put(self, events: Iterable[Event]) -> None:
        """What is played now."""
        self.take(time.perf_counter(), events)

    def drain(self) -> list[tuple[float, Event]]:
        """All that waits. Where too much came to keep, everything is silenced first: a note-off may be lost."""
        out = []
        if self._overfull:
            self._overfull = False
            out = [(time.perf_counter(), event) for event in panic()]
        while self._waiting:
            out.append(self._waiting.popleft())
        return out


class Timer:
    """Seconds of the machine's clock to samples of the engine's.

    Blocks are asked for in bursts, but at the device's pace in the long run: the offset between the clocks is
    followed slowly, and an event is given the sample that belongs to it, one block later.
    """

    def __init__(self, block_samples: int) -> None:
        self._block = block_samples
        self._offset: float | None = None

    def begin_block(self, clock: int, seconds: float) -> None:
        """The engine is about to make the block at `clock`."""
        offset = seconds - clock / SAMPLE_RATE
        if self._offset is None or abs(offset - self._offset) > 0.25:
            self._offset = offset
        self._offset += FOLLOW * (offset - self._offset)

    def sample(self, seconds: float) -> int:
        """The sample at which something that arrived at `seconds` is heard."""
        return round((seconds - (self._offset or 0.0)) * SAMPLE_RATE) + self._block


@dataclass(frozen=True)
class Status:
    """What a player sees.

    Attributes:
        engine: voices, blend position, peak.
        median, highest: share of a block's time that the engine took, half and 99 in a hundred of the blocks below.
        underruns: blocks that came too late since the beginning.
        latency_ms: from a key to the ear, as far as software knows.
        away: whether the device is gone.
    """

    engine: EngineState
    median: float
    highest: float
    underruns: int
    latency_ms: float
    away: bool


class Live:
    """Runs an engine into a device, `run(stop)` on a thread of its own; `inbox` is open to all threads."""

    def __init__(self, engine: Engine, sink: DeviceSink, *, record: Recorder | None = None) -> None:
        self.engine, self.sink, self.inbox = engine, sink, Inbox()
        self.meter = Meter()
        self._record = record
        self._timer = Timer(sink.block_samples)
        self._late = 0
        self._calm = 0

    def run(self, stop: Flag, *, done: Callable[[], bool] = lambda: False) -> None:
        """Make blocks until `stop` is set or `done()` says so."""
        switch = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            while not stop.is_set() and not done():
                self._block()
        finally:
            gc.enable()
            gc.unfreeze()
            sys.setswitchinterval(switch)

    def status(self) -> Status:
        """What a player sees, asked for from any thread."""
        seconds = self.sink.latency_seconds + self.sink.block_seconds + self.engine.delay_samples / SAMPLE_RATE
        return Status(
            engine=self.engine.state(),
            median=self.meter.median,
            highest=self.meter.highest(99.0),
            underruns=self.sink.ring.underruns,
            latency_ms=1000.0 * seconds,
            away=self.sink.away,
        )

    def _block(self) -> None:
        began = time.perf_counter()
        self._timer.begin_block(self.engine.clock, began)
        self.engine.send(event.at(self._timer.sample(seconds)) for seconds, event in self.inbox.drain())
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
        """Shed voices before a block is lost: when blocks take too long and what waits runs out."""
        self._late = self._late + 1 if share > TOO_LATE else 0
        voices = self.engine.state().voices
        if self._late and self.sink.starving and voices > 1:
            self.engine.shed(max(1, voices // 4))
            self.engine.limit(max(1, voices - voices // 4))
            self._calm = 0
        elif self.engine.limited:
            self._calm += 1
            if self._calm % RECOVER_BLOCKS == 0:
                self.engine.limit(self.engine.most_voices + 1)


class Recorder:
    """A sink that another sink writes to on a thread of its own, so that a slow disk is nobody's business."""

    def __init__(self, sink: Sink) -> None:
        import threading

        self._sink = sink
        self._waiting: deque[FloatArray] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def write(self, block: FloatArray) -> None:
        """Take a block that nobody changes any more."""
        self._waiting.append(block)

    def close(self) -> None:
        """Write what waits."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not (self._stop.is_set() and not self._waiting):
            if self._waiting:
                self._sink.write(self._waiting.popleft())
            else:
                time.sleep(0.05)
