"""`refinement`: notes whose latents were fitted longer by gradient descent, as `nsynth-lab encode --refine` does.

It runs only if requested, because it takes that many seconds per note.
"""

from __future__ import annotations

from typing import Any, ClassVar

from nsynth_lab.evaluate.metrics.compare import WITHIN, compare
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, Section, decode_whole
from nsynth_lab.model.refine import refine


class RefinementSection(Section):
    """All metrics of `compare`, and the mel error of the same notes without refinement."""

    name: ClassVar[str] = "refinement"

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        self.figures = MetricValues()

    @classmethod
    def applies(cls, setup: EvaluationSetup) -> bool:
        """Whether refinement is requested."""
        return setup.refine_seconds > 0

    def add_note(self, note: DecodedNote, advance: Advance) -> None:  # noqa: ARG002  (the note is counted already)
        """See `Section.add_note`."""
        checkpoint = self.setup.checkpoint
        found = refine(
            note.latents,
            note.recording.samples,
            checkpoint,
            seconds=self.setup.refine_seconds,
            progress=lambda *_: None,
        )
        refined = Sound(decode_whole(found.latents, checkpoint), note.record.pitch)
        encoded = compare(note.decoded, note.original)["mel_error_db"]
        errors = {"encoded_mel_error_db": encoded, **compare(refined, note.original)}
        self.figures.add(errors, note.record.family)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """See `Section.finish`."""
        return {"seconds": self.setup.refine_seconds, **self.figures.summary(within=WITHIN)}
