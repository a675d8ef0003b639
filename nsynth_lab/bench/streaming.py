"""Streaming: how many voices can play in real time, by adding voices until blocks are late."""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.bench.load import Load, measure_load
from nsynth_lab.bench.work import Advance, Work
from nsynth_lab.synth.settings import MAX_VOICES
from nsynth_lab.units import SAMPLE_RATE

BLOCKS = (64, 128, 256, 512)
QUICK_BLOCKS, QUICK_LADDER = (256,), (1, 8)
LADDER = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
DEADLINE, CALM = 1.0, 0.6  # shares of the time that a block lasts


@dataclass(frozen=True)
class Streaming:
    """How many voices play without dropouts, by block size.

    Attributes:
        loads: one for each number of voices and block size that was tried.
        voices_at_deadline: the most voices with 99.9 % of their blocks in time, by block size.
        calm_voices: the most voices with 99 % of their blocks within 60 % of their deadline, by block size: these play
            without dropouts beside other programs.
    """

    loads: tuple[Load, ...]
    voices_at_deadline: dict[str, int]
    calm_voices: dict[str, int]


def progress_steps(work: Work) -> int:
    """Number of steps by which `measure` advances the progress bar, about one per second."""
    return sum(len(_ladder(work)) * _steps(block) for block in _blocks(work))


def measure(work: Work, advance: Advance) -> Streaming:
    """Try increasing numbers of voices at each block size."""
    loads: list[Load] = []
    for block in _blocks(work):
        ladder = _ladder(work)
        climbed: list[Load] = []
        for voices in ladder:
            climbed.append(measure_load(work, block_samples=block, voices=voices))
            advance(_steps(block))
            if _is_enough(climbed):
                advance((len(ladder) - len(climbed)) * _steps(block))
                break
        loads += climbed
    return Streaming(
        loads=tuple(loads),
        voices_at_deadline={str(block): _most(loads, block, "p999", DEADLINE) for block in _blocks(work)},
        calm_voices={str(block): _most(loads, block, "p99", CALM) for block in _blocks(work)},
    )


def _is_enough(climbed: list[Load]) -> bool:
    """Whether to stop: the median misses the deadline, or the 99th percentile twice (once may be a disturbance)."""
    return climbed[-1].median >= DEADLINE or (len(climbed) > 1 and all(load.p99 >= DEADLINE for load in climbed[-2:]))


def _steps(block: int) -> int:
    """Duration of a thousand blocks at half their deadline."""
    return max(1, round(0.5 * 1000 * block / SAMPLE_RATE))


def _blocks(work: Work) -> tuple[int, ...]:
    return QUICK_BLOCKS if work.quick else BLOCKS


def _ladder(work: Work) -> tuple[int, ...]:
    return QUICK_LADDER if work.quick else tuple(voices for voices in LADDER if voices <= MAX_VOICES)


def _most(loads: list[Load], block: int, figure: str, below: float) -> int:
    fits = [load.voices for load in loads if load.block_samples == block and getattr(load, figure) < below]
    return max(fits, default=0)
