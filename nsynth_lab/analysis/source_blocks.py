"""A sound file as what listens takes it: mono, at one rate, and without a hum of the mains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from nsynth_lab.audio import mono_blocks
from nsynth_lab.dsp.hum_filter import HumFilter
from nsynth_lab.dsp.mains_hum import HumFinder, MainsHum
from nsynth_lab.dsp.resampling import StreamResampler
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LEARNT_SECONDS = 10.0


def mains_hum(path: Path, *, advance: Callable[[int], object] = lambda _: None) -> MainsHum | None:
    """The hum that sounds all through a file, which is read from beginning to end; None if there is none.

    `advance` is called with samples at 48 kHz.

    Raises:
        AudioError: as `nsynth_lab.audio.mono_blocks`.
    """
    finder: HumFinder | None = None
    for block, rate in mono_blocks(path):
        finder = finder or HumFinder(rate)
        finder.hear(block)
        advance(round(len(block) * SAMPLE_RATE / rate))
    return None if finder is None else finder.found()


def source_blocks(path: Path, target_rate: int) -> Iterator[FloatArray]:
    """Mono blocks [samples] of a sound file at `target_rate` in Hz.

    Raises:
        AudioError: as `nsynth_lab.audio.mono_blocks`.
    """
    resampler: StreamResampler | None = None
    for block, rate in mono_blocks(path):
        if rate == target_rate:
            yield block
            continue
        resampler = resampler or StreamResampler(rate, target_rate, channels=1)
        yield resampler.process(block[None])[0]
    if resampler is not None:
        yield resampler.finish()[0]


def without_hum(blocks: Iterable[FloatArray], rate: int, hum: MainsHum | None) -> Iterator[FloatArray]:
    """Mono blocks [samples] at `rate` in Hz without a hum, which is learnt from the first of them."""
    left = iter(blocks)
    if hum is None:
        yield from left
        return
    hum_filter, first, come = HumFilter(hum, rate), [np.zeros(0, np.float32)], 0
    for block in left:
        first.append(block)
        come += len(block)
        if come >= LEARNT_SECONDS * rate:
            break
    beginning = np.concatenate(first)
    hum_filter.learn(beginning)
    yield hum_filter.process(beginning)
    yield from map(hum_filter.process, left)
