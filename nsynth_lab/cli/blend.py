"""`nsynth-lab blend` and `nsynth-lab instruments`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import console, preset_note, recipes
from nsynth_lab.cli.options import CheckpointOption, DeviceOption, ForceOption, JsonOption, SeedOption
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.audio import Audio
    from nsynth_lab.latents import Latents
    from nsynth_lab.render import BlendRequest, Session

GAP_SECONDS = 0.25
LONGEST_SERIES_SECONDS = 1_800.0
PICTURE_ENDINGS = (".png", ".svg", ".pdf")


def blend(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Two or four of: an instrument's name, a sound file, a .latents file.",
            metavar="A B [C D]",
            show_default=False,
        ),
    ] = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Sound file to write; its ending is its format.")],
    position: Annotated[
        str | None,
        typer.Option(
            help="0 is A, 1 is B. For four corners two numbers: 0.2,0.7 (A to B, then AB to CD).",
            show_default="the middle",
        ),
    ] = None,
    note: Annotated[str, typer.Option(help="A4, C#4, Bb3 or a MIDI number.")] = "A4",
    velocity: Annotated[int, typer.Option(help="How hard, 1 to 127.")] = 100,
    duration: Annotated[float, typer.Option(help="Seconds, release included; exactly so long.")] = 3.0,
    steps: Annotated[int, typer.Option(help="A series of so many positions from A to B, also as single files.")] = 1,
    curve: Annotated[str, typer.Option(help="A morph: second:position points, as 0:0,1.5:1.")] = "",
    timbre: Annotated[float | None, typer.Option(help="Position of the timbre alone.")] = None,
    loudness: Annotated[float | None, typer.Option(help="Position of level, attack and release alone.")] = None,
    partials: Annotated[float | None, typer.Option(help="Position of the partials alone.")] = None,
    preset: Annotated[
        str, typer.Option(help="Instead of A B: a preset by name, or a .toml file, with its effects.")
    ] = "",
    even: Annotated[bool, typer.Option("--even", help="Positions so that equal moves sound equally large.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Also draw spectrograms into this .png, .svg or .pdf.")] = None,
    device: DeviceOption = "auto",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Blend two instruments, or four, into one note.

    A blend is one sound with one pitch, half way between, not two sounds at once.

    **Examples**

        nsynth-lab blend flute cello -o between.wav

        nsynth-lab blend flute cello --steps 9 --plot series.png -o series.wav

        nsynth-lab blend my-voice.wav "church organ" --note C3 --position 0.3 --duration 8 -o out.wav

        nsynth-lab blend glockenspiel "choir aahs" --curve 0:0,2:1 -o morph.wav

        nsynth-lab blend flute cello marimba trumpet --position 0.2,0.7 -o corner.wav

        nsynth-lab blend --preset glass-cello --note C4 -o glass.wav
    """
    from nsynth_lab.blend import parse_curve
    from nsynth_lab.note import Note, parse_note
    from nsynth_lab.render import SOUND_ENDINGS, BlendRequest, check_outputs
    from nsynth_lab.render.output_paths import check_sources

    if preset:
        if sources or curve or steps > 1 or even or (timbre, loudness, partials) != (None, None, None):
            raise UsageError(
                "--preset says what is blended and how; beside it only --position, --note and --duration go"
            )
        request_ = preset_note.PresetNote(preset, Note(parse_note(note), velocity), duration, position)
        from nsynth_lab.patch.library import find_preset

        find_preset(preset)

        from nsynth_lab.render import Session

        session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
        made_by = recipes.recipe(context, session, device=session.device)
        preset_note.blend_preset(request_, session, made_by, output, plot, as_json=as_json, force=force)
        return
    sources = sources or []
    if position is not None and (curve or steps > 1):
        raise UsageError("--position is one place; --curve and --steps choose their own: leave one of them out")
    request = BlendRequest(
        sources=tuple(sources),
        note=Note(parse_note(note), velocity),
        seconds=duration,
        position=(0.5,) * (len(sources) // 2) if position is None else _position(position),
        curve=parse_curve(curve) if curve else None,
        timbre=timbre,
        loudness=loudness,
        partials=partials,
    )
    if even and (len(sources) != 2 or curve):
        raise UsageError("--even is for positions between two sources, without --curve")
    request.weights()
    requests = _series(request, steps)
    files = [output, *_single_files(output, len(requests))]
    check_outputs(files, endings=SOUND_ENDINGS, sources=sources, force=force)
    check_outputs([plot] if plot else [], endings=PICTURE_ENDINGS, sources=sources, force=force)
    check_sources(sources, checkpoint)

    from nsynth_lab.render import Session

    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    report = _render(context, session, requests, files, plot, even=even)
    if as_json:
        console.print_json(report)
    else:
        _print(report)


def instruments(
    family: Annotated[str, typer.Option(help="Only this family: bass, brass, flute, guitar, ...")] = "",
    checkpoint: CheckpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the instruments that can be blended by name.

    **Example**: `nsynth-lab instruments --family reed`
    """
    from nsynth_lab.note import FAMILIES

    if family and family not in FAMILIES:
        raise UsageError(f"family '{family}'; expected one of {', '.join(FAMILIES)}")

    from nsynth_lab.render import Session

    rows = [row for row in Session(checkpoint).instruments() if family in ("", row["family"])]
    if as_json:
        console.print_json(rows)
        return
    from rich.table import Table

    table = Table("instrument", "family", "notes", "velocities", "licence", box=None, header_style="bold")
    for row in rows:
        layers = ", ".join(str(velocity) for velocity in row["velocities"])
        table.add_row(row["name"], row["family"], f"{row['lowest']} to {row['highest']}", layers, row["licence"])
    console.show(table)


def _position(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"position '{text}'; expected a number as 0.5, or two as 0.2,0.7 for four sources") from None


def _series(request: BlendRequest, steps: int) -> list[BlendRequest]:
    if not 1 <= steps <= 200:
        raise UsageError(f"{steps} steps; expected 1 to 200")
    if steps == 1:
        return [request]
    if len(request.sources) != 2 or request.curve is not None:
        raise UsageError("--steps makes a series between two sources, without --curve")
    if steps * request.seconds > LONGEST_SERIES_SECONDS:
        raise UsageError(
            f"{steps} steps of {request.seconds:g} s; expected a series of {LONGEST_SERIES_SECONDS:g} s at most"
        )
    return [replace(request, position=(step / (steps - 1),)) for step in range(steps)]


def _single_files(output: Path, count: int) -> list[Path]:
    if count == 1:
        return []
    return [
        output.with_name(f"{output.stem}-{step:0{len(str(count))}d}{output.suffix}") for step in range(1, count + 1)
    ]


def _render(
    context: typer.Context,
    session: Session,
    requests: list[BlendRequest],
    files: list[Path],
    plot: Path | None,
    *,
    even: bool,
) -> dict[str, Any]:
    """Decode every request with one progress bar, write the files, and say what was made."""
    from nsynth_lab.picture import Panel, draw_spectrograms
    from nsynth_lab.render import measured_f0_hz

    first = requests[0]
    notes = [session.source(text, first.note) for text in first.sources]
    if even:
        requests = _evenly(session, requests, notes)
    audios: list[Audio] = []
    decode_seconds = 0.0
    with console.progress(len(requests) * first.samples, "samples", "decoding") as advance:
        for request in requests:
            rendered = session.render(session.blend(request, notes), samples=request.samples, advance=advance)
            audios.append(rendered.audio)
            decode_seconds += rendered.decode_seconds
    for path, audio, request in zip(files[1:], audios, requests, strict=False):
        _write(path, audio, _recipe_of_one(context, session, request))
    joined = _joined(audios)
    _write(files[0], joined, _recipe_of_all(context, session, requests))
    if plot is not None:
        panels = [Panel(request.title(), audio.mono()) for request, audio in zip(requests, audios, strict=True)]
        draw_spectrograms(plot, panels, title=f"{' + '.join(first.sources)} at {first.note.name}", force=True)
    decoded = sum(audio.seconds for audio in audios)
    return {
        "positions": [request.position for request in requests],
        "files": [str(path) for path in files],
        "plot": str(plot) if plot else None,
        "model": session.checkpoint.model_id,
        "device": session.device,
        "note": first.note.name,
        "velocity": first.note.velocity,
        "seconds": round(joined.seconds, 3),
        "times_real_time": round(decoded / decode_seconds, 1),
        "peak": round(joined.peak, 4),
        "f0_hz": measured_f0_hz(audios[0], first.note),
        "asked_f0_hz": round(first.note.hz, 2),
        "seed": session.seed,
    }


def _recipe_of_one(context: typer.Context, session: Session, request: BlendRequest) -> recipes.Recipe:
    """Of one position of a series, at the plain position that it has."""
    place = ",".join(map(repr, request.position))
    return recipes.recipe(
        context, session, more=session.recipe(request), device=session.device, position=place, steps=1, even=False
    )


def _recipe_of_all(context: typer.Context, session: Session, requests: list[BlendRequest]) -> recipes.Recipe:
    values = session.recipe(requests[0])
    if len(requests) > 1:
        values["position"] = [request.position for request in requests]
    return recipes.recipe(context, session, more=values, device=session.device)


def _write(path: Path, audio: Audio, recipe: recipes.Recipe) -> None:
    from nsynth_lab.audio import write_audio

    write_audio(path, audio, comment=recipe.comment(path), force=True)
    recipe.put_beside(path)


def _evenly(session: Session, requests: list[BlendRequest], notes: list[Latents]) -> list[BlendRequest]:
    """The same requests at the plain positions that their even ones mean."""
    from nsynth_lab.blend.even import STEPS

    with console.progress(STEPS * requests[0].samples, "samples", "measuring the way") as advance:
        axis = session.even_axis(requests[0], notes, advance=advance)
    return [replace(request, position=(axis.plain(request.position[0]),)) for request in requests]


def _joined(audios: list[Audio]) -> Audio:
    import numpy as np

    from nsynth_lab.audio import Audio
    from nsynth_lab.units import SAMPLE_RATE

    gap = np.zeros((1, int(GAP_SECONDS * SAMPLE_RATE)), np.float32)
    parts = [part for audio in audios for part in (gap, audio.samples)]
    return Audio(np.concatenate(parts[1:], axis=1))


def _print(report: dict[str, Any]) -> None:
    from nsynth_lab.units import ratio_to_cents

    f0, asked = report["f0_hz"], report["asked_f0_hz"]
    measured = "no clear pitch" if f0 is None else f"f0 {f0:.2f} Hz ({ratio_to_cents(f0 / asked):+.1f} cents)"
    console.show(
        f"model {report['model']} on {report['device']}: {report['note']} at velocity {report['velocity']}, "
        f"{report['seconds']:.2f} s at {report['times_real_time']:.1f} times real time, peak {report['peak']:.3f}, "
        f"{measured} against {asked:.2f} Hz asked"
    )
    for path in [*report["files"], *([report["plot"]] if report["plot"] else [])]:
        console.show(path)
