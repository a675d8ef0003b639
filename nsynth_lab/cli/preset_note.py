"""`nsynth-lab blend --preset`: one note of a patch, with its effects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.cli.recipes import Recipe
    from nsynth_lab.note import Note
    from nsynth_lab.patch import Patch
    from nsynth_lab.render import Session

PICTURE_ENDINGS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class PresetNote:
    """What is asked for: a preset, a note, how long it is in seconds, and a place that is not the preset's own."""

    preset: str
    note: Note
    seconds: float
    position: str | None = None

    def patch(self) -> Patch:
        """The preset's patch, at the place asked for.

        Raises:
            UsageError: no such preset, or a place that does not fit.
            PatchError: it cannot be used.
        """
        from nsynth_lab.patch.library import find_preset
        from nsynth_lab.render.preset import at_place

        patch = find_preset(self.preset).with_macros_applied()
        if self.position is None:
            return patch
        try:
            place = tuple(float(part) for part in self.position.split(","))
        except ValueError:
            raise UsageError(f"position '{self.position}'; expected a number as 0.5, or two as 0.2,0.7") from None
        return at_place(patch, place)


def blend_preset(
    asked: PresetNote, session: Session, recipe: Recipe, output: Path, plot: Path | None, *, as_json: bool, force: bool
) -> None:
    """Render one note, write it, and say what was made."""
    from nsynth_lab.audio import write_audio
    from nsynth_lab.dsp.programme_loudness import programme_loudness
    from nsynth_lab.picture import Panel, draw_spectrograms
    from nsynth_lab.render import SOUND_ENDINGS, check_outputs, check_seconds
    from nsynth_lab.render.preset import play_note

    check_outputs([output], endings=SOUND_ENDINGS, force=force)
    check_outputs([plot] if plot else [], endings=PICTURE_ENDINGS, force=force)
    check_seconds(asked.seconds)
    patch = asked.patch()
    sound = play_note(session, patch, asked.note, seconds=asked.seconds)
    write_audio(output, sound.audio, comment=recipe.comment(output), force=True)
    recipe.put_beside(output)
    if plot is not None:
        draw_spectrograms(plot, [Panel(f"{patch.name} at {asked.note.name}", sound.audio.mono())], force=True)
    for trouble in sound.troubles:
        console.say(str(trouble))
    report: dict[str, Any] = {
        "preset": patch.name,
        "files": [str(output)],
        "plot": str(plot) if plot else None,
        "model": session.checkpoint.model_id,
        "note": asked.note.name,
        "velocity": asked.note.velocity,
        "seconds": round(sound.audio.seconds, 3),
        "peak": round(sound.audio.peak, 4),
        "lufs": round(programme_loudness(sound.audio.samples), 2),
        "seed": session.seed,
        "troubles": [str(trouble) for trouble in sound.troubles],
    }
    if as_json:
        console.print_json(report)
        return
    console.show(
        "{preset}, model {model}: {note} at velocity {velocity}, {seconds} s, peak {peak}, {lufs} LUFS".format(**report)
    )
    for path in (output, plot):
        if path is not None:
            console.show(str(path))
