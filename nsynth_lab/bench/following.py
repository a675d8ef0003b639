"""Following: a made tune at the input plays a blend of four corners, as `play --input` does; its cost and its latency.

Blocks follow each other without waiting, as in `load`. The latency is that of the sound itself, from the beginning of a
plucked tone in the input to what is heard of it, with the blocks that the output keeps waiting and without the device.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from nsynth_lab.bench.load import Load
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.render.instrument import make_engine
from nsynth_lab.render.live import undisturbed
from nsynth_lab.render.machine import choose_threads
from nsynth_lab.sinks.device import BLOCKS_AHEAD
from nsynth_lab.synth.settings import Settings
from nsynth_lab.translate.live_notes import LiveNotes
from nsynth_lab.translate.rules import Rules
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray, note_to_hz

BLOCK_SAMPLES = 256
TONES, QUICK_TONES = 60, 6
LOWEST, SPAN = 48, 30  # MIDI notes
SILENT_SAMPLES, TONE_SAMPLES, REST_SAMPLES = 33_600, 12_000, 12_011  # the rest brings every phase of a block
PARTIALS, DECAY_SECONDS, NOISE = 8, 0.3, 3e-4
HEARD = 0.01  # of the peak of the tone's first tenth of a second: where it can be heard, whatever its attack
STARTED_SAMPLES = SAMPLE_RATE // 10


@dataclass(frozen=True)
class Following:
    """The load of blocks in which a tune is followed and played, and when its tones are heard.

    Attributes:
        latency_ms, jitter_ms: mean and standard deviation, over two octaves and a half, from a tone to its sound.
    """

    load: Load
    tones: int
    latency_ms: float
    jitter_ms: float


@dataclass
class MadeInput:
    """An input that has the next block of `samples` ready whenever it is read."""

    samples: FloatArray
    called: str = "a made tune"
    latency_seconds: float = 0.0
    away: bool = False
    overflows: int = 0
    _at: int = field(default=0, init=False)

    def read(self) -> FloatArray:
        """The next block."""
        self._at += BLOCK_SAMPLES
        return self.samples[self._at - BLOCK_SAMPLES : self._at]


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return math.ceil(_tones(work) / 10)


def measure(work: Work, advance: Advance) -> Following:
    """Follow and play the tune."""
    tune, begins = _tune(_tones(work))
    engine = make_engine(work.session, [[*work.names, *work.names]], Settings(mpe=True), ahead_samples=HOP_SAMPLES)
    choose_threads(engine)
    notes = LiveNotes(MadeInput(tune), Rules(), block_samples=BLOCK_SAMPLES)
    shares, played = [], []
    with undisturbed():
        while engine.clock < len(tune):
            began = time.perf_counter()
            engine.send(notes.events(engine.clock))
            played.append(engine.render(BLOCK_SAMPLES)[0])
            shares.append((time.perf_counter() - began) * SAMPLE_RATE / BLOCK_SAMPLES)
    advance(progress_steps(work))
    late = _late(np.abs(np.concatenate(played)), begins)
    load = Load.of(np.array(shares), block_samples=BLOCK_SAMPLES, voices=1)
    return Following(load, len(late), 1000.0 * float(late.mean()), 1000.0 * float(late.std()))


def _tones(work: Work) -> int:
    return QUICK_TONES if work.quick else TONES


def _tune(tones: int) -> tuple[FloatArray, list[int]]:
    """Plucked tones with a little noise, and where they begin."""
    rng, seconds = np.random.default_rng(0), np.arange(TONE_SAMPLES) / SAMPLE_RATE
    tune = rng.normal(0.0, NOISE, SILENT_SAMPLES + tones * (TONE_SAMPLES + REST_SAMPLES))
    begins = [SILENT_SAMPLES + number * (TONE_SAMPLES + REST_SAMPLES) for number in range(tones)]
    for number, begin in enumerate(begins):
        hz = note_to_hz(float(LOWEST + 7 * number % SPAN))
        wave = sum(np.sin(2.0 * np.pi * k * hz * seconds) / k for k in range(1, PARTIALS + 1))
        tune[begin : begin + TONE_SAMPLES] += 0.2 * wave * np.exp(-seconds / DECAY_SECONDS)
    return tune.astype(np.float32), begins


def _late(sound: FloatArray, begins: list[int]) -> FloatArray:
    """Seconds from the beginning of each tone to its sound."""
    late: list[float] = []
    for begin in begins:
        own = sound[begin : begin + TONE_SAMPLES]
        if (peak := float(own[:STARTED_SAMPLES].max(initial=0.0))) > NOISE:
            late.append(int(np.argmax(own > HEARD * peak)) + (1 + BLOCKS_AHEAD["low"]) * BLOCK_SAMPLES)
    return np.array(late or [math.nan], np.float32) / np.float32(SAMPLE_RATE)
