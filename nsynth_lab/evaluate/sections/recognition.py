"""`recognition`: does a classifier trained on recorded notes recognise the decoded ones?

originals family_accuracy, pitch_accuracy          1 if the classifier recognises the recording, else 0
reconstructions family_accuracy, pitch_accuracy    the same for its reconstruction

All models are measured with the same classifier, that of the default checkpoint; without it the section is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from nsynth_lab.audio import file_hash
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import CheckpointError
from nsynth_lab.evaluate.kept_notes import Values
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, KeepingSection
from nsynth_lab.model.classifier import CLASSIFIER, Classifier, classify, load_classifier
from nsynth_lab.units import FloatArray


class RecognitionSection(KeepingSection):
    """The classifier's accuracy on recordings and on reconstructions."""

    name: ClassVar[str] = "recognition"

    def __init__(self, setup: EvaluationSetup, classifier: Path = CLASSIFIER) -> None:
        super().__init__(setup)
        self.figures = {"originals": MetricValues(), "reconstructions": MetricValues()}
        self.classifier: Classifier | None = None
        self.error = self._hash = ""
        try:
            self.classifier, _ = load_classifier(classifier)
            self._hash = file_hash(classifier)
        except CheckpointError as error:
            self.error = str(error)

    def measure(self, note: DecodedNote) -> Values:
        """See `KeepingSection.measure`."""
        if self.classifier is None:
            return {}
        return self.recognised(note.original.samples, note.decoded.samples, note.record)

    def recognised(self, original: FloatArray, reconstruction: FloatArray, record: NoteRecord) -> Values:
        """The metrics of the note `record`, recorded and reconstructed, each [samples] at 48 kHz."""
        assert self.classifier is not None
        found: dict[str, float | None] = {}
        for name, samples in (("originals", original), ("reconstructions", reconstruction)):
            family, pitch = classify(samples, self.classifier)
            found[f"{name} family_accuracy"] = float(family == record.family)
            found[f"{name} pitch_accuracy"] = float(pitch == record.pitch)
        return found

    def add_values(self, record: NoteRecord, values: Values) -> None:
        """See `KeepingSection.add_values`."""
        for name, figures in self.figures.items():
            own = {metric.removeprefix(f"{name} "): one for metric, one in values.items() if metric.startswith(name)}
            figures.add(own, record.family)

    def made_from(self) -> dict[str, Any]:
        """The classifier."""
        return {"classifier": self._hash}

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """See `Section.finish`."""
        if self.classifier is None:
            return {"left_out": self.error}
        return {name: figures.summary() for name, figures in self.figures.items()}
