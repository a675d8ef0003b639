"""Facts about tones: their partials, which of them meet, how fast these beat, and how rough they sound together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np

from nsynth_lab.dsp.partials import found_partials, sounding_spectrum_db
from nsynth_lab.dsp.roughness import own_roughness, roughness
from nsynth_lab.tones.asked import Tone, Tones
from nsynth_lab.tones.ratios import nearest_ratio
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, ratio_to_cents

MEETING_HZ = 20.0  # nearer than this two partials are heard as one that beats
WEAKEST_DB = 40.0  # below the tone's strongest partial; weaker ones are not heard among the others
ATTACK_SECONDS = 0.15  # left out of the spectrum, if the tone is long enough
SHORTEST_SECONDS = 0.2


@dataclass(frozen=True)
class Partials:
    """The partials of a tone: `numbers` [partials] from 1, `hz` and `level`, the amplitude; the strongest is 1."""

    numbers: tuple[int, ...]
    hz: Doubles
    level: Doubles


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two partials of two tones that are nearer than 20 Hz: their numbers, the mean frequency, how fast they beat.

    Attributes:
        depth_db: how much weaker the weaker one is than the strongest partial of all.
    """

    first: int
    second: int
    hz: float
    beats_hz: float
    depth_db: float


@dataclass(frozen=True)
class Pair:
    """An interval: two tones, in the order in which they were given.

    Attributes:
        ratio: of their frequencies.
        small: the nearest ratio of small whole numbers.
        error_cents: how far the second is above where `small` would have it.
        meetings: partials that meet, the strongest first.
        roughness: of the one's partials with the other's; 1 is that of two sines at their roughest.
    """

    first: Tone
    second: Tone
    ratio: float
    small: Fraction
    error_cents: float
    meetings: tuple[Meeting, ...]
    roughness: float

    @property
    def cents(self) -> float:
        """The interval in cents."""
        return ratio_to_cents(self.ratio)


def sine_partials(tone: Tone) -> Partials:
    """Those of a sine: one."""
    return Partials((1,), np.array([tone.hz]), np.ones(1))


def measured_partials(tone: Tone, samples: FloatArray, held_seconds: float) -> Partials:
    """Those that are in a recording [samples] of a tone, while it is held and after its attack.

    Of a sound without any, that of a sine.
    """
    held = samples[: round(held_seconds * SAMPLE_RATE)]
    late = round(ATTACK_SECONDS * SAMPLE_RATE)
    part = held[late:] if len(held) - late > SHORTEST_SECONDS * SAMPLE_RATE else held
    if not np.abs(part).max(initial=0.0) > 0.0:
        return sine_partials(tone)
    spectrum_db, bin_hz = sounding_spectrum_db(part)
    found = [one for one in found_partials(spectrum_db, bin_hz, tone.hz) if one.slot]
    top = max((one.level_db for one in found), default=0.0)
    heard = [one for one in found if one.level_db > top - WEAKEST_DB]
    if not heard:
        return sine_partials(tone)
    levels = np.array([one.level_db - top for one in heard])
    return Partials(tuple(one.slot for one in heard), np.array([one.hz for one in heard]), 10.0 ** (levels / 20.0))


def pairs(asked: Tones, partials: Sequence[Partials]) -> list[Pair]:
    """Every two tones of a chord; of a scale each with its first."""
    numbers = range(len(asked.tones))
    chosen = combinations(numbers, 2) if asked.is_chord else ((0, other) for other in numbers[1:])
    return [_pair(asked.tones[one], asked.tones[two], partials[one], partials[two]) for one, two in chosen]


def whole_roughness(partials: Sequence[Partials]) -> float:
    """Of all partials of all tones together."""
    return own_roughness(np.concatenate([one.hz for one in partials]), np.concatenate([one.level for one in partials]))


def _pair(first: Tone, second: Tone, one: Partials, other: Partials) -> Pair:
    ratio = second.hz / first.hz
    small = nearest_ratio(ratio)
    rough = roughness(one.hz, one.level, other.hz, other.level)
    return Pair(first, second, ratio, small, ratio_to_cents(ratio / float(small)), _meetings(one, other), rough)


def _meetings(one: Partials, other: Partials) -> tuple[Meeting, ...]:
    apart = np.abs(one.hz[:, None] - other.hz[None, :])
    level = np.minimum(one.level[:, None], other.level[None, :])
    found = [
        Meeting(
            one.numbers[left], other.numbers[right], float(one.hz[left] + other.hz[right]) / 2.0,
            float(apart[left, right]), float(20.0 * np.log10(level[left, right])),
        )
        for left, right in np.argwhere(apart < MEETING_HZ)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda meeting: (-meeting.depth_db, meeting.hz)))
