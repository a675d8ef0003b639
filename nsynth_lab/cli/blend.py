"""`nsynth-lab blend`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import console, preset_note, recipes
from nsynth_lab.cli.delivery import Delivery
from nsynth_lab.cli.options import (
    BitsOption,
    ChannelsOption,
    CheckpointOption,
    ComputeOption,
    ForceOption,
    JsonOption,
    ListenOption,
    NoteOption,
    PathOption,
    PlotOption,
    PositionOption,
    PresetOption,
    QualityOption,
    RateOption,
    SeedOption,
    SoundOption,
    SourcesArgument,
    TrackOption,
    VelocityOption,
    WeightsOption,
    is_stdout,
)
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.render import BlendRequest, Session
    from nsynth_lab.render.blend_series import Series

DurationOption = Annotated[float, typer.Option(help="Seconds of sound, release included; exactly so long.")]
StepsOption = Annotated[int, typer.Option(help="A series of so many positions from A to B, also as single files.")]
CurveOption = Annotated[str, typer.Option(help="A morph: second:position points, such as 0:0,1.5:1.")]
TimbreOption = Annotated[str | None, typer.Option(help="Position of the timbre alone.")]
LoudnessOption = Annotated[str | None, typer.Option(help="Position of level, attack and release alone.")]
PartialsOption = Annotated[str | None, typer.Option(help="Position of the partials alone.")]
EvenOption = Annotated[bool, typer.Option("--even", help="Positions so that equal moves sound equally large.")]


def blend(
    context: typer.Context,
    sources: SourcesArgument = None,
    *,
    output: SoundOption,
    position: PositionOption = None,
    weights: WeightsOption = None,
    path: PathOption = None,
    note: NoteOption = "A4",
    velocity: VelocityOption = 100,
    duration: DurationOption = 3.0,
    steps: StepsOption = 1,
    curve: CurveOption = "",
    timbre: TimbreOption = None,
    loudness: LoudnessOption = None,
    partials: PartialsOption = None,
    preset: PresetOption = "",
    even: EvenOption = False,
    plot: PlotOption = None,
    rate: RateOption = 48_000,
    bits: BitsOption = "",
    sound_channels: ChannelsOption = "",
    quality: QualityOption = None,
    listen: ListenOption = False,
    device: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    track: TrackOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Blend one to eight instruments into one note.

    A blend is one sound with one pitch, half way between, not two sounds at once.

    **Examples**

        nsynth-lab blend flute cello -o between.wav

        nsynth-lab blend flute cello --steps 9 --plot series.png -o series.wav

        nsynth-lab blend my-voice.wav "church organ" --note C3 --position 0.3 --duration 8 -o out.wav

        nsynth-lab blend glockenspiel "choir aahs" --curve 0:0,2:1 -o morph.wav

        nsynth-lab blend flute cello marimba trumpet --position 0.2,0.7 -o corner.wav

        nsynth-lab blend flute cello oboe --weights 0.5,0.3,0.2 --path spherical -o three.wav

        nsynth-lab blend --preset glass-cello --note C4 --rate 44100 --bits 16 -o glass.wav
    """
    from nsynth_lab.note import Note, parse_note
    from nsynth_lab.patch.sources import preset_of
    from nsynth_lab.render import PICTURE_ENDINGS, SOUND_ENDINGS, check_outputs
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.render.request import parse_blend, series_files
    from nsynth_lab.sound_format import SoundFormat

    delivery = Delivery(output, SoundFormat(rate, bits, sound_channels, quality), listen)
    delivery.check(as_json=as_json)
    struck = Note(parse_note(note), velocity)
    own = {"timbre": timbre, "loudness": loudness, "partials": partials}
    if preset:
        if sources or curve or steps > 1 or even or any(value is not None for value in own.values()):
            raise UsageError(
                "--preset says what is blended and how; beside it only --position, --weights, --path, --note and "
                "--duration go"
            )
        patch = preset_of(preset, position=position, weights=weights, interpolation=path, track=track)
        preset_note.check(duration, output, plot, force=force)
    else:
        given = tuple(sources or ())
        place = {"position": position, "weights": weights, "path": path}
        requests = parse_blend(
            given, struck, duration, **place, **own, track=track, curve=curve, steps=steps, even=even
        )
        files = series_files(output, 1 if is_stdout(output) else len(requests))
        check_outputs(files, endings=SOUND_ENDINGS, sources=given, force=force)
        check_outputs([plot] if plot else [], endings=PICTURE_ENDINGS, sources=given, force=force)
        check_sources(given, checkpoint)

    from nsynth_lab.render import Session
    from nsynth_lab.render.blend_series import render_series

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    if preset:
        made_by = recipes.recipe(context, session, device=session.device)
        preset_note.blend_preset(patch, struck, duration, session, made_by, delivery, plot, as_json=as_json)
        return
    series = render_series(session, requests, even=even, progress=console.progress, mono=sound_channels == "mono")
    report = {**series.report(session), "files": [str(file) for file in files], "plot": str(plot) if plot else None}
    with delivery.written() as file:
        _write_all(context, session, series, [file, *files[1:]], delivery, plot)
        console.print_json(report) if as_json else _print(report)


def _write_all(
    context: typer.Context, session: Session, series: Series, files: list[Path], delivery: Delivery, plot: Path | None
) -> None:
    """The series in one file, each of several in one of its own, and a picture of them."""
    requests = series.requests
    for path, sound, request in zip(files[1:], series.sounds, requests, strict=False):
        delivery.write(path, sound, _recipe_of_one(context, session, request))
    values = session.recipe(requests[0])
    if len(requests) > 1:
        values["position"] = [request.place for request in requests]
    delivery.write(files[0], series.joined(), recipes.recipe(context, session, more=values, device=session.device))
    if plot is not None:
        from nsynth_lab.picture import Panel, draw_spectrograms

        first = requests[0]
        panels = [Panel(request.title(), sound.mono()) for request, sound in zip(requests, series.sounds, strict=True)]
        draw_spectrograms(plot, panels, title=f"{' + '.join(first.sources)} at {first.note.name}", force=True)


def _recipe_of_one(context: typer.Context, session: Session, request: BlendRequest) -> recipes.Recipe:
    """Of one position of a series, at the plain position that it has."""
    place = ",".join(map(repr, request.place))
    return recipes.recipe(
        context, session, more=session.recipe(request), device=session.device, position=place, steps=1, even=False
    )


def _print(report: dict[str, Any]) -> None:
    from nsynth_lab.units import ratio_to_cents

    f0, asked = report["f0_hz"], report["asked_f0_hz"]
    measured = "no clear pitch" if f0 is None else f"f0 {f0:.2f} Hz ({ratio_to_cents(f0 / asked):+.1f} cents)"
    console.show(
        f"model {report['model']} on {report['device']}: {report['note']} at velocity {report['velocity']}, "
        f"{report['seconds']:.2f} s at {report['times_real_time']:.1f}x real time, peak {report['peak']:.3f}, "
        f"{measured} against {asked:.2f} Hz asked"
    )
    for path in [*report["files"], *([report["plot"]] if report["plot"] else [])]:
        console.show(path)
