"""`chords`: recordings in which several notes sound at once, heard, and played by other instruments.

heard_f1, heard_precision, heard_recall   of the notes that are heard, where a .mid of the same name lies beside the
                                          recording: onsets within 50 ms and pitches, see `metrics.known_notes`
chroma_correlation                        of the recording and of what each target plays of it, see `metrics.chroma`
times_real_time                           seconds of the recording for a second of hearing and playing

What somebody else hears in the result is not measured here: that needs a network that is independent of the one we hear
with. Known notes that the bank's piano plays reach a chroma correlation of .90 with their sources, so that is about as
much as any transcription can reach with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nsynth_lab.analysis.basic_pitch import RATE
from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.transcription import transcribe
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import MissingError, NsynthLabError
from nsynth_lab.evaluate.metrics.chroma import chroma_correlation
from nsynth_lab.evaluate.metrics.goals import Goal, with_goals
from nsynth_lab.evaluate.metrics.known_notes import known_notes, match_notes
from nsynth_lab.evaluate.metrics.summary import MetricValues
from nsynth_lab.evaluate.sections.section import Advance, EvaluationSetup, Section
from nsynth_lab.evaluate.translations import read_phrase_sound
from nsynth_lab.units import SAMPLE_RATE, FloatArray

GOALS = {"heard_f1": Goal(0.75), "chroma_correlation": Goal(0.85), "times_real_time": Goal(2.0)}
USUAL = ("acoustic grand piano", "string ensemble 1")


class ChordsSection(Section):
    """Every recording into every target."""

    name: ClassVar[str] = "chords"
    uses_notes: ClassVar[bool] = False

    def __init__(self, setup: EvaluationSetup) -> None:
        super().__init__(setup)
        known = () if setup.bank is None else setup.bank.entries
        self.targets = list(setup.targets) or [name for name in USUAL if name in known]

    @classmethod
    def applies(cls, setup: EvaluationSetup) -> bool:
        """Where there are recordings."""
        return bool(setup.chords)

    def steps(self) -> int:
        """One for every recording and target."""
        return len(self.setup.chords) * len(self.targets)

    def finish(self, advance: Advance) -> dict[str, Any]:
        """The figures; recordings that cannot be read or have no notes are left out, with a line that says why.

        Raises:
            MissingError: the network that hears several notes at once is not installed.
        """
        figures, left_out = MetricValues(tuple(GOALS)), list[str]()
        for path in self.setup.chords:
            try:
                self._recording(path, figures, advance)
            except MissingError:
                raise
            except NsynthLabError as error:
                left_out.append(f"{path.name}: {error}")
        recordings = len(self.setup.chords) - len(left_out)
        found = with_goals(figures.summary(), GOALS)
        return {"recordings": recordings, "targets": self.targets, **found, "left_out": left_out}

    def _recording(self, path: Path, figures: MetricValues, advance: Advance) -> None:
        sound = read_phrase_sound(path)
        begun = time.perf_counter()
        source = _slower(sound)
        notes = transcribe([source]).notes
        hearing = time.perf_counter() - begun
        if not notes:
            raise NsynthLabError("no notes were heard")
        if (written := path.with_suffix(".mid")).is_file():
            figures.add(_heard(written, notes), path.stem)
        assert self.setup.translator is not None
        for target in self.targets:
            begun = time.perf_counter()
            played, transposed = self.setup.translator.play_chords(notes, target, len(sound))
            taken = hearing + time.perf_counter() - begun
            metrics = {
                "chroma_correlation": chroma_correlation(source, _slower(played), transposed=round(transposed)),
                "times_real_time": len(sound) / SAMPLE_RATE / max(taken, 1e-9),
            }
            figures.add(metrics, path.stem)
            advance(1)


def _heard(written: Path, notes: Sequence[HeardNote]) -> dict[str, float | None]:
    heard = [(round(note.pitch), note.begin_sample / SAMPLE_RATE) for note in notes]
    match = match_notes(known_notes(written), heard)
    return {"heard_f1": match.f1, "heard_precision": match.precision, "heard_recall": match.recall}


def _slower(sound: FloatArray) -> FloatArray:
    return np.asarray(resample(sound[None], SAMPLE_RATE, RATE)[0], np.float32)
