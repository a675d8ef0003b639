"""Writes composed tunes as notation, pictures or sound, and reports them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nsynth_lab.cli import console
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.cli.tune_given import Hummed
    from nsynth_lab.melody.composing import Composed
    from nsynth_lab.melody.model import MelodyModel
    from nsynth_lab.tune.tune import Tune


@dataclass(frozen=True)
class Outputs:
    """The output: one file, a book of ABC, or numbered files; and the instruments that play."""

    paths: tuple[Path, ...]
    instruments: tuple[str, ...]
    force: bool

    @staticmethod
    def checked(
        output: Path, names: list[str], *, count: int, along: str, follow: str, own_sound: bool, force: bool
    ) -> Outputs:
        """Check, before any work, that the outputs can be written.

        Raises:
            UsageError: see above.
        """
        from nsynth_lab.render.output_paths import SOUND_ENDINGS, check_outputs
        from nsynth_lab.tune.files import ENDINGS

        ending = output.suffix.lower()
        sounds = ending in SOUND_ENDINGS
        if own_sound and not sounds:
            raise UsageError(f"{output}: is silent; --own-sound goes with a sound file, such as .wav")
        if sounds and not names and not own_sound:
            raise UsageError(f"{output}: name what plays it, such as: nsynth-lab compose flute -o {output}")
        if names and not sounds:
            raise UsageError(f"{output}: is silent; instruments {', '.join(names)} go with a sound file, such as .wav")
        if len(names) > 2:
            raise UsageError(f"{len(names)} instruments; expected one, or two to blend")
        if along and follow:
            raise UsageError("--along and --follow both move the blend: choose one")
        if (along or follow) and len(names) != 2:
            raise UsageError(f"--{'along' if along else 'follow'} moves a blend: name two instruments and a sound file")
        paths: tuple[Path, ...]
        if count == 1 or ending == ".abc":
            paths = (output,)
        else:
            paths = tuple(output.with_stem(f"{output.stem}-{number}") for number in range(1, count + 1))
        check_outputs(paths, endings=(*ENDINGS, *SOUND_ENDINGS), force=force)
        return Outputs(paths, tuple(names), force)

    def write(
        self,
        context: typer.Context,
        model: MelodyModel,
        composed: list[Composed],
        *,
        along: str,
        follow: str,
        own: tuple[Hummed, Tune] | None,
        checkpoint: Path | None,
        device: str,
        seed: int,
    ) -> None:
        """Write the tunes; `own` is the recording to be continued with its own sound, and the tune heard in it."""
        from nsynth_lab.melody.surprise import along_form, following
        from nsynth_lab.tune.abc import abc_text
        from nsynth_lab.tune.files import write_tune

        if len(composed) > len(self.paths):
            from nsynth_lab.atomic_file import atomic_write

            with atomic_write(self.paths[0]) as beside:
                beside.write_bytes(
                    "".join(abc_text(one.tune, number=at) for at, one in enumerate(composed, 1)).encode()
                )
            return
        for path, one in zip(self.paths, composed, strict=True):
            if own is not None:
                from nsynth_lab.cli.own_sound import continue_sound

                continue_sound(
                    context, one.tune, own[1], own[0], path,
                    checkpoint=checkpoint, device=device, seed=seed, force=self.force,
                )  # fmt: skip
                continue
            if not self.instruments:
                for line in write_tune(one.tune, path):
                    console.say(f"{path}: {line}")
                continue
            from nsynth_lab.cli.tune_sound import play_tune

            moments = (
                along_form(one.tune, along) if along else following(model.writer, one.tune, follow) if follow else []
            )
            play_tune(
                context, one.tune, self.instruments, moments, path,
                checkpoint=checkpoint, device=device, seed=seed, force=self.force,
            )  # fmt: skip


def report(composed: list[Composed], paths: tuple[Path, ...], *, seed: int, as_json: bool) -> None:
    """Report what was composed and where it was written."""
    from nsynth_lab.tune.form import form
    from nsynth_lab.tune.played import played_bars
    from nsynth_lab.wording import counted

    rows: list[dict[str, Any]] = [
        {
            "title": one.tune.title,
            "key": one.tune.key.name,
            "metre": one.tune.metre.name if one.tune.metre else "free",
            "form": form(one.tune),
            "bars_played": len(played_bars(one.tune)),
            "notes": one.tune.notes,
            "bits_a_note": round(one.bits, 3),
        }
        for one in composed
    ]
    if as_json:
        console.print_json({"files": [str(path) for path in paths], "seed": seed, "tunes": rows})
        return
    for row in rows:
        console.show(
            f"{row['title']}: {row['key']}, {row['metre']}, form {row['form']}, "
            f"{counted(row['bars_played'], 'bar')}, {counted(row['notes'], 'note')}"
        )
    for path in paths:
        console.show(str(path))
