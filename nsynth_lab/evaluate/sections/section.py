"""Section: the base class of all sections; it gets every note once, and then does any work of its own.

A section that compares notes with their reconstructions only needs `add_note` and `finish`. One that decodes other
sounds also returns their number from `steps`, for the progress bar, and calls `advance` for each. What a
`KeepingSection` measures of a note is a few numbers, which can be kept: interrupted, the evaluation goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.kept_notes import Values
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.notes import EvaluationNote
from nsynth_lab.evaluate.translations import Translator
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray

Advance = Callable[[int], None]


@dataclass(frozen=True)
class EvaluationSetup:
    """The model and the notes of an evaluation.

    Attributes:
        checkpoint: the model.
        records: the notes to evaluate with.
        pool: all notes of their data sets; partners and pairs are chosen from them.
        bank: the checkpoint's instruments, if it has any.
        pairs: number of pairs of instruments to blend.
        rounds: number of rounds in which each note's latents are fitted, as in `encode`.
        detail: whether what they leave unsaid is measured, as in `encode`; without either it is the encoder alone.
        refine_seconds: how long latents are fitted in the section `refinement`; 0 leaves that section out.
        seed: of all random choices.
        phrases: recordings of tunes, which are translated.
        targets: the instruments that play them; some of different families if it is empty.
        translator: translates them.
        cells: a folder in which the figures of each note, and of each phrase and target, are kept and found again.
        drums: recordings of drums and noises.
        stereo: recordings of which the width is compared.
        chords: recordings in which several notes sound at once.
    """

    checkpoint: Checkpoint
    records: Sequence[NoteRecord]
    pool: Sequence[NoteRecord]
    bank: Bank | None = None
    pairs: int = 200
    rounds: int = ROUNDS
    detail: bool = True
    refine_seconds: float = 0.0
    seed: int = 2017
    phrases: Sequence[Path] = ()
    targets: Sequence[str] = ()
    translator: Translator | None = None
    cells: Path | None = None
    drums: Sequence[Path] = ()
    stereo: Sequence[Path] = ()
    chords: Sequence[Path] = ()


@dataclass(frozen=True)
class DecodedNote:
    """A recorded note and its reconstruction; encoded and decoded when these are first used."""

    recording: EvaluationNote
    checkpoint: Checkpoint
    rounds: int = ROUNDS
    detail: bool = True

    @property
    def record(self) -> NoteRecord:
        """The note's labels."""
        return self.recording.record

    @cached_property
    def latents(self) -> Latents:
        """The note's latents."""
        return self.recording.encode(self.checkpoint, rounds=self.rounds, detail=self.detail)

    @cached_property
    def original(self) -> Sound:
        """The note as it was recorded."""
        return Sound(self.recording.samples, self.record.pitch, self.recording.streams)

    @cached_property
    def decoded(self) -> Sound:
        """The note as the model reconstructs it."""
        return Sound(decode_whole(self.latents, self.checkpoint), self.record.pitch)


class Section:
    """One section of the evaluation; to be subclassed.

    Attributes:
        name: its key in the figures.
        uses_notes: whether `add_note` is needed, so that notes have to be read.
        setup: the model and the notes.
    """

    name: ClassVar[str]
    uses_notes: ClassVar[bool] = True

    def __init__(self, setup: EvaluationSetup) -> None:
        self.setup = setup

    @classmethod
    def applies(cls, setup: EvaluationSetup) -> bool:  # noqa: ARG003  (for sections that do not always apply)
        """Whether this section has anything to do."""
        return True

    def steps(self) -> int:
        """The number of sounds it decodes besides the notes' reconstructions; it calls `advance(1)` after each."""
        return 0

    def add_note(self, note: DecodedNote, advance: Advance) -> None:
        """Add the metrics of one note."""

    def finish(self, advance: Advance) -> dict[str, Any]:
        """The section's figures (metric -> figures), after all notes have been added."""
        raise NotImplementedError


class KeepingSection(Section):
    """Base class of the sections whose result for a note is a few numbers, which can be kept."""

    def measure(self, note: DecodedNote) -> Values:
        """The metrics of one note."""
        raise NotImplementedError

    def add_values(self, record: NoteRecord, values: Values) -> None:
        """Add the metrics of one note, measured just now or in an earlier run."""
        raise NotImplementedError

    def made_from(self) -> dict[str, Any]:
        """What these metrics depend on, beside the note, the model and how it encodes; JSON values."""
        return {}

    def add_note(self, note: DecodedNote, advance: Advance) -> None:  # noqa: ARG002  (the note is counted already)
        """See `Section.add_note`."""
        self.add_values(note.record, self.measure(note))


def decode_whole(latents: Latents, checkpoint: Checkpoint) -> FloatArray:
    """Decode `latents` as one array, [frames * 512]."""
    return np.concatenate(list(decode(latents, checkpoint)))
