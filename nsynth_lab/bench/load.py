"""measure_load: the cost of blocks with a given number of voices, on the engine that `play` uses.

Keys start at irregular times and are struck again during the measurement, as when somebody plays. All voices are in
use, so every new key steals one. Threads and garbage collection are as in `play`. Blocks follow each other without
waiting and without the real-time priority of `play`, so other programs affect the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nsynth_lab.bench.work import KEYS, Work, spread_notes
from nsynth_lab.midi.events import CHANNELS, note_off, note_on
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.render.live import undisturbed
from nsynth_lab.render.machine import choose_threads
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import Settings
from nsynth_lab.threads import set_thread_count, thread_count
from nsynth_lab.units import SAMPLE_RATE, Doubles

MIN_BLOCKS, MIN_SECONDS = 1000, 3.0  # a 99.9th percentile needs at least a thousand blocks
QUICK_COUNT = 150
ODD_SAMPLES = 331  # between the first key-downs; not a multiple of any block size
KEYS_PER_SECOND = 6.0


@dataclass(frozen=True)
class Load:
    """The cost of blocks of one size with a given number of voices, as shares of their deadline.

    Attributes:
        blocks: number of blocks measured.
        median, p99, p999, worst: median, 99th and 99.9th percentile and maximum of the shares.
        late: number of blocks that missed their deadline.
        threads: to compute on, chosen as in `play` unless given.
    """

    block_samples: int
    voices: int
    blocks: int
    median: float
    p99: float
    p999: float
    worst: float
    late: int
    threads: int

    @staticmethod
    def of(shares: Doubles, *, block_samples: int, voices: int) -> Load:
        """Summary of blocks that took these shares of their deadline."""
        median, p99, p999 = (float(value) for value in np.percentile(shares, (50.0, 99.0, 99.9)))
        late, threads = int((shares > 1.0).sum()), thread_count()
        return Load(block_samples, voices, len(shares), median, p99, p999, float(shares.max()), late, threads)


def sounding_engine(work: Work, *, voices: int, block_samples: int) -> Engine:
    """An engine with `voices` sounding voices, each key started at a different time.

    More than 1,024 are unisons, because there are no more keys: 64 on each of 16 channels.
    """
    unison = -(-voices // (CHANNELS * KEYS))
    engine = make_engine(work.session, [list(work.names)], Settings(voices=voices, unison=unison))
    start_voices(work, engine, voices=voices // unison, block_samples=block_samples)
    return engine


def start_voices(
    work: Work, engine: Engine, *, voices: int, block_samples: int, channel: Callable[[int], int] | None = None
) -> None:
    """Prepare an engine as `play` does and strike `voices` keys, key `n` on channel `channel(n)` if given."""
    if work.threads:
        engine.warm_up()
        engine.step_seconds()
    else:
        choose_threads(engine)
    engine.send(
        note_on(note, 90, at_sample=ODD_SAMPLES * place, channel=channel(place) if channel else place // KEYS)
        for place, note in enumerate(spread_notes(voices))
    )
    while engine.clock < ODD_SAMPLES * voices + SAMPLE_RATE // 2:
        engine.render(block_samples)


def measure_load(work: Work, *, block_samples: int, voices: int) -> Load:
    """Play `voices` voices for at least a thousand blocks of `block_samples`."""
    threads = thread_count()
    engine = sounding_engine(work, voices=voices, block_samples=block_samples)
    least = max(MIN_BLOCKS, round(MIN_SECONDS * SAMPLE_RATE / block_samples))
    shares = np.empty(QUICK_COUNT if work.quick else least)
    between = max(1, round(SAMPLE_RATE / block_samples / KEYS_PER_SECOND))
    rng, notes = np.random.default_rng(voices), spread_notes(min(voices, CHANNELS * KEYS))
    with undisturbed():
        for index in range(len(shares)):
            if index % between == 0:
                place, now = int(rng.integers(len(notes))), engine.clock + int(rng.integers(block_samples))
                again = {"number": notes[place], "channel": place // KEYS, "at_sample": now}
                engine.send([note_off(**again), note_on(**again)])
            begun = time.perf_counter()
            engine.render(block_samples)
            shares[index] = (time.perf_counter() - begun) * SAMPLE_RATE / block_samples
    load = Load.of(shares, block_samples=block_samples, voices=engine.state().voices)
    set_thread_count(threads)
    return load
