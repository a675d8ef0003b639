"""`recognition`: does a classifier trained on recorded notes recognise the decoded ones?

originals family_accuracy, pitch_accuracy          1 if the classifier recognises the recording, else 0
reconstructions family_accuracy, pitch_accuracy    the same for its reconstruction

All models are measured with the same classifier, that of the default checkpoint; without it the section is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from nsynth_lab.errors import CheckpointError
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, Section
from nsynth_lab.model.classifier import CLASSIFIER, Classifier, classify, load_classifier
from nsynth_lab.units import FloatArray


class RecognitionSection(Section):
    """The classifier's accuracy on recordings and on reconstructions."""

    name: ClassVar[str] = "recognition"

    def __init__(self, setup: EvaluationSetup, classifier: Path = CLASSIFIER) -> None:
        super().__init__(setup)
        self.figures = {"originals": MetricValues(), "reconstructions": MetricValues()}
        self.classifier: Classifier | None = None
        self.error = ""
        try:
            self.classifier, _ = load_classifier(classifier)
        except CheckpointError as error:
            self.error = str(error)

    def add_note(self, note: DecodedNote, advance: Advance) -> None:  # noqa: ARG002  (the note is counted already)
        """See `Section.add_note`."""
        if self.classifier is not None:
            self.add(note.original.samples, note.decoded.samples, family=note.record.family, pitch=note.record.pitch)

    def add(self, original: FloatArray, reconstruction: FloatArray, *, family: str, pitch: int) -> None:
        """Add one note, recorded and reconstructed, each [samples] at 48 kHz."""
        assert self.classifier is not None
        for name, samples in (("originals", original), ("reconstructions", reconstruction)):
            named_family, named_pitch = classify(samples, self.classifier)
            right = {"family_accuracy": float(named_family == family), "pitch_accuracy": float(named_pitch == pitch)}
            self.figures[name].add(right, family)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """See `Section.finish`."""
        if self.classifier is None:
            return {"left_out": self.error}
        return {name: figures.summary() for name, figures in self.figures.items()}
