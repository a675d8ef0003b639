"""Which of the keys that an instrument maps are its notes."""

from __future__ import annotations

from collections.abc import Sequence

from nsynth_lab.note import runs

PIANO = (21, 108)
MOST_APART, LEAST_PLAYED = 12, 24


def usual_range(keys: Sequence[int]) -> tuple[int, int]:
    """The lowest and the highest key worth playing, of the rising MIDI notes that sound.

    Short runs of keys that lie apart from a long one are left out: they are keyswitches, or noises. Fonts stretch
    their outermost samples to the ends of MIDI's range: what a piano's keyboard has not is left out too.

    >>> usual_range(range(128)), usual_range([36]), usual_range([24, 25, *range(36, 82)])
    ((21, 108), (36, 36), (36, 81))
    """
    low, high = keys[0], keys[-1]
    all_runs = runs(keys)
    widest = max(all_runs, key=len)
    if len(widest) >= LEAST_PLAYED and all(len(run) <= MOST_APART for run in all_runs if run is not widest):
        low, high = widest[0], widest[-1]
    within = [key for key in keys if max(low, PIANO[0]) <= key <= min(high, PIANO[1])]
    return (within[0], within[-1]) if within else (low, high)
