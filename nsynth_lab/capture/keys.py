"""Which of an instrument's keys to play, and what a person should know of the others."""

from __future__ import annotations

from collections.abc import Sequence

from nsynth_lab.note import key_ranges, runs

FEW_KEYS = 12


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
