"""`nsynth-lab encode` and `nsynth-lab decode`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import console, recipes
from nsynth_lab.cli.delivery import Delivery
from nsynth_lab.cli.options import (
    BitsOption,
    ChannelsOption,
    CheckpointOption,
    ComputeOption,
    DetailOption,
    ForceOption,
    JsonOption,
    ListenOption,
    QualityOption,
    RateOption,
    RoundsOption,
    SeedOption,
    SoundOption,
    SourceNoteOption,
    SourceVelocityOption,
    TrackOption,
)
from nsynth_lab.errors import UsageError
from nsynth_lab.model.config import ROUNDS

if TYPE_CHECKING:
    from nsynth_lab.latents import Latents
    from nsynth_lab.model.refine import Refined
    from nsynth_lab.render import Session


def encode(
    context: typer.Context,
    recording: Annotated[Path, typer.Argument(help="A recording of one note: WAV, FLAC, OGG, MP3 or AIFF.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the latents, such as note.latents.")],
    source_note: SourceNoteOption = "",
    source_velocity: SourceVelocityOption = 100,
    track: TrackOption = None,
    rounds: RoundsOption = ROUNDS,
    detail: DetailOption = True,
    refine: Annotated[float, typer.Option(min=0, max=3600, help="Seconds spent on fitting the latents further.")] = 0.0,
    device: ComputeOption = "auto",
    checkpoint: CheckpointOption = None,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Turn a recording of one note into latents.

    A drum or a noise needs no note: how pitched the sound is, 0 to 1, is measured and told. Where part of it is noise,
    such as the consonants of a word, that part is kept as noise, and the rest follows the keys.

    **Examples**

        nsynth-lab encode my-voice.wav --source-note C4 -o my-voice.latents

        nsynth-lab encode strange-bell.wav --refine 30 -o strange-bell.latents

        nsynth-lab encode tom.wav --source-note none --track 1 -o tom.latents
    """
    from nsynth_lab.latents import write_latents
    from nsynth_lab.note import Note, parse_source_note
    from nsynth_lab.render import LATENTS_ENDING, check_outputs
    from nsynth_lab.render.output_paths import check_sources
    from nsynth_lab.wording import quality_of_error

    check_outputs([output], endings=[LATENTS_ENDING], sources=[recording], force=force)
    number = parse_source_note(source_note)
    Note(max(number or 0, 0), source_velocity)
    check_sources([recording])

    from nsynth_lab.render import Session

    session = Session(checkpoint, device=device, progress=console.progress)
    latents = session.encode(recording, note=number, velocity=source_velocity, rounds=rounds, detail=detail)
    if refine and latents.unpitched is not None:
        raise UsageError("--refine fits sounds that are all tone, and noise is part of this one; leave --refine out")
    fitted = _refined(session, recording, latents, refine) if refine else None
    latents = (fitted.latents if fitted else latents).tracking(track)
    error_db = _mel_error_db(session, recording, latents)
    asked = {
        "recording": recording.name,
        "note": number,
        "velocity": source_velocity,
        "rounds": rounds,
        **({} if detail else {"detail": False}),
        "refine": refine,
        **({"track": track} if track is not None else {}),
    }
    recipe = recipes.recipe(context, session, more=asked, device=session.device)
    write_latents(output, replace(latents, provenance=recipe.values), force=True)
    _report(
        {
            "file": str(output),
            "model": latents.model_id,
            "note": said_note(latents),
            "note_was": "given" if source_note else "measured",
            "pitched": round(latents.pitched, 3),
            "frames": latents.frames,
            "seconds": round(latents.seconds, 3),
            "mel_error_db": round(error_db, 3),
            "quality": quality_of_error(error_db, has_pitch=latents.unpitched is None),
            "distance_db": {"before": round(fitted.before_db, 3), "after": round(fitted.after_db, 3)}
            if fitted
            else None,
        },
        "{file}: model {model}, note {note} ({note_was}), {pitched:.0%} pitched, {frames} frames, {seconds} s, "
        "decoded again within a mel error of {mel_error_db} dB ({quality})"
        + ("; distance {distance_db[before]} dB before refining, {distance_db[after]} after" if fitted else ""),
        as_json=as_json,
    )


def said_note(latents: Latents) -> str:
    """The name of the note; "none" for a sound without a pitch."""
    from nsynth_lab.note import UNPITCHED_WORD, note_name

    return note_name(latents.note) if latents.has_tone else UNPITCHED_WORD


def _mel_error_db(session: Session, recording: Path, latents: Latents) -> float:
    """How far the latents, decoded again, are from the recording: what `capture` and `evaluate` report too."""
    import numpy as np

    from nsynth_lab.evaluate.metrics.distances import mel_error_db
    from nsynth_lab.runtime.clips import decode as decoded_blocks

    samples = session.recorded_samples(recording)
    decoded = np.concatenate(list(decoded_blocks(latents, session.checkpoint)))[: len(samples)]
    return mel_error_db(decoded, samples[: len(decoded)])


def _refined(session: Session, recording: Path, latents: Latents, seconds: float) -> Refined:
    """Refine with a progress bar that counts seconds."""
    done = 0
    with console.progress(round(seconds) or 1, "seconds", "refining") as advance:

        def progress(so_far: float, _best_db: float) -> None:
            nonlocal done
            whole = min(round(so_far), round(seconds) or 1)
            advance(whole - done)
            done = whole

        return session.refine(recording, latents, seconds=seconds, progress=progress)


def decode(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="A .latents file.")],
    output: SoundOption,
    note: Annotated[str, typer.Option(help="The note to sound, A4 or 69; its own if not given.")] = "",
    duration: Annotated[float | None, typer.Option(help="Seconds of sound; its own length if not given.")] = None,
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
    """Turn latents into sound, at any note and of any length.

    **Example**: `nsynth-lab decode my-voice.latents --note C5 --duration 6 -o high.wav`
    """
    from nsynth_lab.latents import read_latents
    from nsynth_lab.note import note_name, parse_note
    from nsynth_lab.render import SOUND_ENDINGS, check_outputs, check_seconds
    from nsynth_lab.sound_format import SoundFormat

    delivery = Delivery(output, SoundFormat(rate, bits, sound_channels, quality), listen)
    delivery.check(as_json=as_json)
    check_outputs([output], endings=SOUND_ENDINGS, sources=[source], force=force)
    number = parse_note(note) if note else None
    if duration is not None:
        check_seconds(duration)
    recorded = read_latents(source).tracking(track)

    from nsynth_lab.render import Session
    from nsynth_lab.render.offline import as_asked

    latents, samples = as_asked(recorded, note=number, seconds=duration)
    if sound_channels == "mono":
        latents = replace(latents, width=None)
    session = Session(checkpoint, device=device, seed=seed)
    with console.progress(latents.samples, "samples", "decoding") as advance:
        rendered = session.render(latents, samples=samples, advance=advance)
    recipe = recipes.recipe(context, session, device=session.device)
    told = {
        "file": str(output),
        "model": latents.model_id,
        "note": note_name(latents.note),
        "seconds": round(rendered.audio.seconds, 3),
        "times_real_time": round(rendered.audio.seconds / rendered.decode_seconds, 1),
        "peak": round(rendered.audio.peak, 4),
    }
    with delivery.written() as path:
        delivery.write(path, rendered.audio, recipe)
        _report(
            told,
            "{file}: model {model}, note {note}, {seconds} s at {times_real_time}x real time, peak {peak}",
            as_json=as_json,
        )


def _report(values: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        console.print_json(values)
    else:
        console.show(text.format(**values))
