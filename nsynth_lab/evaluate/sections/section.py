"""What a section of the yardstick is: it sees every note once, then does what work it has of its own.

A section that compares notes with their decoded twins only has to `see`. One that decodes other sounds says beforehand
how many that will be, so that the time left can be told, and tells of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.notes import EvaluationNote
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Work:
    """What there is to evaluate.

    Attributes:
        checkpoint: the model.
        records: the notes to evaluate with.
        pool: all notes of their data sets, from which partners and pairs are taken.
        bank: the checkpoint's instruments, if it has any.
        pairs: how many pairs to blend.
        rounds: in which each note's latents are fitted to it, as `encode` does; 0: the encoder alone.
        refine_seconds: how long they are fitted for the section `refinement`; 0: no such section.
        seed: of every draw.
    """

    checkpoint: Checkpoint
    records: Sequence[NoteRecord]
    pool: Sequence[NoteRecord]
    bank: Bank | None = None
    pairs: int = 200
    rounds: int = ROUNDS
    refine_seconds: float = 0.0
    seed: int = 2017


@dataclass(frozen=True)
class Twin:
    """A note, its latents, and both sounds: as it is, and as it is decoded."""

    note: EvaluationNote
    checkpoint: Checkpoint
    rounds: int = ROUNDS

    @property
    def record(self) -> NoteRecord:
        """Who plays what."""
        return self.note.record

    @cached_property
    def latents(self) -> Latents:
        """Its code."""
        return self.note.encode(self.checkpoint, rounds=self.rounds)

    @cached_property
    def original(self) -> Sound:
        """As it was recorded."""
        return Sound(self.note.samples, self.record.pitch, self.note.streams)

    @cached_property
    def decoded(self) -> Sound:
        """As the model has it."""
        return Sound(decode_whole(self.latents, self.checkpoint), self.record.pitch)


class Section:
    """One section; `name` is its key in the figures, and `sees_notes` whether it needs them to be read."""

    name: ClassVar[str]
    sees_notes: ClassVar[bool] = True

    def __init__(self, work: Work) -> None:
        self.work = work

    @classmethod
    def applies(cls, work: Work) -> bool:  # noqa: ARG003  (sections that do not always apply look at it)
        """Whether it has anything to do."""
        return True

    def steps(self) -> int:
        """How many sounds it will make besides the notes' twins; it has to call `advance(1)` after each."""
        return 0

    def see(self, twin: Twin, advance: Advance) -> None:
        """One note more."""

    def finish(self, advance: Advance) -> dict[str, Any]:
        """Metric -> figures, after all notes."""
        raise NotImplementedError


def decode_whole(latents: Latents, checkpoint: Checkpoint) -> FloatArray:
    """All its blocks, [frames * 512]."""
    return np.concatenate(list(decode(latents, checkpoint)))
