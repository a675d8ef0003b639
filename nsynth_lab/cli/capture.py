"""`nsynth-lab capture`: any instrument into your bank."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import completions, console, preset_table
from nsynth_lab.cli.options import (
    CheckpointOption,
    ComputeOption,
    ForceOption,
    JsonOption,
    PluginSetOption,
    ResumeOption,
    SourceNoteOption,
    SourceVelocityOption,
    StateOption,
    TrackOption,
    parse_settings,
)
from nsynth_lab.errors import AudioError, UsageError

if TYPE_CHECKING:
    from nsynth_lab.capture import CaptureResult, Source

UNNAMED = "unnamed"
LONGEST_SECONDS = 30.0


def capture(
    source: Annotated[
        str,
        typer.Argument(help="A recording, a folder of them, a VST3 instrument (file or name), SoundFont or SFZ."),
    ],
    name: Annotated[str, typer.Option(help="Name of the new instrument; by default the source's own.")] = "",
    family: Annotated[
        str,
        typer.Option(
            help="Instrument family, such as brass, if the source has none.", autocompletion=completions.families
        ),
    ] = "",
    bank: Annotated[int | None, typer.Option(min=0, max=16383, help="Bank of a SoundFont's preset.")] = None,
    program: Annotated[int | None, typer.Option(min=0, max=127, help="Program of a SoundFont's preset.")] = None,
    list_presets: Annotated[bool, typer.Option("--list", help="Only list the presets of a SoundFont.")] = False,
    keyswitch: Annotated[str, typer.Option(help="Keyswitch of an SFZ's articulation, such as C0.")] = "",
    setting: PluginSetOption = None,
    state: StateOption = None,
    low: Annotated[str, typer.Option(help="Lowest note, such as C2.")] = "",
    high: Annotated[str, typer.Option(help="Highest note, such as C7.")] = "",
    step: Annotated[int, typer.Option(help="Semitones between notes.")] = 6,
    velocities: Annotated[str, typer.Option(help="MIDI velocities.")] = "50,100",
    hold: Annotated[float | None, typer.Option(help="Seconds that keys are held; 3, or 3/4 of --duration.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds of sound of each note; 4, or --hold + 1.")] = None,
    source_note: SourceNoteOption = "",
    source_velocity: SourceVelocityOption = 100,
    track: TrackOption = None,
    refine: Annotated[float, typer.Option(min=0, max=600, help="Seconds spent on fitting the latents further.")] = 0.0,
    licence: Annotated[str | None, typer.Option(help="Licence of the sound; by default the source's.")] = None,
    attribution: Annotated[str | None, typer.Option(help="Whom to credit; by default as the source says.")] = None,
    device: ComputeOption = "auto",
    checkpoint: CheckpointOption = None,
    resume: ResumeOption = False,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Play an instrument over its range, encode its notes and add it to your bank, to blend it by its name.

    It prints how well each note was reconstructed, and which notes were left out and why. Of a SoundFont with several
    presets, choose one by its numbers (`--list` shows them); if it is not General MIDI, give its `--family`. Of the
    family drum or noise nothing needs a pitch: `--step 1` takes a whole kit, a drum on each key.

    **Examples**

        nsynth-lab capture Kars.vst3 --name "my strings" --family string

        nsynth-lab capture FluidR3_GM.sf2 --bank 0 --program 0 --name "fluid piano"

        nsynth-lab capture FluidR3_GM.sf2 --list

        nsynth-lab capture FluidR3_GM.sf2 --bank 128 --program 0 --family drum --step 1 --name "my kit"

        nsynth-lab capture my-samples/ --name "grandma's zither" --family string

        nsynth-lab capture my-voice.wav --name "my voice" --family vocal --source-note C4

        nsynth-lab blend "my strings" flute -o between.wav
    """
    if list_presets:
        preset_table.show_presets(Path(source), as_json=as_json)
        return
    from nsynth_lab.audio import ENDINGS
    from nsynth_lab.capture import CapturePlan
    from nsynth_lab.naming import folded
    from nsynth_lab.note import UNPITCHED_FAMILIES, parse_note, parse_source_note

    is_recording = Path(source).suffix.lower() in ENDINGS and not Path(source).is_dir()
    held, heard = _seconds(hold, duration, is_recording=is_recording)
    plan = CapturePlan(
        name=name or UNNAMED,
        family=family or None,
        licence=licence,
        attribution=attribution,
        lowest=parse_note(low) if low else None,
        highest=parse_note(high) if high else None,
        step=step,
        velocities=_velocities(velocities),
        hold_seconds=held,
        seconds=heard,
        refine_seconds=refine,
        track=track or 0.0,
    )
    if name:
        _check_free(plan.name, force=force)
    settings = parse_settings(setting)
    switch = parse_note(keyswitch) if keyswitch else None
    if is_recording and not Path(source).is_file():
        raise AudioError(f"{source}: no such file")

    from nsynth_lab.capture import open_source
    from nsynth_lab.capture.capture import capture as capture_source

    opened = open_source(
        source,
        bank=bank,
        program=program,
        keyswitch=switch,
        family=family,
        settings=settings,
        state=state,
        note=parse_source_note(source_note),
        velocity=source_velocity,
    )
    with closing(opened), ExitStack() as bars:
        if not name:
            plan = replace(plan, name=_own_name(opened))
            _check_free(plan.name, force=force)
        plan.family_of(opened.info)
        plan.keys(opened.info)
        for remark in filter(None, (*opened.info.remarks, plan.outside_range(opened.info))):
            console.say(remark)
        from nsynth_lab.render import Session

        session = Session(checkpoint, device=device, user_instruments=False)
        if folded(plan.name) in map(folded, session.bank.entries):
            raise UsageError(f"'{plan.name}' is an instrument of the checkpoint; choose another --name")

        def begin(notes: int, what: str) -> Callable[[], None]:
            bars.pop_all().close()
            return bars.enter_context(console.progress(notes, "notes", what))

        try:
            done = capture_source(opened, plan, session.checkpoint, resume=resume, force=force, begin=begin)
        except KeyboardInterrupt:
            bars.close()
            console.say("the notes played so far are kept: continue with the same command and --resume")
            raise
    has_pitch = plan.family_of(opened.info) not in UNPITCHED_FAMILIES
    _show(done, getattr(opened, "left_out", {}), has_pitch=has_pitch, as_json=as_json)


def _own_name(source: Source) -> str:
    if not source.info.name:
        raise UsageError("the instrument has no name of its own: add --name")
    return source.info.name


def _check_free(name: str, *, force: bool) -> None:
    from nsynth_lab.model.banks import user_instrument_names
    from nsynth_lab.naming import folded

    if folded(name) in user_instrument_names() and not force:
        raise UsageError(f"'{name}' is in your bank already; add --force to replace it, or choose another --name")


def _seconds(hold: float | None, seconds: float | None, *, is_recording: bool) -> tuple[float, float]:
    """The hold and length of notes; one that is not given follows from the other, so that there is a release.

    A single recording is used in full length.
    """
    if is_recording and seconds is None:
        seconds = LONGEST_SECONDS
    if hold is None:
        hold = 3.0 if seconds is None else min(3.0, 0.75 * seconds)
    return hold, min(LONGEST_SECONDS, max(4.0, hold + 1.0)) if seconds is None else seconds


def _show(done: CaptureResult, files_left_out: dict[str, str], *, has_pitch: bool, as_json: bool) -> None:
    import shlex
    from dataclasses import asdict

    from nsynth_lab.wording import quality_of_error

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
    used = sum(one.error_db is not None for one in done.notes)
    error = f"{done.mean_error_db:.2f} dB ({quality_of_error(done.mean_error_db, has_pitch=has_pitch)})"
    console.show(f"{used} of {len(done.notes)} notes, mean mel error {error}; {done.path}")
    console.show(f"blend it: nsynth-lab blend {shlex.quote(done.name)} flute -o between.wav")


def _velocities(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise UsageError(f"velocities '{text}'; expected numbers from 1 to 127, such as 50,100") from None
