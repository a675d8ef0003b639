"""A crossfade at equal power: both notes sounding at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nsynth_lab.units import FloatArray


def morph(first: FloatArray, second: FloatArray, *, positions: Sequence[float], note: int = 0) -> list[FloatArray]:  # noqa: ARG001
    """At each position 0..1, `first` [samples] times a cosine plus `second` [samples] times a sine.

    So the power of two uncorrelated sounds changes linearly.

    >>> morph(np.ones(2, np.float32), np.zeros(3, np.float32), positions=[0.0])
    [array([1., 1., 0.], dtype=float32)]
    """
    first, second = same_length(first, second)
    angles = [0.5 * math.pi * position for position in positions]
    return [np.asarray(math.cos(angle) * first + math.sin(angle) * second, np.float32) for angle in angles]


def same_length(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both sounds, the shorter one padded with silence."""
    longer = max(len(first), len(second))
    return np.pad(first, (0, longer - len(first))), np.pad(second, (0, longer - len(second)))
