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
note is read, measured, encoded and decoded once, and passed to every section. With a folder for `cells`, what
`reconstruction` and `recognition` measure of a note is kept there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nsynth_lab.audio import file_hash
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import AudioError, NsynthLabError, UsageError
from nsynth_lab.evaluate.kept_notes import NoteFolder
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.peers.section import PeersSection
from nsynth_lab.evaluate.sections.blends import BlendsSection
from nsynth_lab.evaluate.sections.chords import ChordsSection
from nsynth_lab.evaluate.sections.latents import LatentsSection
from nsynth_lab.evaluate.sections.recognition import RecognitionSection
from nsynth_lab.evaluate.sections.reconstruction import ReconstructionSection
from nsynth_lab.evaluate.sections.refinement import RefinementSection
from nsynth_lab.evaluate.sections.section import Advance, DecodedNote, EvaluationSetup, KeepingSection, Section
from nsynth_lab.evaluate.sections.translation import Example, TranslationSection
from nsynth_lab.evaluate.sections.transposition import TranspositionSection
from nsynth_lab.evaluate.sections.unpitched import UnpitchedSection
from nsynth_lab.evaluate.sections.width import WidthSection
from nsynth_lab.version import __version__

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
        self._notes = NoteFolder(setup.cells)
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
        for record in self.setup.records:
            try:
                self._add_note(record, advance)
            except AudioError as error:  # it names the file
                left_out.append(str(error))
            except NsynthLabError as error:
                left_out.append(f"{record.path}: {error}")
            advance(1)
        return left_out

    def _add_note(self, record: NoteRecord, advance: Advance) -> None:
        """Add one note to all sections; one of which everything is kept is neither read nor encoded."""
        keeping = [section for section in self.sections if isinstance(section, KeepingSection)]
        of_note = self._made_from(record) if self.setup.cells is not None else {}
        made_from = {one.name: of_note | one.made_from() for one in keeping}
        kept = {name: self._notes.kept(record, name, own) for name, own in made_from.items()}
        found = {name: values for name, values in kept.items() if values is not None}
        wanting = [one for one in self.sections if one.uses_notes and one.name not in found]
        if wanting:
            note = DecodedNote(read_note(record), self.setup.checkpoint, self.setup.rounds, self.setup.detail)
            for section in wanting:
                if isinstance(section, KeepingSection):
                    values = found[section.name] = section.measure(note)
                    self._notes.keep(record, section.name, made_from[section.name], values)
                else:
                    section.add_note(note, advance)
        for section in keeping:
            section.add_values(record, found[section.name])

    def _made_from(self, record: NoteRecord) -> dict[str, Any]:
        """What the kept results of a note depend on; each section adds what else its own depend on."""
        return {
            "version": __version__,
            "model": self.setup.checkpoint.model_id,
            "recording": file_hash(record.path),
            "note": [record.pitch, record.velocity, record.family],
            "rounds": self.setup.rounds,
            "detail": self.setup.detail,
        }


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
