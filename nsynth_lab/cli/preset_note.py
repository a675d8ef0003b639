"""`nsynth-lab blend --preset`: one note of a patch, with its effects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsynth_lab.cli import console

if TYPE_CHECKING:
    from nsynth_lab.cli.delivery import Delivery
    from nsynth_lab.cli.recipes import Recipe
    from nsynth_lab.note import Note
    from nsynth_lab.patch import Patch
    from nsynth_lab.render import Session


def check(seconds: float, output: Path, plot: Path | None, *, force: bool) -> None:
    """Refuse before torch is imported what cannot be made or written.

    Raises:
        UsageError: see above.
    """
    from nsynth_lab.render import PICTURE_ENDINGS, SOUND_ENDINGS, check_outputs, check_seconds

    check_outputs([output], endings=SOUND_ENDINGS, force=force)
    check_outputs([plot] if plot else [], endings=PICTURE_ENDINGS, force=force)
    check_seconds(seconds)


def blend_preset(
    patch: Patch,
    note: Note,
    seconds: float,
    session: Session,
    recipe: Recipe,
    delivery: Delivery,
    plot: Path | None,
    *,
    as_json: bool,
) -> None:
    """Render one note of a patch, write it, and say what was made."""
    from nsynth_lab.dsp.programme_loudness import programme_loudness
    from nsynth_lab.picture import Panel, draw_spectrograms
    from nsynth_lab.render.preset import play_note

    sound = play_note(session, patch, note, seconds=seconds)
    if plot is not None:
        draw_spectrograms(plot, [Panel(f"{patch.name} at {note.name}", sound.audio.mono())], force=True)
    for trouble in sound.troubles:
        console.say(str(trouble))
    report: dict[str, Any] = {
        "preset": patch.name,
        "files": [str(delivery.output)],
        "plot": str(plot) if plot else None,
        "model": session.checkpoint.model_id,
        "note": note.name,
        "velocity": note.velocity,
        "seconds": round(sound.audio.seconds, 3),
        "peak": round(sound.audio.peak, 4),
        "lufs": round(programme_loudness(sound.audio.samples), 2),
        "seed": session.seed,
        "troubles": [str(trouble) for trouble in sound.troubles],
    }
    with delivery.written() as path:
        delivery.write(path, sound.audio, recipe)
        if as_json:
            console.print_json(report)
            return
        console.show(
            "{preset}, model {model}: {note} at velocity {velocity}, {seconds} s, peak {peak}, {lufs} LUFS".format(
                **report
            )
        )
        for made in (delivery.output, plot):
            if made is not None:
                console.show(str(made))
