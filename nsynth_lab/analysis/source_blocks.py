"""Reads a sound file for what listens to it: mono, at one sample rate, and without a hum of the mains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nsynth_lab.audio import mono_blocks
from nsynth_lab.dsp.clipping import ClipFinder
from nsynth_lab.dsp.hum_filter import HumFilter
from nsynth_lab.dsp.mains_hum import HumFinder, MainsHum
from nsynth_lab.dsp.resampling import StreamResampler
from nsynth_lab.units import SAMPLE_RATE, FloatArray

LEARNT_SECONDS = 10.0


class FirstLook(NamedTuple):
    """What a sound file is like as a whole: the hum that sounds all through it, if any, and whether it is clipped."""

    hum: MainsHum | None
    is_clipped: bool

    def told(self) -> list[str]:
        """What a musician should know of it, one line each."""
        clipped = ["it is clipped, so pitch and level may be heard wrongly: record it more softly"]
        return [*(clipped if self.is_clipped else []), *([] if self.hum is None else [self.hum.told()])]


def first_look(path: Path, *, advance: Callable[[int], object] = lambda _: None) -> FirstLook:
    """Read a sound file from beginning to end, to see what it is like; `advance` is called with samples at 48 kHz.

    Raises:
        AudioError: as `nsynth_lab.audio.mono_blocks`.
    """
    hum, clipping = None, ClipFinder()
    for block, rate in mono_blocks(path):
        hum = hum or HumFinder(rate)
        hum.hear(block)
        clipping.hear(block)
        advance(round(len(block) * SAMPLE_RATE / rate))
    return FirstLook(None if hum is None else hum.found(), clipping.found)


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
    """Mono blocks [samples] at `rate` in Hz without `hum`, whose exact phase is learnt from the first ten seconds."""
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
