"""`nsynth-lab dataset`: make and inspect data sets of notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import completions, console, dataset_tables, preset_table
from nsynth_lab.cli.options import (
    DryRunOption,
    ForceOption,
    JobsOption,
    JsonOption,
    PlotOption,
    RateOption,
    ResumeOption,
)
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.dataset.name_groups import NamingScheme

MANY_ROWS = 60

app = typer.Typer(
    no_args_is_help=True,
    help="Make and check data sets of notes, in NSynth's layout: `examples.json` and `audio/`.",
    epilog="Next: `nsynth-lab train DIR` trains a model on data sets.",
)


class Format(StrEnum):
    """The formats of the sound files."""

    flac = "flac"
    wav = "wav"


class PitchSource(StrEnum):
    """Where a recording's pitch comes from."""

    auto = "auto"
    name = "name"
    measured = "measured"


OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write the data set: a folder.")]
LongestOption = Annotated[
    float, typer.Option("--max-duration", min=0.1, max=60, help="Seconds of the longest note; the rest is faded out.")
]


def _list_programs(wanted: bool) -> None:
    if wanted:
        from nsynth_lab.dataset.general_midi import PROGRAMS
        from nsynth_lab.note import note_name

        for row in PROGRAMS.values():
            span = f"{note_name(row.low)} to {note_name(row.high)}"
            console.show(f"{row.number:3}  {row.name:26} {row.family:11} {row.source:11} {span}")
        raise typer.Exit()


@app.command()
def soundfont(
    font: Annotated[Path, typer.Argument(help="SoundFont file, .sf2 or .sf3.", show_default=False)],
    output: OutputOption = None,
    programs: Annotated[str, typer.Option(help="Programs, such as 0-7,40,73; 8:5 is program 5 of bank 8.")] = "all",
    family: Annotated[
        list[str] | None,
        typer.Option(help="Instrument family, if not General MIDI: string for all, 40=string for one; repeatable."),
    ] = None,
    source: Annotated[str, typer.Option(help="acoustic, electronic or synthetic, if not known.")] = "acoustic",
    general_midi: Annotated[
        bool, typer.Option("--general-midi", help="Read the font's numbers as General MIDI's, whatever its names are.")
    ] = False,
    step: Annotated[int, typer.Option(min=1, help="Semitones between notes.")] = 4,
    offset: Annotated[int, typer.Option(help="Play notes offset + k * step; give a second font half a step.")] = 0,
    velocities: Annotated[str, typer.Option(help="MIDI velocities.")] = "25,50,75,100,127",
    holds: Annotated[str, typer.Option(help="Seconds keys are held; the velocities use them in turn.")] = "3,3,0.7",
    max_duration: LongestOption = 4.0,
    rate: RateOption = 48_000,
    sound_format: Annotated[Format, typer.Option("--format", help="FLAC is small, WAV reads faster.")] = Format.flac,
    series: Annotated[int, typer.Option(help="0 to 6: give each font of a training another one.")] = 0,
    licence: Annotated[str | None, typer.Option(help="Licence of the notes; by default the font's.")] = None,
    attribution: Annotated[str | None, typer.Option(help="Whom to credit; by default as the font says.")] = None,
    jobs: JobsOption = None,
    resume: ResumeOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
    list_programs: Annotated[  # noqa: ARG001 the callback answers it
        bool,
        typer.Option("--list-programs", callback=_list_programs, is_eager=True, help="List General MIDI's programs."),
    ] = False,
    list_presets: Annotated[bool, typer.Option("--list", help="Only list the presets of the font.")] = False,
) -> None:
    """Make a data set of the instruments of a SoundFont, each over the range in which it is really played.

    By default it renders all pitched General MIDI programs, every fourth semitone at five velocities: about 7,000
    notes, one to two minutes on two cores. Ctrl-C stops it and `--resume` continues. From a font that is not General
    MIDI (the names of its presets decide) it renders all presets with their own names and keys; tell it their families
    with `--family`.

    **Examples**

        nsynth-lab dataset soundfont FluidR3_GM.sf2 -o data/fluid

        nsynth-lab dataset soundfont piano.sf2 --family keyboard --step 1 -o data/piano

        nsynth-lab dataset soundfont FluidR3_GM.sf2 --list

        nsynth-lab dataset soundfont piano.sf2 --family 0-3=keyboard --family 4=mallet -o data/keys

        nsynth-lab dataset soundfont MuseScore_General.sf3 --offset 2 --series 1 -o data/musescore
    """
    if list_presets:
        preset_table.show_presets(font, as_json=as_json)
        return
    if output is None:
        raise UsageError("no folder to write to: give one with --output, or add --list to only see the presets")
    from nsynth_lab.dataset.font_instruments import PresetSelection, select_instruments
    from nsynth_lab.dataset.from_soundfont import render_soundfont
    from nsynth_lab.dataset.soundfont_notes import RenderSettings

    rendering = RenderSettings(
        step=step,
        offset=offset,
        velocities=tuple(_numbers(velocities, int, "velocities")),
        hold_seconds=tuple(_numbers(holds, float, "holds")),
        max_seconds=max_duration,
        sample_rate=rate,
        series=series,
        ending=sound_format.value,
    )
    choice = PresetSelection(programs, tuple(family or ()), source, general_midi)
    instruments, missing = select_instruments(font, choice)
    total = sum(len(rendering.notes(one)) for one in instruments)
    with console.progress(total, "notes", "rendering") as advance:
        done = render_soundfont(
            font,
            output,
            instruments,
            rendering,
            licence=licence,
            attribution=attribution,
            jobs=jobs,
            resume=resume,
            force=force,
            advance=advance,
        )
    if as_json:
        console.print_json({"folder": output, **vars(done), "missing_programs": missing})
        return
    if missing:
        console.say(f"The font has no program {', '.join(map(str, missing))}.")
    if done.silent:
        console.say(f"Left out as silent: {dataset_tables.some_of(done.silent)}.")
    console.show(f"{output}: {done.notes} notes")


@app.command()
def folder(
    recordings: Annotated[Path, typer.Argument(help="Folder of recordings, one note a file.", show_default=False)],
    output: OutputOption = None,
    family: Annotated[
        str | None,
        typer.Option(help="Instrument family of all files, such as brass.", autocompletion=completions.families),
    ] = None,
    instrument: Annotated[str | None, typer.Option(help="Name of the instrument, if it is only one.")] = None,
    source: Annotated[str, typer.Option(help="acoustic, electronic or synthetic.")] = "acoustic",
    pitch: Annotated[
        PitchSource, typer.Option(help="auto: from the file name, checked by ear; name and measured use only one.")
    ] = PitchSource.auto,
    middle_c: Annotated[
        int | None, typer.Option(min=3, max=5, help="Octave of middle C in your file names; found out by default.")
    ] = None,
    accept_doubtful: Annotated[bool, typer.Option("--accept-doubtful", help="Use doubtful files too.")] = False,
    max_duration: LongestOption = 8.0,
    licence: Annotated[str, typer.Option(help="Licence of the sound, such as CC0-1.0.")] = "",
    attribution: Annotated[str, typer.Option(help="Whom to credit.")] = "",
    dry_run: DryRunOption = False,
    every: Annotated[bool, typer.Option("--show-all", help="Show every file, not only those with a remark.")] = False,
    jobs: JobsOption = None,
    resume: ResumeOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a data set of your own recordings, one note per file.

    The pitch comes from the file name (`C#4`, `Cis4`, `61`, or NSynth's `brass_acoustic_001-061-100`) and is checked
    against the sound; it is measured if the name has none. Velocities: `v100`, `C4-100`, `ff`, `mezzo-forte`, `soft`,
    or layers such as `v1` to `v16`. File names that are built alike are read together; how they were read (the octave
    of middle C, layers or velocities) is printed below the table. Instrument and family come from the options or the
    sub-folders (`trumpet/`, `brass/my horn/`). Silence and DC offset are removed. Doubtful files are listed but not
    used: look at them, then rename them or add `--accept-doubtful`.

    **Examples**

        nsynth-lab dataset folder recordings --dry-run

        nsynth-lab dataset folder recordings -o data/mine --licence CC0-1.0

        nsynth-lab dataset folder horn --family brass --instrument "my horn" --middle-c 3 -o data/horn
    """
    from nsynth_lab.dataset.from_folder import ImportOptions, import_folder

    if output is None and not dry_run:
        raise UsageError("no folder to write to: give one with --output, or add --dry-run to only screen the files")
    options = ImportOptions(
        family=family,
        instrument=instrument,
        source=source,
        pitch_from=pitch.value,
        middle_c=middle_c,
        accept_doubtful=accept_doubtful,
        max_seconds=max_duration,
        licence=licence,
        attribution=attribution,
    )
    schemes: list[NamingScheme] = []
    with _begin("files", "listening") as begin:
        results = import_folder(
            recordings,
            None if dry_run else output,
            options,
            jobs=jobs,
            resume=resume,
            force=force,
            begin=begin,
            on_schemes=schemes.extend,
        )
    if as_json:
        console.print_json([vars(found) for found in results])
        return
    shown = (
        results
        if every or len(results) <= MANY_ROWS
        else [found for found in results if found.reasons or found.remarks]
    )
    if shown:
        console.show(dataset_tables.findings_table(shown))
    dataset_tables.show_schemes(schemes)
    outcomes = Counter(found.outcome for found in results)
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in ("taken", "doubtful", "left out"))
    console.show(f"{len(results)} files: {counts}" + (f"; written to {output}" if output and not dry_run else ""))


@app.command()
def check(
    dataset: Annotated[Path, typer.Argument(help="Folder of a data set.", show_default=False)],
    audio: Annotated[bool, typer.Option(help="Analyse the audio, or only read examples.json.")] = True,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many notes, spread evenly over the data.")
    ] = None,
    plot: PlotOption = None,
    force: ForceOption = False,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count a data set by family and instrument and list the faults of its notes.

    Missing, silent, clipped and mislabelled notes are listed by name. Nothing is changed. The exit code is 0 whatever
    it finds, because not every finding is a fault: organs and bells often sound an octave away from their key.

    **Examples**

        nsynth-lab dataset check data/mine --plot coverage.png

        nsynth-lab dataset check nsynth-train --limit 2000
    """
    from nsynth_lab.audio import check_target
    from nsynth_lab.dataset.check import check_dataset
    from nsynth_lab.dataset.coverage import plot_coverage
    from nsynth_lab.dataset.notes import read_dataset

    if plot is not None:
        check_target(plot, force=force)
    with _begin("notes", "listening") as begin:
        report = check_dataset(dataset, listen=audio, at_most=limit, jobs=jobs, begin=begin)
    if plot is not None:
        plot_coverage(read_dataset(dataset), plot, title=f"{dataset.name}: {report.notes} notes", force=force)
    if as_json:
        plain = {**vars(report), "instruments": [vars(row) for row in report.instruments]}
        console.print_json({**plain, "problems": [vars(problem) for problem in report.problems]})
        return
    dataset_tables.show_report(report)
    if plot is not None:
        console.say(f"wrote {plot}")


@contextmanager
def _begin(unit: str, title: str) -> Iterator[Callable[[int], Callable[[int], None]]]:
    """A progress bar whose total is not known yet."""
    with ExitStack() as stack:
        yield lambda total: stack.enter_context(console.progress(total, unit, title))


def _numbers(text: str, kind: type[Any], what: str) -> list[Any]:
    try:
        return [kind(item) for item in text.split(",")]
    except ValueError:
        raise UsageError(f"--{what} '{text}': expected numbers separated by commas") from None
