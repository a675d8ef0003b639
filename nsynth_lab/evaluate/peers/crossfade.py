"""A plain crossfade: both notes at once, at equal power."""

from __future__ import annotations

import math

import numpy as np

from nsynth_lab.units import FloatArray


def morph(first: FloatArray, second: FloatArray, *, position: float, note: int = 0) -> FloatArray:  # noqa: ARG001
    """Cosine times `first` plus sine times `second`, each [samples]: as powerful as their weighted mean, if unrelated.

    >>> morph(np.ones(2, np.float32), np.zeros(3, np.float32), position=0.0)
    array([1., 1., 0.], dtype=float32)
    """
    first, second = same_length(first, second)
    angle = 0.5 * math.pi * position
    return np.asarray(math.cos(angle) * first + math.sin(angle) * second, np.float32)


def same_length(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The shorter one with silence at its end."""
    longer = max(len(first), len(second))
    return np.pad(first, (0, longer - len(first))), np.pad(second, (0, longer - len(second)))
