"""Evaluation: encodes and decodes notes that were not trained on, and measures how far they are from the recordings.

reconstruction   the decoded note against the recording
transposition    the same, decoded with the timbre of another pitch of its instrument
recognition      whether a classifier of family and pitch still recognises the decoded note
blends           the path from one instrument to another
latents          what timbre says about pitch, velocity and family
refinement       a note whose latents were fitted longer, if requested
peers            reconstruction and blends by methods without a network
translation      phrases played by other instruments, if there are any
unpitched        drums and noises against their recordings, and blended with instruments, if there are any
width            the sides of stereo recordings against those that are decoded, if there are any

Every section is a module of that name in `sections`, `peers` one in `peers`. They share one pass over the notes: each
note is read, measured, encoded and decoded once, and passed to every section.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.evaluate.notes import read_notes
from nsynth_lab.evaluate.peers.section import PeersSection
from nsynth_lab.evaluate.sections.blends import BlendsSection
from nsynth_lab.evaluate.sections.chords import ChordsSection
from nsynth_lab.evaluate.sections.latents import LatentsSection
from nsynth_lab.evaluate.sections.recognition import RecognitionSection
from nsynth_lab.evaluate.sections.reconstruction import ReconstructionSection
from nsynth_lab.evaluate.sections.refinement import RefinementSection
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, Section
from nsynth_lab.evaluate.sections.translation import Example, TranslationSection
from nsynth_lab.evaluate.sections.transposition import TranspositionSection
from nsynth_lab.evaluate.sections.unpitched import UnpitchedSection
from nsynth_lab.evaluate.sections.width import WidthSection

SECTIONS: tuple[type[Section], ...] = (
    ReconstructionSection,
    TranspositionSection,
    RecognitionSection,
    BlendsSection,
    LatentsSection,
    RefinementSection,
    PeersSection,
    TranslationSection,
    ChordsSection,
    UnpitchedSection,
    WidthSection,
)


class Evaluation:
    """Runs sections over notes: those named in `only`, or all if it is empty.

    Raises:
        UsageError: no section of that name.
    """

    def __init__(self, setup: EvaluationSetup, only: Sequence[str] = ()) -> None:
        self.setup = setup
        names = check_sections(only)
        self.sections = [section(setup) for section in SECTIONS if section.name in names and section.applies(setup)]
        self.reads_notes = any(section.uses_notes for section in self.sections)

    def steps(self) -> int:
        """The number of sounds to decode; `run` calls `advance` for each."""
        return len(self.setup.records) * self.reads_notes + sum(section.steps() for section in self.sections)

    @property
    def errors(self) -> list[tuple[float, NoteRecord]]:
        """The mel error of each note, after `run`; empty without the section `reconstruction`."""
        return [
            error for section in self.sections if isinstance(section, ReconstructionSection) for error in section.errors
        ]

    @property
    def translations(self) -> list[Example]:
        """Phrases to listen to, after `run`; empty without the section `translation`."""
        return [one for section in self.sections if isinstance(section, TranslationSection) for one in section.examples]

    def run(self, advance: Advance) -> dict[str, Any]:
        """Section -> figures; and the model, the number of notes, and those `left_out` because they cannot be read."""
        done = 0

        def count(steps: int = 1) -> None:
            nonlocal done
            done += steps
            advance(steps)

        left_out = self._add_notes(count) if self.reads_notes else []
        notes = len(self.setup.records) * self.reads_notes - len(left_out)
        figures: dict[str, Any] = {"model": self.setup.checkpoint.model_id, "notes": notes, "left_out": left_out}
        if not notes and self.reads_notes:
            return figures
        for section in self.sections:
            figures[section.name] = section.finish(count)
        advance(self.steps() - done)
        return figures

    def _add_notes(self, advance: Advance) -> list[str]:
        left_out: list[str] = []
        for recording in read_notes(self.setup.records):
            if isinstance(recording, str):
                left_out.append(recording)
            else:
                note = DecodedNote(recording, self.setup.checkpoint, self.setup.rounds, self.setup.detail)
                try:
                    for section in self.sections:
                        section.add_note(note, advance)
                except NsynthLabError as error:
                    left_out.append(f"{note.record.path}: {error}")
            advance(1)
        return left_out


def check_sections(only: Sequence[str]) -> list[str]:
    """The names of the sections to run: `only`, or all if it is empty.

    Raises:
        UsageError: no section of that name.
    """
    names = [section.name for section in SECTIONS]
    for name in only:
        if name not in names:
            raise UsageError(f"no section '{name}'; use any of {','.join(names)}")
    return list(only) or names
