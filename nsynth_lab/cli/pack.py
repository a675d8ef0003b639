"""`nsynth-lab pack`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli.options import (
    BitsOption,
    CheckpointOption,
    ComputeOption,
    DryRunOption,
    ForceOption,
    JsonOption,
    PathOption,
    PresetOption,
    RateOption,
    SeedOption,
    SourcesArgument,
    TrackOption,
)
from nsynth_lab.cli.pack_making import How, go_on, make, make_again, planned
from nsynth_lab.errors import UsageError
from nsynth_lab.pack.format_table import EVERY, USUAL, listed_formats

OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Where to write the pack: a folder.")]
FormatOption = Annotated[
    str,
    typer.Option(
        "--formats",
        help=f"Of {listed_formats()}, separated by commas; or {EVERY}.",
        show_default=", ".join(USUAL),
    ),
]
PositionsOption = Annotated[
    str | None,
    typer.Option(
        help="Positions between A and B, such as 0,0.5,1; of three and four sources x,y, such as 0,0;1,0;0.5,0.5.",
        show_default="0,0.25,0.5,0.75,1, corners and middle, or a preset's own",
    ),
]
SetsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        help="Instead of positions: the share of each source, such as 0.5,0.3,0.2; separate several with semicolons.",
    ),
]
NotesOption = Annotated[str, typer.Option(help="Notes and ranges with a step in semitones, such as C2-C6/3,C7.")]
VelocitiesOption = Annotated[str, typer.Option(help="MIDI velocities, a layer for each.")]
CrossfadeOption = Annotated[
    int, typer.Option(help="Velocities around the border of two layers over which they fade (SFZ alone).")
]
RoundRobinOption = Annotated[int, typer.Option(help="Variations of each note that a sampler plays in turn.")]
DurationOption = Annotated[float, typer.Option(help="Seconds of sound in each clip.")]
LoopOption = Annotated[bool, typer.Option("--loop/--no-loop", help="Loop the notes that are held.")]
FlacOption = Annotated[bool, typer.Option("--flac", help="Clips as FLAC, a third smaller; leave wav out then.")]
NameOption = Annotated[str, typer.Option(help="Name of the new pack.", show_default="the sources or the preset")]
AuthorOption = Annotated[str, typer.Option(help="Who made it.")]
LicenceOption = Annotated[str, typer.Option(help="Licence of the sound, such as CC0-1.0.")]
ManifestOption = Annotated[
    Path | None, typer.Option("--from", help="Make the pack of this manifest.json again, bit for bit.")
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume", help="Resume what was interrupted, or remake lost files of the folder; no other options are needed."
    ),
]
ClusterOption = Annotated[
    str, typer.Option("--cluster", help="Decode on a Ray cluster: ray://HOST:PORT, ray://auto, or ray://local.")
]


def pack(
    context: typer.Context,
    output: OutputOption,
    sources: SourcesArgument = None,
    preset: PresetOption = "",
    formats: FormatOption = "",
    positions: PositionsOption = None,
    weights: SetsOption = None,
    path: PathOption = None,
    track: TrackOption = None,
    notes: NotesOption = "C2-C6/3",
    velocities: VelocitiesOption = "40,80,120",
    crossfade: CrossfadeOption = 0,
    round_robin: RoundRobinOption = 1,
    duration: DurationOption = 4.0,
    loop: LoopOption = True,
    rate: RateOption = 48_000,
    bits: BitsOption = "24",
    flac: FlacOption = False,
    name: NameOption = "",
    author: AuthorOption = "",
    licence: LicenceOption = "",
    manifest: ManifestOption = None,
    dry_run: DryRunOption = False,
    resume: ResumeOption = False,
    workers: ClusterOption = "",
    device: ComputeOption = "auto",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Render a sample pack of a blend or a preset: SFZ, SoundFont, DecentSampler and more from the same clips.

    Every position of the blend becomes an instrument; the morph SFZ and the DecentSampler preset move through all of
    them with one controller. Sustained notes have a seamless loop for as long as a key is down.

    With `--preset` a clip is the note that the preset plays: its instruments, position and movements, envelope, tuning,
    unison, effects and plugins, in stereo if these are. Notes that die away last until the tails of their effects have
    ended, at most 10 s. A loop begins once the path is over and the effects have settled, so the clip may be longer
    than `--duration`; motion goes back and forth in the loop. If an effect never repeats (a chorus that does not fit
    the loop), the clip has no loop and the report says so. Releases are as long as the tails. Each clip is in the
    preset's tuning, however its instruments were recorded. With `--positions` each position lies between the preset's
    corners, without its path. Voice mode, glide, macros and the MIDI map are for playing and not part of a pack.

    `--formats` also writes instruments for Bitwig and Studio One (multisample), OP-XY, Renoise, Ableton's Sampler and
    Akai's MPC; each has its own copy of the clips. An OP-XY preset holds 24 notes and has no velocity layers, an MPC
    program 128 keygroups: what does not fit is refused before the work, and what is left out is said, with `--dry-run`
    too.

    **Examples**

        nsynth-lab pack flute cello -o reed-and-bow

        nsynth-lab pack flute cello --notes C3-C5/4 --velocities 100 --positions 0,0.5,1 -o small --dry-run

        nsynth-lab pack flute cello --notes C3,C4 --velocities 90 --positions 0.5 --formats multisample,op-xy -o studio

        nsynth-lab pack my-voice.wav "church organ" --round-robin 2 --author Me --licence CC0-1.0 -o choir

        nsynth-lab pack flute cello oboe --weights "0.5,0.3,0.2;1,0,0" --path spherical -o three

        nsynth-lab pack "808 kick" cello --track 1 --notes C1-C3/2 -o tuned-kick

        nsynth-lab pack --preset late-saxophone -o late-saxophone

        nsynth-lab pack --from choir/manifest.json -o again

        nsynth-lab pack --resume -o choir
    """
    from nsynth_lab.pack.folder import check_folder
    from nsynth_lab.pack.parse import parse_pack
    from nsynth_lab.pack.ray_workers import check_address

    if not dry_run:
        check_folder(output, resume=resume, force=force)
    if workers:
        check_address(workers)
        if device == "cuda":
            raise UsageError("--cluster decodes on processors: leave --compute out")
        device = "cpu"
    how = How(output, dry_run, resume, force, workers, as_json)
    if resume and not sources and not preset and manifest is None:
        go_on(context, how, checkpoint, device)
        return
    if manifest is not None:
        if sources or preset:
            raise UsageError("--from names the sources itself: leave them out")
        make_again(manifest, how, checkpoint, device)
        return
    request = parse_pack(
        sources or (),
        preset=preset,
        positions=positions,
        weights=weights,
        path=path,
        track=track,
        notes=notes,
        velocities=velocities,
        formats=formats,
        takes=round_robin,
        crossfade=crossfade,
        seconds=duration,
        loop=loop,
        sample_rate=rate,
        bits=_bits(bits),
        flac=flac,
        name=name,
        author=author,
        licence=licence,
        seed=seed,
    )
    session, plan = planned(request, checkpoint, device)
    make(session, plan, how)


def _bits(text: str) -> int:
    if text not in ("16", "24"):
        raise UsageError(f"bits {text}; expected one of 16, 24")
    return int(text)
