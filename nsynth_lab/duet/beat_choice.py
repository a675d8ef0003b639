"""Decides which pulse of a phrase is its beat.

The pulses of every explanation of the onsets are compared, straight, swung and compound, by what musicians go by: how
well the explanation fits, how fast the beat would be, whether notes begin on it, long and loud ones above all, whether
the phrase begins and ends on it, and whether rhythm and pitch come back after it. How much each says was learnt from
tunes of the collections that the melody model learns from, played at tempi and swings drawn by chance:
`python -m nsynth_lab.evaluate.duet.pulse_training TUNES`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nsynth_lab.duet.pulse import COMPOUND_TICKS, USUAL_SECONDS, Explained, Pulse, pulses
from nsynth_lab.units import Doubles, Ints

LONGEST_COUNTED = 4.0  # usual notes: a longer one says no more
MOST_WORSE = 0.3  # a note, from which an explanation is worse says no more
LEAST_SPREAD = 1.5  # of velocities

# What each feature counts.

WEIGHTS = {
    "compound": -6.3, "tempo": 4.15, "tempo squared": -3.92, "tempo cubed": -0.97, "tempo of compound": 1.73,
    "tempo of swung": -0.26, "tempo of dense": 0.2, "dense": 0.85, "dense squared": -0.62,
    "dense of compound": 1.55, "worse": 1.39, "worse of many": 0.39, "worse at most": -18.4, "swung": 2.75,
    "in thirds": 3.73, "as found": -1.62, "longer": -0.8, "found": 1.5, "beats with a note": 0.37,
    "notes on beats": -22.84, "length on beats": 13.17, "begins": 2.43, "ends": -1.38, "in halves": 3.3,
    "in thirds of it": 19.92, "in quarters": 10.21, "rhythm after one": 2.76, "rhythm after two": 0.67,
    "rhythm after three": 0.58, "rhythm after four": 0.03, "pitch after one": 0.11, "pitch after two": -0.17,
    "leaps to beats": -0.82, "loud on beats": 2.05,
}  # fmt: skip


def features(pulse: Pulse, found: Explained, pitches: Ints, loud: Doubles, *, worse: float) -> Doubles:
    """What speaks for a pulse, in the order of `WEIGHTS` [features].

    Args:
        pulse: may be the beat.
        found: the explanation that it belongs to.
        pitches: MIDI notes [onsets].
        loud: how hard notes are struck [onsets], in standard deviations.
        worse: how much more the explanation costs than the best one, a note.
    """
    ticks, count = found.ticks, len(found.ticks)
    lengths = np.diff(ticks).astype(np.float64)
    usual = float(np.median(lengths)) or 1.0
    weights = np.minimum(np.append(lengths, usual) / usual, LONGEST_COUNTED)
    place = (ticks - pulse.first) % pulse.length
    on = place == 0
    inside = max(1.0, (int(ticks[-1]) - int(ticks[0])) / pulse.length)  # beats
    tempo = float(np.log2(pulse.length * found.tick_seconds / USUAL_SECONDS))
    dense = float(np.log2(count / inside))
    leaps = np.abs(np.diff(pitches)).astype(np.float64)
    mean_leap = float(leaps.mean()) or 1.0
    return np.array(
        [
            pulse.is_compound,
            tempo,
            tempo**2,
            tempo**3,
            tempo * pulse.is_compound,
            tempo * found.swings,
            tempo * dense,
            dense,
            dense**2,
            dense * pulse.is_compound,
            worse,
            worse * count**0.5,
            min(worse, MOST_WORSE),
            found.swings,
            found.beat_ticks == COMPOUND_TICKS,
            pulse.length == found.beat_ticks,
            pulse.length > found.beat_ticks,
            pulse.length == found.beat_ticks and pulse.first == 0,
            min(1.0, on.sum() / max(1, int(inside))),
            on.mean(),
            weights[on].sum() / weights.sum(),
            on[0],
            on[-1],
            *((place * parts % pulse.length == 0).mean() for parts in (2, 3, 4)),
            *(_alike(ticks[:-1], lengths, times * pulse.length) for times in (1, 2, 3, 4)),
            *(_alike(ticks, pitches, times * pulse.length) for times in (1, 2)),
            leaps[on[1:]].mean() / mean_leap if on[1:].any() else 1.0,
            loud[on].mean() - loud[~on].mean() if on.any() and not on.all() else 0.0,
        ],
        np.float64,
    )


def _alike(at: Ints, values: Doubles | Ints, later: int) -> float:
    """Share of the onsets that have another so many ticks later, of the same value; of those that could."""
    place = np.searchsorted(at, at + later)
    could = at + later <= at[-1]
    place = np.minimum(place, len(at) - 1)
    same = could & (at[place] == at + later) & (values[place] == values)
    return float(same.sum() / max(1, could.sum()))


def likeliest(
    explained: Sequence[Explained], pitches: Sequence[int], velocities: Sequence[int], *, compound: bool | None = None
) -> tuple[Explained, Pulse]:
    """The pulse that is the beat, and the explanation that it belongs to; of a phrase of two notes at least."""
    tried = candidates(explained, pitches, velocities, compound=compound)
    weights = np.array([*WEIGHTS.values()])
    _, found, pulse = max(tried, key=lambda one: float(one[0] @ weights))
    return found, pulse


def candidates(
    explained: Sequence[Explained], pitches: Sequence[int], velocities: Sequence[int], *, compound: bool | None = None
) -> list[tuple[Doubles, Explained, Pulse]]:
    """All pulses of all explanations, and what speaks for each."""
    notes, hit = np.array(pitches), np.array(velocities, np.float64)
    loud = (hit - hit.mean()) / max(float(hit.std()), LEAST_SPREAD)
    best = min(one.cost for one in explained)
    return [
        (features(pulse, found, notes, loud, worse=found.cost - best), found, pulse)
        for found in explained
        for pulse in pulses(found, compound=compound)
    ]
