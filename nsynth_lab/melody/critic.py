"""A critic that chooses the best of several drafts (after Sturm's artificial critic, 2020).

A tune is marked down for ending away from its tonic, for bars too seldom or too often heard before, for a compass that
no instrument has, for long notes in a row, and for being far more or less surprising than tunes are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable

import numpy as np

from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import REST
from nsynth_lab.melody.writing import Written

FEWEST_HEARD, MOST_HEARD = 0.12, 0.40  # share of bars heard before in the tune
WIDEST, NARROWEST = 24, 7  # semitones
LEAST_BITS, MOST_BITS = 1.2, 2.8  # a note
TONIC, HEARD, COMPASS, SURPRISE, ALIKE = 1.0, 4.0, 0.2, 1.0, 3.0


def faults(written: Written, *, first: int = 0) -> float:
    """The sum of a draft's faults from note `first` on; 0 if it has none."""
    draft = written.draft
    sung = [pitch for pitch in draft.pitches[first:] if pitch != REST]
    if not sung:
        return float("inf")
    compass = max(sung) - min(sung)
    heard = heard_before(draft)
    common = Counter(sung).most_common(1)[0][1] / len(sung)
    bits = float(np.mean(written.bits)) if written.bits else LEAST_BITS
    return (
        TONIC * (sung[-1] % 12 != 0)
        + HEARD * (max(0.0, FEWEST_HEARD - heard) + max(0.0, heard - MOST_HEARD))
        + COMPASS * (max(0, compass - WIDEST) + max(0, NARROWEST - compass))
        + SURPRISE * (max(0.0, LEAST_BITS - bits) + max(0.0, bits - MOST_BITS))
        + ALIKE * max(0.0, common - 0.4)
    )


def divergence(one: Counter[Hashable], two: Counter[Hashable]) -> float:
    """The Jensen-Shannon divergence of two histograms in bits: 0 alike, 1 nothing in common or one empty.

    >>> divergence(Counter("aab"), Counter("aab")), divergence(Counter("a"), Counter("b"))
    (0.0, 1.0)
    """
    if not one or not two:
        return 0.0 if not one and not two else 1.0
    first, second = sum(one.values()), sum(two.values())
    total = 0.0
    for value in dict.fromkeys([*one, *two]):
        p, q = one[value] / first, two[value] / second
        middle = (p + q) / 2
        total += sum(0.5 * share * math.log2(share / middle) for share in (p, q) if share)
    return max(0.0, total)


def bar_contents(draft: Draft) -> list[tuple[tuple[int, int, int], ...]]:
    """What each bar in which a note begins holds: places, durations and pitches."""
    bars: dict[int, list[tuple[int, int, int]]] = {}
    for begin, duration, pitch in zip(draft.begins, draft.durations, draft.pitches, strict=True):
        bars.setdefault(begin // draft.bar_ticks, []).append((begin % draft.bar_ticks, duration, pitch))
    return [tuple(bars[number]) for number in sorted(bars)]


def heard_before(draft: Draft) -> float:
    """Share of the bars that the tune has had before."""
    contents = bar_contents(draft)
    return 1 - len(set(contents)) / max(1, len(contents))
