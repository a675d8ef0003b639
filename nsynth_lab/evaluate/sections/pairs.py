"""Random pairs of instruments to blend, half of them within a family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.model.bank import Bank

Source = str | NoteRecord  # a name of the bank, or a recording
TRIES_PER_PAIR = 200
ACROSS = "across"


@dataclass(frozen=True)
class BlendPair:
    """Two sources and the note to blend them at; `family` is their common family, or "across"."""

    first: Source
    second: Source
    note: int
    family: str


@dataclass(frozen=True)
class _Candidate:
    source: Source
    instrument: tuple[str, str]
    family: str
    lowest: int
    highest: int


def pairs_of_notes(records: Sequence[NoteRecord], count: int, *, seed: int) -> list[BlendPair]:
    """Up to `count` pairs of notes of the same pitch; two instruments are paired at most once."""
    candidates = [
        _Candidate(one, (one.dataset, one.instrument_str), one.family, one.pitch, one.pitch) for one in records
    ]
    return _draw(candidates, count, np.random.default_rng(seed))


def pairs_of_bank(bank: Bank, count: int, *, seed: int) -> list[BlendPair]:
    """Up to `count` pairs of the bank's instruments that have a pitch, each at a note in the range of both."""
    candidates = []
    for name in bank.pitched:
        entry = bank.entries[name]
        notes = [bank.notes[zone].number for zone in entry.zones]
        candidates.append(_Candidate(name, ("", name), entry.instrument.family, min(notes), max(notes)))
    return _draw(candidates, count, np.random.default_rng(seed))


def _draw(candidates: Sequence[_Candidate], count: int, rng: np.random.Generator) -> list[BlendPair]:
    """Half the pairs within a family, the rest across families; if there are too few of a kind, more of the other."""
    by_family: dict[str, list[_Candidate]] = defaultdict(list)
    for one in candidates:
        by_family[one.family].append(one)
    found: dict[frozenset[tuple[str, str]], BlendPair] = {}
    for within, limit in ((True, count // 2), (False, count), (True, count)):
        for _ in range(TRIES_PER_PAIR * count if candidates else 0):
            if len(found) >= limit:
                break
            first = candidates[int(rng.integers(len(candidates)))]
            others = by_family[first.family] if within else candidates
            second = others[int(rng.integers(len(others)))]
            low, high = max(first.lowest, second.lowest), min(first.highest, second.highest)
            fits = first.instrument != second.instrument and within == (first.family == second.family)
            key = frozenset((first.instrument, second.instrument))
            if fits and low <= high and key not in found:
                family = first.family if within else ACROSS
                found[key] = BlendPair(first.source, second.source, int(rng.integers(low, high + 1)), family)
    return list(found.values())
