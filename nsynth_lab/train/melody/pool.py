"""Pieces as arrays to learn from, and batches of them; kept in a file, so that a run is resumed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.melody.conditions import ANY_STYLE, IS_LAST, LAST_NOT_TOLD, MOST_BARS_LEFT, NOT_LAST, NOT_TOLD
from nsynth_lab.melody.draft import LOOKS, replayed, row
from nsynth_lab.melody.steps import DURATIONS, GOES_ON
from nsynth_lab.train.melody.collections import Piece
from nsynth_lab.units import Ints

WIDTH = 4 + 3 * LOOKS + 2  # of a row: the context, bars left in the section, whether it is the last
LONGEST = 288  # notes of a tune in a batch; of longer ones a part is taken
IN_PART = 0.25  # share of tunes of which a part is taken although they are short
SHORTEST_PART = 32
STYLE_TOLD, FORM_TOLD = 0.5, 0.5  # of the tunes


@dataclass(frozen=True)
class Example:
    """A tune to learn from.

    Attributes:
        told: [notes, WIDTH] before each note.
        notes: [notes, 3] duration, pitch and flag.
        conditions: metre, mode and style.
    """

    told: Ints
    notes: Ints
    conditions: tuple[int, int, int]


@dataclass(frozen=True)
class Batch:
    """Tunes side by side, the shorter ones filled up.

    Attributes:
        told: [tunes, notes, WIDTH] before each note.
        notes: [tunes, notes, 3] duration, pitch and flag.
        conditions: [tunes, 3] metre, mode and style.
        there: [tunes, notes] whether there is a note.
    """

    told: Ints
    notes: Ints
    conditions: Ints
    there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def example_of(piece: Piece) -> Example:
    """A piece as arrays."""
    told: list[list[int]] = []
    begins: list[int] = []
    for draft, context in replayed(piece.steps, piece.bar_ticks):
        told.append([*row(context), NOT_TOLD, LAST_NOT_TOLD])
        begins.append(draft.at)
    steps = piece.steps
    found = np.array(told, np.int64)
    ends = np.array(begins) + np.array(DURATIONS)[steps.duration]
    borders = np.flatnonzero(steps.flag != GOES_ON)
    ends_of_section = ends[borders][np.searchsorted(borders, np.arange(len(begins)))]
    found[:, -2] = np.clip(-(-(ends_of_section - np.array(begins)) // piece.bar_ticks), 1, MOST_BARS_LEFT)
    found[:, -1] = NOT_LAST
    found[borders[-2] + 1 if len(borders) > 1 else 0 :, -1] = IS_LAST
    notes = np.stack([steps.duration, steps.pitch, steps.flag], 1)
    return Example(found, notes, (piece.metre, piece.mode, piece.style))


def batch_of(examples: Sequence[Example], *, form_told: bool = False, style_told: bool = True) -> Batch:
    """Examples side by side, the shorter ones filled up."""
    longest = max(len(one.told) for one in examples)
    told = np.zeros((len(examples), longest, WIDTH), np.int64)
    notes = np.zeros((len(examples), longest, 3), np.int64)
    there = np.zeros((len(examples), longest), bool)
    for place, one in enumerate(examples):
        told[place, : len(one.told)] = one.told
        notes[place, : len(one.told)] = one.notes
        there[place, : len(one.told)] = True
    if not form_told:
        told[..., -2:] = NOT_TOLD, LAST_NOT_TOLD
    conditions = np.array([one.conditions for one in examples])
    if not style_told:
        conditions[:, 2] = ANY_STYLE
    return Batch(told, notes, conditions, there)


class Batches:
    """Batches of about as many notes each, any of them made anew from its number alone."""

    def __init__(self, examples: Sequence[Example], *, notes: int, seed: int) -> None:
        self._examples, self._notes, self._seed = examples, notes, seed
        self._lengths = np.array([min(len(one.told), LONGEST) for one in examples])
        self.each_epoch = max(1, int(0.97 * len(self._cut(np.random.default_rng(0)))))
        self._epoch, self._order = -1, list[Ints]()

    def __getitem__(self, step: int) -> Batch:
        epoch, place = divmod(step, self.each_epoch)
        if epoch != self._epoch:
            by = np.random.default_rng((self._seed, epoch))
            cut = self._cut(by)
            self._epoch, self._order = epoch, [cut[at] for at in by.permutation(len(cut))]
        by = np.random.default_rng((self._seed, 1 << 20, step))
        examples = [self._part(self._examples[at], by) for at in self._order[place]]
        batch = batch_of(examples, form_told=True)
        hidden = by.random(len(examples)) >= FORM_TOLD
        batch.told[hidden, :, -2:] = NOT_TOLD, LAST_NOT_TOLD
        batch.conditions[by.random(len(examples)) >= STYLE_TOLD, 2] = ANY_STYLE
        return batch

    def _cut(self, by: np.random.Generator) -> list[Ints]:
        """Tunes of about one length together."""
        order = np.argsort(self._lengths * by.uniform(0.92, 1.08, len(self._lengths)))
        batches, begin = list[Ints](), 0
        for end in range(1, len(order) + 1):
            if end == len(order) or (end + 1 - begin) * self._lengths[order[begin : end + 1]].max() > self._notes:
                batches.append(order[begin:end])
                begin = end
        return batches

    def _part(self, example: Example, by: np.random.Generator) -> Example:
        count = len(example.told)
        begin, length = 0, min(count, LONGEST)
        if count > LONGEST or (by.random() < IN_PART and count > 2 * SHORTEST_PART):
            begin = int(by.integers(count - SHORTEST_PART))
        end = min(count, begin + length)
        return Example(example.told[begin:end], example.notes[begin:end], example.conditions)
