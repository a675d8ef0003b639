"""compare: times this project and a peer alternately, on one thread and on all cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from nsynth_lab.bench.peers import ddsp, music_translation, nsynth, ours, rave, reverb
from nsynth_lab.bench.peers.task import Task
from nsynth_lab.bench.timing import Spread
from nsynth_lab.bench.work import Work
from nsynth_lab.threads import usable_processors

NOTE_BLOCKS = 94  # of 2048 samples: 4 s
NOTE_SECONDS = NOTE_BLOCKS * rave.BLOCK_SAMPLES / 48_000
REPEATS, SLOW_REPEATS, SLOW_SECONDS = 9, 3, 2.0


@dataclass(frozen=True)
class Pair:
    """A peer, and the part of this project that it is compared with."""

    name: str
    theirs: Callable[[Path], Task]
    ours: Callable[[Work], Task]


@dataclass(frozen=True)
class Comparison:
    """Speeds of one pair on `threads` threads.

    Attributes:
        theirs, ours: descriptions of what was timed.
        theirs_real_time, ours_real_time: multiples of real time.
        ratio: ours divided by theirs, for each pair of runs.
    """

    name: str
    threads: int
    theirs: str
    ours: str
    theirs_real_time: Spread
    ours_real_time: Spread
    ratio: Spread


_engine = partial(ours.engine, block_samples=rave.BLOCK_SAMPLES, blocks=rave.BLOCKS)
_decoder = partial(ours.decoder, block_samples=rave.BLOCK_SAMPLES, blocks=rave.BLOCKS)
_whole = partial(ours.whole, audio_seconds=NOTE_SECONDS)

PAIRS: tuple[Pair, ...] = (
    Pair("RAVE v2, streaming, decoder alone", rave.streaming, _decoder),
    Pair("RAVE v2, streaming, our whole engine", rave.streaming, _engine),
    Pair("RAVE v2, a whole note", partial(rave.whole, blocks=NOTE_BLOCKS), _whole),
    Pair("DDSP decoder, a whole note", lambda _: ddsp.task(NOTE_SECONDS), _whole),
    Pair("music-translation's WaveNet", music_translation.task, _whole),
    Pair("NSynth's decoder", lambda _: nsynth.task(), _whole),
    Pair("pedalboard's reverb, streaming", lambda _: reverb.task(), _engine),
)


def thread_counts() -> tuple[int, ...]:
    """1 and the number of usable processors."""
    return tuple(sorted({1, usable_processors()}))


def compare(work: Work, folder: Path, pair: Pair) -> Iterator[Comparison]:
    """Time a pair on one thread and on all cores; `folder` has the sources of the peers.

    Raises:
        MissingError: the peer is not in `folder`; the message says how to get it.
    """
    theirs = pair.theirs(folder)
    for threads in thread_counts():
        torch.set_num_threads(threads)
        yield _compare_one(pair.name, threads, theirs, pair.ours(work))


def _compare_one(name: str, threads: int, theirs: Task, own: Task) -> Comparison:
    repeats = SLOW_REPEATS if max(_real_seconds(theirs), _real_seconds(own)) > SLOW_SECONDS else REPEATS
    rates = [(_rate(theirs), _rate(own)) for _ in range(repeats)]
    return Comparison(
        name=name,
        threads=threads,
        theirs=theirs.about,
        ours=own.about,
        theirs_real_time=Spread.of([one for one, _ in rates]),
        ours_real_time=Spread.of([other for _, other in rates]),
        ratio=Spread.of([other / one for one, other in rates]),
    )


def _rate(task: Task) -> float:
    return task.audio_seconds / _real_seconds(task)


def _real_seconds(task: Task) -> float:
    begun = time.perf_counter()
    task.run()
    return time.perf_counter() - begun
