"""Presets heard: a short phrase, all equally loud, kept as TOML, drawn as spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.effects.chain import CEILING_DB
from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.population import Member
from nsynth_lab.evolve.presets import PresetSpace
from nsynth_lab.patch import Patch, write_preset
from nsynth_lab.patch.own_presets import save_preset
from nsynth_lab.picture import Panel, draw_spectrograms
from nsynth_lab.render.levelling import HEADROOM_DB, measure_level, phrase_for
from nsynth_lab.render.preset import play_patch
from nsynth_lab.render.session import Session
from nsynth_lab.units import db_to_gain

PLAIN = "plain"
TAG = "evolved"


@dataclass(frozen=True)
class PresetMaker:
    """Makes presets.

    Attributes:
        space: where they lie.
        session: what plays them.
    """

    space: PresetSpace
    session: Session
    ending: str = ".toml"

    def write(self, member: Member, file: Path, sound: Path, *, title: str, comment: str) -> None:
        """At the level at which all presets are equally loud."""
        patch, audio = levelled(self.session, self.space.patch(member.point, member.kind, name=title))
        write_preset(file, patch, force=True)
        write_audio(sound, audio, comment=comment, force=True)

    def about(self, member: Member) -> dict[str, Any]:
        """Its instruments, the place between them, and what is done to them."""
        patch = self.space.patch(member.point, member.kind, name="x")
        effects = [slot.label for slot in patch.effects]
        place = ", ".join(f"{one:.2f}" for one in patch.blend.position)
        lfos = [f"{lfo.target.removesuffix('_cents').removesuffix('_db')} moving" for lfo in patch.blend.lfos]
        said = [*lfos, *effects, *([f"{patch.voice.unison} voices a key"] if patch.voice.unison > 1 else [])]
        words = f"{' + '.join(patch.blend.corners)}{f' at {place}' * bool(place)}: {', '.join(said) or PLAIN}"
        return {"words": words, "corners": patch.blend.corners, "position": patch.blend.position, "effects": effects}

    def picture(self, members: Sequence[Member], sounds: Sequence[Path], path: Path, *, title: str) -> None:  # noqa: ARG002
        """Spectrograms side by side."""
        draw_sounds(sounds, path, title=title)

    def place(self, folder: Path, name: str) -> Path | None:  # noqa: ARG002
        """Among the user's own."""
        return None

    def save(self, member: Member, name: str, origin: str, *, output: Path | None, force: bool) -> Path:
        """Among the user's own presets, or in a file.

        Raises:
            UsageError: the name is taken, or the file cannot be written.
        """
        patch = levelled(self.session, self.space.patch(member.point, member.kind, name="x"))[0]
        patch = replace(patch, name=name, description=origin, tags=(TAG,))
        if output is None:
            return save_preset(patch, name, force=force)
        if output.suffix != self.ending:
            raise UsageError(f"{output}: unknown ending '{output.suffix}'; presets are {self.ending} files")
        return write_preset(output, patch, force=force)


def levelled(session: Session, patch: Patch) -> tuple[Patch, Audio]:
    """(the patch at the level of the others, its phrase so)."""
    found = measure_level(session, patch)
    right = replace(patch, level_db=found.wanted_db)
    quieter_db = found.wanted_db - patch.level_db + HEADROOM_DB
    if found.peak_db + found.wanted_db - patch.level_db > CEILING_DB:  # the limiter has something to do
        return right, play_patch(session, right, phrase_for(right, session.bank)).audio
    return right, Audio(found.sound.audio.samples * db_to_gain(quieter_db))


def draw_sounds(sounds: Sequence[Path], path: Path, *, title: str) -> None:
    """Spectrograms of sound files side by side, numbered."""
    panels = [Panel(str(number), read_audio(sound).mono()) for number, sound in enumerate(sounds, 1)]
    draw_spectrograms(path, panels, title=title, force=True)
