"""The yardstick: encode and decode notes that were not trained on, and say how far they are from the real ones.

reconstruction   a note against itself decoded
transposition    a note against itself decoded from its instrument's timbre some semitones away
recognition      whether a classifier of family and pitch still knows the decoded note
blends           the way from one instrument to another
latents          what timbre knows of pitch, velocity and family
refinement       a note whose latents were fitted to it, where that is asked for
peers            reconstruction and blends by what needs no network

Every section is a module or a folder of that name. They share one pass over the notes: each is read, measured,
encoded and decoded once, and every section sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.evaluate.notes import read_notes
from nsynth_lab.evaluate.peers.section import Peers
from nsynth_lab.evaluate.sections.blends import Blends
from nsynth_lab.evaluate.sections.latents import TimbreSpace
from nsynth_lab.evaluate.sections.recognition_section import Recognition
from nsynth_lab.evaluate.sections.reconstruction import Reconstruction
from nsynth_lab.evaluate.sections.refinement import Refinement
from nsynth_lab.evaluate.sections.section import Advance, Section, Twin, Work
from nsynth_lab.evaluate.sections.transposition import Transposition

SECTIONS: tuple[type[Section], ...] = (
    Reconstruction,
    Transposition,
    Recognition,
    Blends,
    TimbreSpace,
    Refinement,
    Peers,
)


class Evaluation:
    """Some of the sections over some notes. `only` names them; empty is all.

    Raises:
        UsageError: no section of that name.
    """

    def __init__(self, work: Work, only: Sequence[str] = ()) -> None:
        self.work = work
        names = check_sections(only)
        self.sections = [section(work) for section in SECTIONS if section.name in names and section.applies(work)]
        self.reads = any(section.sees_notes for section in self.sections)

    def steps(self) -> int:
        """How many sounds will be decoded: what `run` tells `advance` of."""
        return len(self.work.records) * self.reads + sum(section.steps() for section in self.sections)

    @property
    def errors(self) -> list[tuple[float, NoteRecord]]:
        """Mel error of each note, after `run`; none without the section `reconstruction`."""
        return [error for section in self.sections if isinstance(section, Reconstruction) for error in section.errors]

    def run(self, advance: Advance) -> dict[str, Any]:
        """Section -> figures, and the model, the number of notes, and those `left_out` because they cannot be read."""
        done = 0

        def count(steps: int = 1) -> None:
            nonlocal done
            done += steps
            advance(steps)

        left_out = self._see_notes(count) if self.reads else []
        notes = len(self.work.records) * self.reads - len(left_out)
        figures: dict[str, Any] = {"model": self.work.checkpoint.model_id, "notes": notes, "left_out": left_out}
        if not notes and self.reads:
            return figures
        for section in self.sections:
            figures[section.name] = section.finish(count)
        advance(self.steps() - done)
        return figures

    def _see_notes(self, advance: Advance) -> list[str]:
        left_out: list[str] = []
        for note in read_notes(self.work.records):
            if isinstance(note, str):
                left_out.append(note)
            else:
                twin = Twin(note, self.work.checkpoint, self.work.rounds)
                try:
                    for section in self.sections:
                        section.see(twin, advance)
                except NsynthLabError as error:
                    left_out.append(f"{note.record.path}: {error}")
            advance(1)
        return left_out


def check_sections(only: Sequence[str]) -> list[str]:
    """The sections to run.

    Raises:
        UsageError: no section of that name.
    """
    names = [section.name for section in SECTIONS]
    for name in only:
        if name not in names:
            raise UsageError(f"no section '{name}'; expected some of {','.join(names)}")
    return list(only) or names
