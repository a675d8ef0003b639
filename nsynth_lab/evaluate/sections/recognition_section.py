"""`recognition`: does a classifier that has learnt from real notes still know the decoded ones?

originals family_accuracy, pitch_accuracy          1 where the classifier is right about the recording, else 0
reconstructions family_accuracy, pitch_accuracy    the same for what the model makes of it

One classifier judges every model: the one that lies with the default checkpoint. Without it nothing is said but that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from nsynth_lab.errors import CheckpointError
from nsynth_lab.evaluate.classifier import CLASSIFIER, Recogniser, load_recogniser, recognise
from nsynth_lab.evaluate.metrics.summary import Figures
from nsynth_lab.evaluate.sections.section import Advance, Section, Twin, Work
from nsynth_lab.units import FloatArray


class Recognition(Section):
    """Listens to each note and its twin."""

    name: ClassVar[str] = "recognition"

    def __init__(self, work: Work, classifier: Path = CLASSIFIER) -> None:
        super().__init__(work)
        self.figures = {"originals": Figures(), "reconstructions": Figures()}
        self.recogniser: Recogniser | None = None
        self.why = ""
        try:
            self.recogniser, _ = load_recogniser(classifier)
        except CheckpointError as error:
            self.why = str(error)

    def see(self, twin: Twin, advance: Advance) -> None:  # noqa: ARG002  (the twin is counted already)
        """One note."""
        if self.recogniser is not None:
            self.add(twin.original.samples, twin.decoded.samples, family=twin.record.family, pitch=twin.record.pitch)

    def add(self, original: FloatArray, reconstruction: FloatArray, *, family: str, pitch: int) -> None:
        """One note, as recorded and as decoded, each [samples] at 48 kHz."""
        assert self.recogniser is not None
        for name, samples in (("originals", original), ("reconstructions", reconstruction)):
            heard_family, heard_pitch = recognise(samples, self.recogniser)
            right = {"family_accuracy": float(heard_family == family), "pitch_accuracy": float(heard_pitch == pitch)}
            self.figures[name].add(right, family)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """Its figures."""
        if self.recogniser is None:
            return {"left_out": self.why}
        return {name: figures.summary() for name, figures in self.figures.items()}
