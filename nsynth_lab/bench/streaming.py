"""Streaming: the engine that `play` plays on, block by block, with more and more voices until it no longer fits.

Keys go down at odd times and are played again while it is measured, as under hands; threads and garbage collection are
as in `play`. Blocks follow one another without waiting, and without the priority that `play` asks the system for: other
programs are felt.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from nsynth_lab.bench.work import KEYS, Advance, Work, spread_notes
from nsynth_lab.midi.events import note_off, note_on
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.render.live import SWITCH_SECONDS
from nsynth_lab.render.machine import choose_threads
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.settings import MOST_VOICES, Settings
from nsynth_lab.units import SAMPLE_RATE

BLOCKS = (64, 128, 256, 512)
QUICK_BLOCKS, QUICK_LADDER = (256,), (1, 8)
LADDER = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
LEAST_BLOCKS, LEAST_SECONDS = 1000, 3.0  # a thousand blocks are the fewest that have a 99.9th percentile
QUICK_COUNT = 150
ODD_SAMPLES = 331  # between the first key-downs: no multiple of a block
KEYS_PER_SECOND = 6.0
HIGH, CALM = 1.0, 0.6


@dataclass(frozen=True)
class Load:
    """What blocks of one size cost with so many voices, in shares of the time that they last.

    Attributes:
        blocks: measured.
        median, p99, p999, worst: half, 99 in a hundred, 999 in a thousand and all took no longer.
        late: blocks that took longer than they last.
        threads: of torch, as `play` would choose them for this engine, or as asked for.
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


@dataclass(frozen=True)
class Streaming:
    """All loads, and by block size the most voices whose 99.9th percentile is under the deadline.

    `calm_voices` are the most whose 99th percentile is under 60 % of it: what to play with.
    """

    loads: tuple[Load, ...]
    voices_at_deadline: dict[str, int]
    calm_voices: dict[str, int]


def measures(work: Work) -> int:
    """How often `measure` advances."""
    return len(_blocks(work)) * len(_ladder(work))


def measure(work: Work, advance: Advance) -> Streaming:
    """Climb the ladder of voices for each size of block."""
    loads: list[Load] = []
    for block in _blocks(work):
        ladder = _ladder(work)
        climbed: list[Load] = []
        for voices in ladder:
            climbed.append(_load(work, block, voices))
            advance()
            if _is_enough(climbed):
                advance(len(ladder) - len(climbed))
                break
        loads += climbed
    return Streaming(
        loads=tuple(loads),
        voices_at_deadline={str(block): _most(loads, block, "p999", HIGH) for block in _blocks(work)},
        calm_voices={str(block): _most(loads, block, "p99", CALM) for block in _blocks(work)},
    )


def sounding_engine(work: Work, *, voices: int, block_samples: int) -> Engine:
    """An engine under way with that many voices, each begun at a time of its own."""
    settings = Settings(voices=voices, slot_samples=min(block_samples, 256))
    engine = make_engine(work.session, [list(work.names)], settings)
    if work.threads:
        engine.warm_up()
    else:
        choose_threads(engine)
    engine.send(
        note_on(note, 90, at_sample=ODD_SAMPLES * place, channel=place // KEYS)
        for place, note in enumerate(spread_notes(voices))
    )
    while engine.clock < ODD_SAMPLES * voices + SAMPLE_RATE // 2:
        engine.render(block_samples)
    return engine


def _load(work: Work, block: int, voices: int) -> Load:
    import torch

    threads = torch.get_num_threads()
    engine = sounding_engine(work, voices=voices, block_samples=block)
    least = max(LEAST_BLOCKS, round(LEAST_SECONDS * SAMPLE_RATE / block))
    shares = np.empty(QUICK_COUNT if work.quick else least)
    between = max(1, round(SAMPLE_RATE / block / KEYS_PER_SECOND))
    hands, notes = np.random.default_rng(voices), spread_notes(voices)
    with _undisturbed():
        for index in range(len(shares)):
            if index % between == 0:
                place, now = int(hands.integers(voices)), engine.clock + int(hands.integers(block))
                again = {"number": notes[place], "channel": place // KEYS, "at_sample": now}
                engine.send([note_off(**again), note_on(**again)])
            begun = time.perf_counter()
            engine.render(block)
            shares[index] = (time.perf_counter() - begun) * SAMPLE_RATE / block
    used = torch.get_num_threads()
    torch.set_num_threads(threads)
    median, p99, p999 = (float(value) for value in np.percentile(shares, (50.0, 99.0, 99.9)))
    late = int((shares > HIGH).sum())
    return Load(block, engine.state().voices, len(shares), median, p99, p999, float(shares.max()), late, used)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Garbage collection out of the way, as in `render.live`."""
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


def _is_enough(climbed: list[Load]) -> bool:
    """Whether more voices would not fit either; a single step may have been disturbed from outside."""
    return climbed[-1].median >= HIGH or (len(climbed) > 1 and all(load.p99 >= HIGH for load in climbed[-2:]))


def _blocks(work: Work) -> tuple[int, ...]:
    return QUICK_BLOCKS if work.quick else BLOCKS


def _ladder(work: Work) -> tuple[int, ...]:
    return QUICK_LADDER if work.quick else tuple(voices for voices in LADDER if voices <= MOST_VOICES)


def _most(loads: list[Load], block: int, figure: str, below: float) -> int:
    fits = [load.voices for load in loads if load.block_samples == block and getattr(load, figure) < below]
    return max(fits, default=0)
