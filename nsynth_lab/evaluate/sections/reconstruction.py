"""`reconstruction`: recorded notes against themselves, encoded and decoded."""

from __future__ import annotations

from typing import Any, ClassVar

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.metrics.compare import WITHIN, compare
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, Section


class ReconstructionSection(Section):
    """All metrics of `compare`; keeps the mel error of each note, so that the report can find the best and worst."""

    name: ClassVar[str] = "reconstruction"

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        self.figures = MetricValues()
        self.errors: list[tuple[float, NoteRecord]] = []

    def add_note(self, note: DecodedNote, advance: Advance) -> None:  # noqa: ARG002  (the note is counted already)
        """See `Section.add_note`."""
        errors = compare(note.decoded, note.original)
        self.figures.add(errors, note.record.family)
        self.errors.append((errors["mel_error_db"] or 0.0, note.record))

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """See `Section.finish`."""
        return self.figures.summary(within=WITHIN)
