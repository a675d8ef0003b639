"""A song rendered offline: blocks of the engine written to a sink as fast as possible."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from nsynth_lab.midi.events import Event, EventList
from nsynth_lab.midi.song import Song
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.offline import FADE_SAMPLES, Advance
from nsynth_lab.render.partner import Partner
from nsynth_lab.sinks.sink import Sink
from nsynth_lab.synth.engine import EngineState
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray

BLOCK_SAMPLES = 16 * HOP_SAMPLES  # the fastest block for an engine with as many samples ahead
LONGEST_TAIL_SECONDS = 20.0


@dataclass(frozen=True)
class SongResult:
    """A rendered song: its length with tails, the time it took, the peak number of voices, the engine's counters."""

    samples: int
    seconds_taken: float
    peak_voices: int
    state: EngineState

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples / SAMPLE_RATE

    @property
    def times_real_time(self) -> float:
        """Speed as a multiple of real time."""
        return self.seconds / max(self.seconds_taken, 1e-9)


def render_song(engine: Playing, song: Song, sink: Sink, *, advance: Advance = lambda _: None) -> SongResult:
    """Render `song` into `sink`, with the tails of its last notes and of effects, at most 20 s of them.

    Sample 0 is the beginning of the song: the delay of decoder and effects is removed. The end is faded over 10 ms, or
    over 0.17 s if it still sounds. `advance` is called with the samples done.
    """
    begun, done, most = time.perf_counter(), 0, 0
    for block in blocks_of(engine, song.timed, end_sample=song.end_sample):
        sink.write(block)
        done += block.shape[1]
        most = max(most, engine.state().voices)
        advance(BLOCK_SAMPLES)
    return SongResult(done, time.perf_counter() - begun, most, engine.state())


def blocks_of(
    engine: Playing, events: Iterable[Event], *, end_sample: int, partner: Partner | None = None
) -> Iterator[FloatArray]:
    """Blocks of `events`, in order of time, until `end_sample` has passed and the tails have died away.

    With a `partner`, who plays with them, until it has finished too.
    """
    queue, late, done = EventList(events), engine.delay_samples, 0
    limit = end_sample + int(LONGEST_TAIL_SECONDS * SAMPLE_RATE) + late
    block: FloatArray = np.zeros((2, 0), np.float32)
    while done < limit and (done < end_sample + late or not engine.idle):
        if block.size:
            yield block
        played = queue.until(done + BLOCK_SAMPLES)
        engine.send(played)
        if partner is not None:
            engine.send(partner.play(played, done, done + BLOCK_SAMPLES))
            if not partner.idle:
                limit = max(limit, done + int(LONGEST_TAIL_SECONDS * SAMPLE_RATE) + late)
                end_sample = max(end_sample, done + BLOCK_SAMPLES + 1)
        block = engine.render(BLOCK_SAMPLES)[:, max(0, late - done) :]
        done += BLOCK_SAMPLES
    yield _faded(block, FADE_SAMPLES if engine.idle else BLOCK_SAMPLES)


def _faded(block: FloatArray, samples: int) -> FloatArray:
    """`block` [2, samples] with a fade-out over its last `samples`."""
    steps = min(samples, block.shape[1])
    gains = np.ones(block.shape[1], np.float32)
    gains[block.shape[1] - steps :] = np.linspace(1.0, 0.0, steps, dtype=np.float32)
    return block * gains
