"""The pitch of a tone that has only just begun, from the few samples there are.

The windows of `pitch_candidates` fade at their ends, so that what has come last counts least: they know a tone when it
has filled most of a window. Here the last samples are compared with those a lag before as they are, by the normalised
cross-correlation of Talkin, "A robust algorithm for pitch tracking" (1995). Spans of several lengths are looked at,
because it is not known when the tone began, and some of them have to agree: one alone takes the noise of a plucked
string or a consonant for a tone now and then.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

SPANS = tuple(range(256, 1153, 64))  # samples: for tones from 75 Hz up; what is lower is mostly drums
AGREEING, LONGER = 3, 1.2  # so many spans, the longest at least so many times as long as the shortest
SAME_OCTAVES = 0.02
PERIODS = 1.45  # in a span, at least
SHORTEST_LAG = 11  # samples
CLEAR = 0.9
ALMOST = 0.9  # of the highest maximum: the first one so high is the period


class FirstPitch(NamedTuple):
    """A frequency, how well it explains a span (0 to 1), and that span in samples."""

    hz: float
    clarity: float
    span: int


def first_pitch(samples: FloatArray) -> FirstPitch | None:
    """The pitch at the end of `samples` [at least 1152] at 48 kHz, in the shortest span that others agree with."""
    found: list[FirstPitch] = []
    for span in SPANS:
        one = _in_span(samples[-span:].astype(np.float64))
        if one is None:
            continue
        found.append(one)
        alike = [other for other in found if abs(math.log2(other.hz / one.hz)) < SAME_OCTAVES]
        if len(alike) >= AGREEING and span >= LONGER * alike[0].span:
            return alike[0]
    return None


def samples_needed(hz: float) -> int:
    """The samples of a tone of this frequency after which its pitch is known; at most the longest span.

    >>> samples_needed(440.0), samples_needed(131.0), samples_needed(82.0)
    (384, 704, 1088)
    """
    first = next((at for at, span in enumerate(SPANS) if span >= PERIODS * SAMPLE_RATE / hz), len(SPANS) - 1)
    enough = (span for span in SPANS[first + AGREEING - 1 :] if span >= LONGER * SPANS[first])
    return next(enough, SPANS[-1])


def _in_span(wave: Doubles) -> FirstPitch | None:
    span, most = len(wave), int(len(wave) / PERIODS)
    spectrum = np.fft.rfft(wave, 2 * span)
    products = np.fft.irfft(np.square(spectrum.real) + np.square(spectrum.imag))[: most + 1]
    power = np.concatenate([[0.0], np.cumsum(np.square(wave))])
    lags = np.arange(most + 1)
    both = np.sqrt(power[span - lags] * (power[span] - power[lags]))
    likeness = products / np.maximum(both, 1e-12)
    below = np.flatnonzero(likeness < 0.0)
    if not len(below):
        return None
    first = max(int(below[0]), SHORTEST_LAG)
    left, middle, right = likeness[first - 1 : -2], likeness[first:-1], likeness[first + 1 :]
    at = np.flatnonzero((middle > left) & (middle >= right))
    if not len(at):
        return None
    shift, height = parabola(left[at], middle[at], right[at])
    best = int(np.argmax(height > ALMOST * height.max()))
    if height[best] < CLEAR:
        return None
    return FirstPitch(SAMPLE_RATE / float(first + at[best] + shift[best]), min(float(height[best]), 1.0), span)


def parabola(left: Doubles, middle: Doubles, right: Doubles) -> tuple[Doubles, Doubles]:
    """Where, in samples from the middle, and how high the top of a parabola through three points is."""
    shift = 0.5 * (left - right) / (left - 2.0 * middle + right)
    return shift, middle - 0.25 * (left - right) * shift
