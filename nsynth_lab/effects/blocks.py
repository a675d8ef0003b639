"""parts: a block of any length as blocks that effects and plugins take."""

from __future__ import annotations

from itertools import pairwise

from nsynth_lab.effects.effect import MAX_BLOCK_SAMPLES, SHORTEST_BLOCK_SAMPLES


def parts(samples: int) -> list[slice]:
    """Slices of at most 1024 samples, none shorter than 3 if there are so many.

    >>> parts(1025)
    [slice(0, 1021, None), slice(1021, 1025, None)]
    """
    ends = list(range(MAX_BLOCK_SAMPLES, samples, MAX_BLOCK_SAMPLES))
    if ends and samples - ends[-1] < SHORTEST_BLOCK_SAMPLES:
        ends[-1] -= SHORTEST_BLOCK_SAMPLES
    return [slice(*pair) for pair in pairwise([0, *ends, samples])]
