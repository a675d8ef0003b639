"""How close a decoder step comes to the peak rates of the machine, and where the time of a block goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.bench.load import sounding_engine
from nsynth_lab.bench.machine import Rates, device_rates
from nsynth_lab.bench.operations import StepCost, count_step
from nsynth_lab.bench.profiling import TimeShare, time_shares
from nsynth_lab.bench.timing import Spread, seconds_of
from nsynth_lab.bench.work import Advance, Work, spread_notes
from nsynth_lab.latents import PARTIAL_SLOTS, TIMBRE_DIMS
from nsynth_lab.runtime.choose import choose_voice_batch
from nsynth_lab.runtime.voice_batch import FrameStreams
from nsynth_lab.threads import set_thread_count, thread_count
from nsynth_lab.units import note_to_hz

VOICES = (1, 4, 16, 64)
LOUD_DB = -20.0
PROFILED_VOICES, PROFILED_BLOCK = 8, 256


@dataclass(frozen=True)
class Step:
    """One step of the decoder as `play` takes it: the next frame of several voices.

    Attributes:
        microseconds: duration of the step.
        count: operations and bytes of weights that it needs at least.
        gflops: operations achieved, in 10^9 per second; `share_of_matrix_rate` is their share of the peak rate.
        weights_gb_s: bytes of weights read, in 10^9 per second; `share_of_read_rate` is their share of the rate at
            which cached memory is read.
        share_of_limit: the larger of the two shares.
    """

    voices: int
    microseconds: Spread
    count: StepCost
    gflops: float
    share_of_matrix_rate: float
    weights_gb_s: float
    share_of_read_rate: float
    share_of_limit: float


@dataclass(frozen=True)
class Limit:
    """Steps on one thread or on the GPU, the peak rates they are compared with, and the profile of a block."""

    rates: Rates
    steps: tuple[Step, ...]
    profiled_voices: int
    profiled_block_samples: int
    parts: tuple[TimeShare, ...]


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar."""
    return 2 + len(_voices(work))


def measure(work: Work, advance: Advance) -> Limit:
    """Time steps on one thread, so that operations can be compared with the rate of one core."""
    threads = thread_count()
    set_thread_count(1)
    try:
        rates = device_rates(work.device, repeats=3 if work.quick else 8)
        advance()
        steps = []
        for voices in _voices(work):
            steps.append(_step(work, rates, voices))
            advance()
        engine = sounding_engine(work, voices=PROFILED_VOICES, block_samples=PROFILED_BLOCK)
        blocks = 40 if work.quick else 400
        parts = time_shares(lambda: engine.render(PROFILED_BLOCK), blocks=blocks, device=work.device)
        advance()
    finally:
        set_thread_count(threads)
    return Limit(rates, tuple(steps), PROFILED_VOICES, PROFILED_BLOCK, parts)


def _voices(work: Work) -> tuple[int, ...]:
    return VOICES[1:3] if work.quick else VOICES


def _step(work: Work, rates: Rates, voices: int) -> Step:
    decoder = work.session.checkpoint.model.decoder
    hz = [float(note_to_hz(float(note))) for note in spread_notes(voices)]
    batch = choose_voice_batch(work.session.checkpoint, voices)
    batch.reset(range(voices), range(voices))
    streams = FrameStreams(
        np.random.default_rng(0).standard_normal((voices, TIMBRE_DIMS)).astype(np.float32),
        np.full(voices, LOUD_DB, np.float32),
        np.array(hz, np.float32),
        np.zeros((voices, PARTIAL_SLOTS), np.float32),
    )
    took = seconds_of(
        lambda: batch.step(np.arange(voices), streams), repeats=30 if work.quick else 200, device=work.device
    )
    count, median = count_step(decoder, hz), float(np.median(took))
    by_matrix = count.operations / (rates.matrix_gflops * 1e9) / median
    by_reading = count.weight_bytes / (rates.cached_read_gb_s * 1e9) / median
    return Step(
        voices=voices,
        microseconds=Spread.of([1e6 * one for one in took]),
        count=count,
        gflops=count.operations / median / 1e9,
        share_of_matrix_rate=by_matrix,
        weights_gb_s=count.weight_bytes / median / 1e9,
        share_of_read_rate=by_reading,
        share_of_limit=max(by_matrix, by_reading),
    )
