"""N-grams of melodies, to compare with: of the collections, and of these with the tune so far.

Witten and Bell's smoothing (1991). Short and long term as in IDyOM (Conklin 1990, Pearce 2005), but what the tune has
counted so far falls back on the long-term distribution instead of standing beside it, which is better here: 2.9 bits a
note against 3.0. Both are told metre or mode and the place in the bar.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from nsynth_lab.evaluate.melody.held_out import Sample
from nsynth_lab.melody.steps import DURATIONS, REST
from nsynth_lab.units import Doubles

LONG_ORDER, SHORT_ORDER = 3, 4  # the best of 2 to 6, tried on tunes held out
Context = tuple[Hashable, ...]
Contexts = tuple[list[Context], list[Context]]  # for the duration and for the pitch, the longest first


class WittenBell:
    """Counts of one kind of symbol after contexts."""

    def __init__(self, symbols: int) -> None:
        self._symbols = symbols
        self._counts: defaultdict[Context, dict[int, int]] = defaultdict(dict)

    def add(self, contexts: Sequence[Context], symbol: int) -> None:
        """Count a symbol."""
        for context in contexts:
            seen = self._counts[context]
            seen[symbol] = seen.get(symbol, 0) + 1

    def shares(self, contexts: Sequence[Context], below: Doubles | None = None) -> Doubles:
        """The distribution after contexts, the longest first; `below` where nothing was counted, or all alike."""
        found = np.full(self._symbols, 1 / self._symbols) if below is None else below.copy()
        for context in reversed(contexts):
            seen = self._counts.get(context)
            if seen:
                kinds, total = len(seen), sum(seen.values())
                found *= kinds / (total + kinds)
                for symbol, count in seen.items():
                    found[symbol] += count / (total + kinds)
        return found


class NGram:
    """Durations and pitches, counted."""

    def __init__(self, samples: Sequence[Sample] = ()) -> None:
        self._parts = WittenBell(len(DURATIONS)), WittenBell(REST + 1)
        for sample in samples:
            for contexts, _, note in notes(sample):
                self.add(contexts, note)

    def add(self, contexts: Contexts, note: tuple[int, int]) -> None:
        """Count a note: duration and pitch."""
        for part, own, symbol in zip(self._parts, contexts, note, strict=True):
            part.add(own, symbol)

    def shares(self, contexts: Contexts, below: Sequence[Doubles | None] = (None, None)) -> list[Doubles]:
        """Distributions of the duration and the pitch."""
        return [part.shares(own, under) for part, own, under in zip(self._parts, contexts, below, strict=True)]

    def bits(self, sample: Sample) -> float:
        """Bits a note of a tune."""
        return float(np.mean([_bits(self.shares(contexts), note) for contexts, _, note in notes(sample)]))


def notes(sample: Sample) -> Iterator[tuple[Contexts, Contexts, tuple[int, int]]]:
    """For each note its contexts for the long and for the short term; and its duration and pitch."""
    draft = sample.draft
    for at, note in enumerate(zip(draft.durations, draft.pitches, strict=True)):
        place = draft.begins[at] % draft.bar_ticks
        lengths, pitches = (row[max(0, at - SHORT_ORDER) : at] for row in (draft.durations, draft.pitches))
        both = list(zip(lengths, pitches, strict=True))
        long: Contexts = (
            [("d", sample.metre, place, *lengths[-order:]) for order in range(min(LONG_ORDER, at), 0, -1)],
            [("p", sample.mode, *pitches[-order:]) for order in range(min(LONG_ORDER, at), 0, -1)],
        )
        long[0].extend([("d", sample.metre, place), ("d",)])
        long[1].extend([("p", sample.mode), ("p",)])
        orders, plain = range(min(SHORT_ORDER, at), 1, -1), range(min(2, at), 0, -1)
        short: Contexts = (
            [("d", place, *both[-order:]) for order in orders] + [("d", place, *lengths[-order:]) for order in plain],
            [("p", place, *pitches[-order:]) for order in orders] + [("p", *pitches[-order:]) for order in plain],
        )
        yield long, short, note


def long_and_short(long: NGram, samples: Sequence[Sample]) -> tuple[float, float]:
    """Bits a note under the long-term n-gram, and under it with what the tune has counted so far."""
    alone = together = 0.0
    count = 0
    for sample in samples:
        short = NGram()
        for for_long, for_short, note in notes(sample):
            shares = long.shares(for_long)
            alone += _bits(shares, note)
            together += _bits(short.shares(for_short, shares), note)
            short.add(for_short, note)
            count += 1
    return alone / count, together / count


def _bits(shares: Sequence[Doubles], note: tuple[int, int]) -> float:
    return -sum(math.log2(share[symbol]) for share, symbol in zip(shares, note, strict=True))
