"""`reconstruction`: a note against itself, encoded and decoded."""

from __future__ import annotations

from typing import Any, ClassVar

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.metrics.compare import WITHIN, compare
from nsynth_lab.evaluate.metrics.summary import Figures
from nsynth_lab.evaluate.sections.section import Advance, Section, Twin, Work


class Reconstruction(Section):
    """Every metric of `compare`; keeps the mel error of each note, for the report to find the best and the worst."""

    name: ClassVar[str] = "reconstruction"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.figures = Figures()
        self.errors: list[tuple[float, NoteRecord]] = []

    def see(self, twin: Twin, advance: Advance) -> None:  # noqa: ARG002  (the twin is counted already)
        """One note."""
        errors = compare(twin.decoded, twin.original)
        self.figures.add(errors, twin.record.family)
        self.errors.append((errors["mel_error_db"] or 0.0, twin.record))

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """Its figures."""
        return self.figures.summary(within=WITHIN)
