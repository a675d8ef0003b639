"""Near duplicates among tunes, and a split for training in which none is on both sides.

The same tune stands in several collections, in other keys, with another ending or a note changed. Two tunes that share
a good part of their runs of eight notes belong to one cluster, and a cluster is trained on or held out as a whole.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from nsynth_lab.melody.steps import DURATIONS, REST, Steps

RUN = 8  # notes
SHARED = 0.2  # of the runs of the tune that has fewer
COMMONPLACE = 50  # a run in more tunes than this says nothing of their kinship
SPLITS = ("train", "valid", "test")
PARTS = 10  # of which one is for validation and one for the test

Run = tuple[tuple[int, int], ...]


def runs(steps: Steps) -> frozenset[Run]:
    """Every run of eight notes, as intervals and durations: the same in every key."""
    notes = [
        (int(pitch), DURATIONS[duration])
        for pitch, duration in zip(steps.pitch, steps.duration, strict=True)
        if pitch != REST
    ]
    moves = [(after[0] - before[0], before[1]) for before, after in pairwise(notes)]
    return frozenset(tuple(moves[at : at + RUN - 1]) for at in range(len(moves) - RUN + 2))


def clusters(tunes: Sequence[Steps]) -> list[int]:
    """For each tune the number of its cluster: the index of the cluster's first tune."""
    found = [runs(steps) for steps in tunes]
    holders: defaultdict[Run, list[int]] = defaultdict(list)
    for index, own in enumerate(found):
        for run in own:
            holders[run].append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for group in holders.values():
        if len(group) <= COMMONPLACE:
            shared.update((one, other) for place, one in enumerate(group) for other in group[place + 1 :])
    leader = list(range(len(tunes)))

    def leader_of(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for (one, other), count in shared.items():
        if count >= SHARED * min(len(found[one]), len(found[other])):
            first, second = sorted((leader_of(one), leader_of(other)))
            leader[second] = first
    return [leader_of(index) for index in range(len(tunes))]


def split(tunes: Sequence[Steps]) -> list[str]:
    """For each tune `train`, `valid` or `test`: about eight, one and one in ten, clusters undivided.

    A cluster's side depends on its tunes alone, not on their order or on what else there is.
    """
    members: defaultdict[int, list[bytes]] = defaultdict(list)
    numbers = clusters(tunes)
    for number, steps in zip(numbers, tunes, strict=True):
        content = repr([(int(pitch), int(one)) for pitch, one in zip(steps.pitch, steps.duration, strict=True)])
        members[number].append(hashlib.blake2b(content.encode(), digest_size=8).digest())
    sides = {number: _side(min(digests)) for number, digests in members.items()}
    return [sides[number] for number in numbers]


def _side(digest: bytes) -> str:
    part = int.from_bytes(digest, "big") % PARTS
    return SPLITS[part + 1] if part < len(SPLITS) - 1 else SPLITS[0]
