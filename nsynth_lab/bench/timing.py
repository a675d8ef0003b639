"""Repeated timing of a function: median, lowest and highest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Spread:
    """A figure measured several times: the median, the lowest and the highest.

    >>> Spread.of([3.0, 1.0, 2.0])
    Spread(median=2.0, low=1.0, high=3.0)
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """The spread of one or more figures."""
        return cls(float(np.median(figures)), float(min(figures)), float(max(figures)))


def seconds_of(work: Callable[[], object], *, repeats: int, device: str = "cpu") -> list[float]:
    """Seconds of each of `repeats` runs, waiting for the device to finish; a warm-up run before them is not counted."""
    work()
    return [_once(work, device) for _ in range(repeats)]


def real_time(audio_seconds: float, seconds: Sequence[float]) -> Spread:
    """Multiples of real time: seconds of audio per second of computation.

    >>> real_time(4.0, [2.0, 1.0, 1.0])
    Spread(median=4.0, low=2.0, high=4.0)
    """
    return Spread.of([audio_seconds / one for one in seconds])


def _once(work: Callable[[], object], device: str) -> float:
    _wait(device)
    begun = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - begun


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
