"""Removes a hum of the mains from live input, once it has been the same for eight seconds."""

from __future__ import annotations

from functools import cache

import numpy as np

from nsynth_lab.dsp.hum_filter import HumFilter
from nsynth_lab.dsp.mains_hum import HumFinder
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, FloatArray

SECONDS = 8.0


class LiveHum:
    """Filters mono input at 48 kHz, in blocks of any size and without delay; a hum that was found stays out."""

    def __init__(self) -> None:
        _get_ready()
        self._finder = HumFinder(SAMPLE_RATE, seconds=SECONDS)
        self._filter: HumFilter | None = None
        self._told: list[str] = []

    def process(self, samples: FloatArray) -> FloatArray:
        """The next `samples` [samples] without the hum; unchanged as long as none has been found."""
        if self._filter is not None:
            return self._filter.process(samples)
        if self._finder.hear(samples) and (hum := self._finder.found()) is not None:
            self._filter = HumFilter(hum, SAMPLE_RATE)
            self._told.append(hum.told())
        return samples

    def troubles(self) -> list[str]:
        """A line for the player, the first time after a hum was found."""
        told, self._told = self._told, []
        return told


@cache
def _get_ready() -> None:
    """Do all of it once: the first time takes longer than a block, and is not to fall into one."""
    finder = HumFinder(SAMPLE_RATE, seconds=SECONDS)
    turns = 60.0 / SAMPLE_RATE * np.arange((SECONDS + 1.0) * SAMPLE_RATE)
    finder.hear(np.asarray(0.005 * np.sin(2.0 * np.pi * turns), np.float32))
    if (hum := finder.found()) is not None:
        HumFilter(hum, SAMPLE_RATE).process(np.zeros(HOP_SAMPLES, np.float32))
