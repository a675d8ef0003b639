"""Which of an instrument's keys are its notes, and what a person should know of the others."""

from __future__ import annotations

from collections.abc import Sequence

from nsynth_lab.note import key_ranges, runs

PIANO = (21, 108)
FEW_KEYS = 12
MOST_APART = 12
LEAST_PLAYED = 24


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


def remarks_on(keys: Sequence[int], *, lowest: int, highest: int) -> list[str]:
    """A line where few keys sound, and one where short runs of keys outside `lowest` to `highest` lie apart."""
    remarks = []
    if len(keys) < FEW_KEYS:
        remarks.append(f"only {len(keys)} of its keys {'sounds' if len(keys) == 1 else 'sound'}: {key_ranges(keys)}")
    apart = [key for run in runs(keys) if run[-1] < lowest or run[0] > highest for key in run]
    if apart and len(keys) > FEW_KEYS:
        remarks.append(
            f"{key_ranges(apart)} {'lies' if len(apart) == 1 else 'lie'} apart from its notes, as keyswitches do, and "
            f"{'is' if len(apart) == 1 else 'are'} left out; --low and --high take them"
        )
    return remarks


def spread(keys: Sequence[int], *, step: int) -> list[int]:
    """The first of the rising `keys` and then each that lies at least `step` semitones above the last one taken.

    >>> spread([36, 37, 38, 39, 40, 47], step=4)
    [36, 40, 47]
    """
    taken: list[int] = []
    for key in keys:
        if not taken or key - taken[-1] >= step:
            taken.append(key)
    return taken
