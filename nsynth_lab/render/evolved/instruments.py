"""Imagined instruments heard: the phrase of presets, kept as a file that can be imported, drawn as spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.audio import check_target, write_audio
from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.instruments import InstrumentSpace, recognising
from nsynth_lab.evolve.population import Member
from nsynth_lab.imagine.candidate import SYNTHETIC, bank_of, key_range
from nsynth_lab.imagine.ear import Ear
from nsynth_lab.imagine.families import Families
from nsynth_lab.model.bank import Bank, load_bank, write_bank_file
from nsynth_lab.model.user_bank import CAPTURE, ENDING, keep
from nsynth_lab.note import Instrument, note_name
from nsynth_lab.patch import Blend, Patch
from nsynth_lab.render.evolved.presets import draw_sounds, levelled
from nsynth_lab.render.session import Session


@dataclass(frozen=True)
class InstrumentMaker:
    """Makes instruments.

    Attributes:
        space: where they lie.
        session: what plays them.
    """

    space: InstrumentSpace
    session: Session
    ending: str = ENDING

    def write(self, member: Member, file: Path, sound: Path, *, title: str, comment: str) -> None:
        """As one that can be imported, and heard in the phrase of presets."""
        bank = self._bank(member, title)
        write_bank_file(file, bank, about={CAPTURE: self._capture(member, comment)})
        self.session.add(bank)
        try:
            audio = levelled(self.session, Patch(title, Blend((title,))))[1]
        finally:
            self.session.remove(title)
        write_audio(sound, audio, comment=comment, force=True)

    def about(self, member: Member) -> dict[str, Any]:
        """Whose notes it has, and over which keys."""
        candidate = self.space.candidate(member.point, member.kind)
        low, high = map(note_name, key_range(self.session.bank, candidate.parents))
        words = f"{candidate.descent}, {low} to {high}"
        return {"words": words, "made_of": dict(zip(candidate.parents, candidate.weights, strict=True))}

    def picture(self, members: Sequence[Member], sounds: Sequence[Path], path: Path, *, title: str) -> None:  # noqa: ARG002
        """Spectrograms side by side."""
        draw_sounds(sounds, path, title=title)

    def place(self, folder: Path, name: str) -> Path | None:  # noqa: ARG002
        """Among the user's own."""
        return None

    def save(self, member: Member, name: str, origin: str, *, output: Path | None, force: bool) -> Path:
        """In the user's bank, or in a file that `bank import` takes, with the licences of those that it is made of.

        Raises:
            UsageError: the name is taken, or the file cannot be written.
        """
        bank, capture = self._bank(member, name), self._capture(member, origin)
        if output is None:
            if self.session.bank.holds(name) and not force:
                raise UsageError(f"'{name}' is an instrument already; choose another name")
            return keep(bank, capture, force=force)
        if output.suffix != ENDING:
            raise UsageError(f"{output}: unknown ending '{output.suffix}'; instruments are {ENDING} files")
        check_target(output, force=force)
        return write_bank_file(output, bank, about={CAPTURE: capture})

    def _bank(self, member: Member, name: str) -> Bank:
        candidate = self.space.candidate(member.point, member.kind)
        return bank_of(self.session.bank, candidate, Instrument(name, self.space.family, SYNTHETIC))

    def _capture(self, member: Member, origin: str) -> dict[str, Any]:
        candidate = self.space.candidate(member.point, member.kind)
        return {"recipe": {"source": "evolved", "origin": origin, **candidate.to_dict()}}


def instrument_maker(session: Session, family: str, names: tuple[str, ...]) -> InstrumentMaker:
    """A maker that offers what the classifier recognises.

    Raises:
        UsageError: no such family, or parents without keys in common.
        CheckpointError: there is no classifier.
    """
    families = Families(session.bank, load_bank(session.folder).entries)
    heard = recognising(families.bank, Ear(session.checkpoint), family)
    return InstrumentMaker(InstrumentSpace(families, family, names, heard), session)
