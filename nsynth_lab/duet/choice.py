"""Of several candidates the one that suits the phrase best: a critic, as `melody.critic` is one for whole tunes.

It prefers what moves and is paced as the phrase is (by the divergence of their intervals and lengths), what ends at
rest, and what neither bores nor babbles; it refuses a copy, in any key, unless that is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nsynth_lab.melody.critic import divergence
from nsynth_lab.melody.draft import Draft
from nsynth_lab.melody.steps import DURATIONS, REST

Line = list[tuple[int, int]]  # pitch of each note that sounds, and ticks to the next one

COPY_SHARE = 0.6  # of the answer's notes in one run that the phrase has too
NEW_SHARE = 0.4  # up to which it is no fault
FEWEST_COPIED = 4  # notes; fewer are no copy
LEAST_BITS, MOST_BITS = 1.0, 3.2  # a note
INTERVALS, LENGTHS, REST_WEIGHT, SURPRISE, ALIKE, COPIED = 2.5, 1.4, 0.15, 0.1, 0.5, 2.0
AT_REST = {0: 0.0, 7: 0.5, 4: 0.6, 3: 0.6}  # how little an ending on a step above the tonic is one
NOT_AT_REST = 1.0
MOST_OF_ONE = 0.5  # of the notes may have one pitch
NEARBY = 5  # semitones by which a note of a copy is moved at most, where there is one


@dataclass(frozen=True)
class Judged:
    """The critic's judgement: faults (fewer are better), how much the phrase shares, and whether it is a copy."""

    faults: float
    shared: float
    copies: bool


def judged(answer: Line, phrase: Line, *, bits: float, close: float) -> Judged:
    """The faults of an answer, which has at least one note.

    Args:
        answer: its notes.
        phrase: that it answers.
        bits: how surprising the answer is, a note.
        close: from 1 on a copy is asked for.
    """
    shared = longest_shared(_unmeasured(answer), _unmeasured(phrase)) / len(answer) if close < 1.0 else 0.0
    common = Counter(pitch for pitch, _ in answer).most_common(1)[0][1] / len(answer)
    of_phrase = Counter(pitch for pitch, _ in phrase).most_common(1)[0][1] / len(phrase) if phrase else 0.0
    faults = (
        INTERVALS * divergence(intervals(answer), intervals(phrase))
        + LENGTHS * divergence(lengths(answer), lengths(phrase))
        + REST_WEIGHT * AT_REST.get(answer[-1][0] % 12, NOT_AT_REST)
        + SURPRISE * (max(0.0, LEAST_BITS - bits) + max(0.0, bits - MOST_BITS))
        + ALIKE * max(0.0, common - max(MOST_OF_ONE, of_phrase))
        + COPIED * max(0.0, shared - NEW_SHARE)
    )
    return Judged(faults, shared, len(answer) >= FEWEST_COPIED and shared >= COPY_SHARE)


def _unmeasured(line: Line) -> Line:
    """The same notes without their lengths: a copy in another rhythm is still a copy."""
    return [(pitch, 0) for pitch, _ in line]


def line_of(draft: Draft, *, first: int = 0) -> Line:
    """The notes of a draft from one on: their pitches, and how long it is to the next; the last one's own length."""
    sung = [at for at in range(first, len(draft)) if draft.pitches[at] != REST]
    until = [draft.begins[at] for at in sung[1:]]
    until += [draft.begins[at] + DURATIONS[draft.durations[at]] for at in sung[-1:]]
    return [(draft.pitches[at], end - draft.begins[at]) for at, end in zip(sung, until, strict=True)]


def intervals(line: Line) -> Counter[Hashable]:
    """How often each interval occurs, in semitones."""
    return Counter(after[0] - before[0] for before, after in pairwise(line))


def lengths(line: Line) -> Counter[Hashable]:
    """How often each length occurs, in ticks."""
    return Counter(length for _, length in line)


def is_copy(answer: Line, phrase: Line) -> bool:
    """Whether most of an answer is one run of the phrase's, in whatever key."""
    return len(answer) >= FEWEST_COPIED and longest_shared(answer, phrase) >= COPY_SHARE * len(answer)


def longest_shared(one: Line, two: Line) -> int:
    """Notes of the longest run that both have: the same lengths, and the same intervals between them.

    >>> longest_shared([(0, 12), (2, 12), (4, 24), (0, 6)], [(7, 6), (5, 12), (7, 12), (9, 24)])
    3
    """
    return _shared_run(one, two)[0]


def _shared_run(one: Line, two: Line) -> tuple[int, int]:
    """The notes of that run, and the place of its last note in `one`."""
    moves, others = (
        [(after[0] - before[0], before[1], after[1]) for before, after in pairwise(line)] for line in (one, two)
    )
    best, last, row = 0, 0, [0] * (len(others) + 1)
    for place, move in enumerate(moves, start=1):
        row = [0, *(row[at] + 1 if move == other else 0 for at, other in enumerate(others))]
        if max(row) > best:
            best, last = max(row), place
    return (best + 1 if best else 0), last


def varied(answer: Line, phrase: Line, pitches: Collection[int]) -> Line:
    """An answer with as many of its notes moved to one of `pitches` nearby as it takes not to be a copy."""
    line, known = _unmeasured(answer), _unmeasured(phrase)
    for _ in answer:
        shared, last = _shared_run(line, known)
        if len(line) < FEWEST_COPIED or shared < COPY_SHARE * len(line):
            break
        at, own = last - shared // 2, line[last - shared // 2][0]
        others = [pitch for pitch in pitches if pitch != own]
        near = [pitch for pitch in others if abs(pitch - own) <= NEARBY] or others
        moved = [[*line[:at], (pitch, 0), *line[at + 1 :]] for pitch in near] or [line]
        line = min(moved, key=lambda one: (longest_shared(one, known), abs(one[at][0] - own), one[at][0]))
    return [(pitch, length) for (pitch, _), (_, length) in zip(line, answer, strict=True)]


def best_of(found: Sequence[Judged]) -> int:
    """The index of the candidate with the fewest faults that is no copy; if all are, of the one that copies least."""
    copied = all(one.copies for one in found)
    return min(
        range(len(found)),
        key=lambda at: (found[at].shared if copied else found[at].copies, found[at].faults, at),
    )
