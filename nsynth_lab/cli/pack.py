"""`nsynth-lab pack`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli.options import CheckpointOption, DeviceOption, ForceOption, JsonOption, SeedOption
from nsynth_lab.cli.pack_making import How, go_on, make, make_again, planned
from nsynth_lab.errors import UsageError

EVENLY = "0,0.25,0.5,0.75,1"
CORNERS = "0,0;1,0;0,1;1,1;0.5,0.5"


def pack(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to make.")],
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Two or four of: an instrument's name, a sound file, a .latents file.", metavar="A B [C D]"
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(help="Instead of A B: a preset by name, or a .toml file, with its effects.")
    ] = "",
    formats: Annotated[
        str, typer.Option("--format", help="Of sfz, sf2, decentsampler and wav, separated by commas.")
    ] = "sfz,sf2,decentsampler,wav",
    positions: Annotated[
        str | None,
        typer.Option(
            help="Where between A and B, as 0,0.5,1; for more corners 0,0;1,0;0.5,0.5. A preset's own if not given.",
            show_default=EVENLY,
        ),
    ] = None,
    notes: Annotated[str, typer.Option(help="Notes and ranges with a step in semitones, as C2-C6/3,C7.")] = "C2-C6/3",
    velocities: Annotated[str, typer.Option(help="One layer for each, 1 to 127.")] = "40,80,120",
    crossfade: Annotated[
        int, typer.Option(help="Velocities around the border of two layers over which they fade (SFZ alone).")
    ] = 0,
    round_robin: Annotated[int, typer.Option(help="Takes of each note that a sampler plays in turn.")] = 1,
    duration: Annotated[float, typer.Option(help="Seconds of each clip.")] = 4.0,
    loop: Annotated[bool, typer.Option("--loop/--no-loop", help="Loop the notes that are held.")] = True,
    rate: Annotated[int, typer.Option(help="48000 or 44100 Hz.")] = 48_000,
    bits: Annotated[int, typer.Option(help="16 or 24.")] = 24,
    flac: Annotated[bool, typer.Option("--flac", help="Clips as FLAC, a third smaller; leave wav out then.")] = False,
    name: Annotated[str, typer.Option(help="Title of the pack.", show_default="the sources or the preset")] = "",
    author: Annotated[str, typer.Option(help="Who made it.")] = "",
    licence: Annotated[str, typer.Option(help="How it may be used, as CC0-1.0.")] = "",
    manifest: Annotated[
        Path | None, typer.Option("--from", help="Make the pack of this manifest.json again, bit for bit.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how much it would be, and stop.")] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Resume the pack in the folder, or remake files it has lost; no other options are needed."
        ),
    ] = False,
    workers: Annotated[
        str, typer.Option(help="Decode on a Ray cluster: ray://HOST:PORT, ray://auto, or ray://local.")
    ] = "",
    device: DeviceOption = "auto",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Render a sample pack of a blend or a preset: SFZ, SoundFont, DecentSampler and plain WAV from the same clips.

    Every position of the blend is an instrument of its own; the morph SFZ and the DecentSampler preset go through all
    of them with one controller. Notes that are held are looped without a seam, as long as a key is down.

    With `--preset` a clip is the note that the preset plays: its instruments, position and movements, envelope, tuning,
    unison, effects and plugins, in stereo where they make it so. Notes that die away are there to the end of their
    effects' tails, 10 s at most. A loop begins when all that happens once is over and the effects have settled, so the
    clip may be longer than `--duration`; movements run to and fro in it. Where effects never repeat (a chorus that
    does not fit the loop) there is none, and the report says so. Keys are up for as long as the tails last. Each clip
    is in tune with the preset's tuning, however its instruments were recorded. With `--positions` each is a place
    between the preset's corners, without its path. Voice mode, glide, macros and MIDI map are for playing and not in a
    pack.

    **Examples**

        nsynth-lab pack flute cello -o reed-and-bow

        nsynth-lab pack flute cello --notes C3-C5/4 --velocities 100 --positions 0,0.5,1 -o small --dry-run

        nsynth-lab pack my-voice.wav "church organ" --round-robin 2 --author Me --licence CC0-1.0 -o choir

        nsynth-lab pack --preset late-saxophone -o late-saxophone

        nsynth-lab pack --from choir/manifest.json -o again

        nsynth-lab pack --resume -o choir
    """
    from nsynth_lab.pack.folder import check_folder
    from nsynth_lab.pack.parse import parse_notes, parse_positions, parse_velocities
    from nsynth_lab.pack.ray_workers import check_address
    from nsynth_lab.pack.request import PackRequest
    from nsynth_lab.patch.library import read_whole

    if not dry_run:
        check_folder(output, resume=resume, force=force)
    if workers:
        check_address(workers)
        if device == "cuda":
            raise UsageError("--workers decode on their processors: leave --compute out")
        device = "cpu"
    how = How(output, dry_run, resume, force, workers, as_json)
    given = tuple(sources or ())
    if resume and not given and not preset and manifest is None:
        go_on(context, how, checkpoint, device)
        return
    if manifest is not None:
        if given or preset:
            raise UsageError("--from names the sources itself: leave them out")
        make_again(manifest, how, checkpoint, device)
        return
    if given and preset:
        raise UsageError("--preset says what is blended: leave the sources out")
    text, patch = read_whole(preset) if preset else ("", None)
    numbers = patch.blend.dims if patch else max(1, len(given) // 2)
    places: tuple[tuple[float, ...], ...]
    if patch and positions is None:
        places = (patch.with_macros_applied().blend.position,)
    else:
        usual = CORNERS if numbers == 2 else EVENLY
        places = parse_positions(usual if positions is None else positions, numbers=numbers)
    request = PackRequest(
        sources=patch.blend.corners if patch else given,
        positions=places,
        notes=parse_notes(notes),
        velocities=parse_velocities(velocities),
        takes=round_robin,
        crossfade=crossfade,
        seconds=duration,
        loop=loop,
        sample_rate=rate,
        bits=bits,
        flac=flac,
        formats=_formats(formats, flac=flac),
        name=name,
        author=author,
        licence=licence,
        seed=seed,
        preset=text,
    )
    session, plan = planned(request, checkpoint, device)
    make(session, plan, how)


def _formats(text: str, *, flac: bool) -> tuple[str, ...]:
    """With --flac and no formats named, all but wav."""
    formats = tuple(part.strip() for part in text.split(",") if part.strip())
    return tuple(one for one in formats if one != "wav") if flac and text == "sfz,sf2,decentsampler,wav" else formats
