"""`reconstruction`: recorded notes against themselves, encoded and decoded."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, ClassVar

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.evaluate.kept_notes import Values
from nsynth_lab.evaluate.metrics.compare import WITHIN, compare
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, KeepingSection


class ReconstructionSection(KeepingSection):
    """All metrics of `compare`; keeps the mel error of each note, so that the report can find the best and worst."""

    name: ClassVar[str] = "reconstruction"

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        self.figures = MetricValues()
        self.errors: list[tuple[float, NoteRecord]] = []

    def measure(self, note: DecodedNote) -> Values:
        """See `KeepingSection.measure`."""
        return compare(note.decoded, note.original)

    def add_values(self, record: NoteRecord, values: Values) -> None:
        """See `KeepingSection.add_values`."""
        self.figures.add(values, record.family)
        self.errors.append((values.get("mel_error_db") or 0.0, record))

    def made_from(self) -> dict[str, Any]:
        """Whether librosa's YIN is there."""
        return {"yin": find_spec("librosa") is not None}

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """See `Section.finish`."""
        return self.figures.summary(within=WITHIN)
