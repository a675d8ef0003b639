"""`nsynth-lab capture`: any instrument into your bank."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import CheckpointOption, DeviceOption, ForceOption, JsonOption, parse_settings
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.capture import Capture


def capture(
    source: Annotated[
        str,
        typer.Argument(help="A VST3 instrument (file, or name of a scanned one), SoundFont, SFZ, or folder of notes."),
    ],
    name: Annotated[str, typer.Option(help="What it is to be blended by.")],
    family: Annotated[str, typer.Option(help="bass, brass, flute, ...; if the source does not tell.")] = "",
    bank: Annotated[int, typer.Option(min=0, max=16383, help="Of a SoundFont.")] = 0,
    program: Annotated[int, typer.Option(min=0, max=127, help="Of a SoundFont.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A plugin's parameter, as sustain=true; may be given again.")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="A .vstpreset, or a plugin's own state in a file.")] = None,
    low: Annotated[str, typer.Option(help="Lowest note, as C2.")] = "",
    high: Annotated[str, typer.Option(help="Highest note, as C7.")] = "",
    step: Annotated[int, typer.Option(help="Semitones between notes.")] = 6,
    velocities: Annotated[str, typer.Option(help="MIDI velocities.")] = "50,100",
    hold: Annotated[float, typer.Option(help="Seconds that keys are held.")] = 3.0,
    seconds: Annotated[float, typer.Option(help="Seconds that notes are heard.")] = 4.0,
    refine: Annotated[float, typer.Option(min=0, max=600, help="Fit each note's latents for so many seconds.")] = 0.0,
    licence: Annotated[str | None, typer.Option(help="Of its sound; else what the source says.")] = None,
    attribution: Annotated[str | None, typer.Option(help="Whom to name; else what the source says.")] = None,
    device: DeviceOption = "auto",
    checkpoint: CheckpointOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a capture that was interrupted.")] = False,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Play an instrument over its range, encode its notes, and add it to your bank: then blend it by its name.

    Tells how well each note was reconstructed, and which were left out and why.

    **Examples**

        nsynth-lab capture Kars.vst3 --name "my strings" --family string

        nsynth-lab capture FluidR3_GM.sf2 --program 0 --name "fluid piano"

        nsynth-lab capture my-samples/ --name "grandma's zither" --family string

        nsynth-lab blend "my strings" flute -o between.wav
    """
    from nsynth_lab.capture import Plan, open_source
    from nsynth_lab.capture import capture as capture_source
    from nsynth_lab.model.user_bank import owned_path
    from nsynth_lab.note import parse_note
    from nsynth_lab.render import Session

    plan = Plan(
        name=name,
        family=family or None,
        licence=licence,
        attribution=attribution,
        lowest=parse_note(low) if low else None,
        highest=parse_note(high) if high else None,
        step=step,
        velocities=_velocities(velocities),
        hold_seconds=hold,
        seconds=max(seconds, hold),
        refine_seconds=refine,
    )
    session = Session(checkpoint, device=device, owned=False)
    if name.lower() in session.bank.entries:
        raise UsageError(f"'{name}' is an instrument of the checkpoint; choose another name")
    if owned_path(name).exists() and not force:
        raise UsageError(f"'{name}' is in your bank already; add --force to replace it")
    settings = parse_settings(setting)
    opened = open_source(source, bank=bank, program=program, family=family, settings=settings, state=state)
    with closing(opened), ExitStack() as bars:

        def begin(notes: int, what: str) -> Callable[[], None]:
            bars.pop_all().close()
            return bars.enter_context(console.progress(notes, "notes", what))

        done = capture_source(opened, plan, session.checkpoint, resume=resume, force=force, begin=begin)
    _show(done, getattr(opened, "left_out", {}), as_json=as_json)


def _show(done: Capture, files_left_out: dict[str, str], *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        console.print_json(
            {
                "name": done.name, "file": done.path, "mean_error_db": round(done.mean_error_db, 3),
                "notes": [asdict(one) for one in done.notes], "files_left_out": files_left_out,
            }
        )  # fmt: skip
        return
    from rich.table import Table

    table = Table("note", "velocity", "mel error dB", "", box=None, header_style="bold")
    for one in done.notes:
        error = "" if one.error_db is None else f"{one.error_db:.2f}"
        table.add_row(one.note, str(one.velocity), error, f"left out: {one.left_out}" if one.left_out else "")
    console.show(table)
    for file, why in files_left_out.items():
        console.say(f"left out: {file}: {why}")
    taken = sum(one.error_db is not None for one in done.notes)
    console.show(f"{taken} of {len(done.notes)} notes, mean mel error {done.mean_error_db:.2f} dB; {done.path}")
    console.show(f"blend it: nsynth-lab blend '{done.name}' flute -o between.wav")


def _velocities(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise UsageError(f"velocities '{text}'; expected numbers from 1 to 127, as 50,100") from None
