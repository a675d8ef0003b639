"""`refinement`: a note whose latents were fitted to it by gradient descent, as `nsynth-lab encode --refine` does.

Only where it is asked for: every note takes its seconds.
"""

from __future__ import annotations

from typing import Any, ClassVar

from nsynth_lab.evaluate.metrics.compare import WITHIN, compare
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.summary import Figures
from nsynth_lab.evaluate.sections.section import Advance, Section, Twin, Work, decode_whole
from nsynth_lab.model.refine import refine


class Refinement(Section):
    """Every metric of `compare`, and the mel error of the same notes as the encoder has them."""

    name: ClassVar[str] = "refinement"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.figures = Figures()

    @classmethod
    def applies(cls, work: Work) -> bool:
        """Where there are seconds to work."""
        return work.refine_seconds > 0

    def see(self, twin: Twin, advance: Advance) -> None:  # noqa: ARG002  (the twin is counted already)
        """One note."""
        checkpoint = self.work.checkpoint
        found = refine(
            twin.latents, twin.note.samples, checkpoint, seconds=self.work.refine_seconds, progress=lambda *_: None
        )
        refined = Sound(decode_whole(found.latents, checkpoint), twin.record.pitch)
        encoded = compare(twin.decoded, twin.original)["mel_error_db"]
        errors = {"encoded_mel_error_db": encoded, **compare(refined, twin.original)}
        self.figures.add(errors, twin.record.family)

    def finish(self, advance: Advance) -> dict[str, Any]:  # noqa: ARG002  (nothing left to do)
        """Its figures."""
        return {"seconds": self.work.refine_seconds, **self.figures.summary(within=WITHIN)}
