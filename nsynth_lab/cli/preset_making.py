"""`nsynth-lab preset new`, `random` and `render`: presets made, and heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import completions, console, recipes
from nsynth_lab.cli.options import (
    BitsOption,
    ChannelsOption,
    CheckpointOption,
    ComputeOption,
    ForceOption,
    JsonOption,
    PathOption,
    PositionOption,
    PresetNames,
    RateOption,
    SeedOption,
    WeightsOption,
    preset_paths,
)
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.patch import Patch


def new(
    name: Annotated[str, typer.Argument(help="What it is to be called.")],
    corners: Annotated[
        list[str],
        typer.Argument(help="One to eight instruments.", metavar="A [B ...]", autocompletion=completions.instruments),
    ],
    position: PositionOption = None,
    weights: WeightsOption = None,
    path: PathOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it; if not given, among your own presets.")
    ] = None,
    checkpoint: CheckpointOption = None,
    force: ForceOption = False,
) -> None:
    """Write a preset to begin from: a blend with a reverb, a macro that moves it, and the modulation wheel on that.

    **Example**: `nsynth-lab preset new "Glass Cello" glockenspiel cello -o glass-cello.toml`
    """
    from nsynth_lab.naming import checked_name
    from nsynth_lab.patch.sources import blend_of, patch_to_begin_from
    from nsynth_lab.render.output_paths import check_sources

    _check_ending(output)
    blend = blend_of(corners, position=position, weights=weights, interpolation=path or "linear")
    check_sources(corners, checkpoint)

    from nsynth_lab.render import Session

    bank = Session(checkpoint).bank
    blend = replace(blend, corners=tuple(bank.find(corner).instrument.name for corner in corners))
    patch = patch_to_begin_from(checked_name(name), blend)
    console.show(str(_write_new(patch, output, force=force)))


def random(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write it, with --count a folder; else your own presets."),
    ] = None,
    seed: SeedOption = 0,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many, with consecutive seeds.")] = 1,
    device: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    force: ForceOption = False,
) -> None:
    """Make random presets, each playable and at the right level; the same seed always makes the same preset.

    **Example**: `nsynth-lab preset random --seed 7 -o surprise.toml`
    """
    from dataclasses import replace

    if count == 1:
        _check_ending(output)

    from nsynth_lab.patch.chance import random_patch
    from nsynth_lab.patch.library import place_for
    from nsynth_lab.render import Session
    from nsynth_lab.render.levelling import measure_level

    session = Session(checkpoint, device=device, progress=console.progress)
    ranges = session.ranges()
    with console.progress(count, "presets", "making") as advance:
        for number in range(seed, seed + count):
            patch = random_patch(ranges, seed=number)
            patch = replace(patch, level_db=measure_level(session, patch).wanted_db)
            place = place_for(output, patch.name) if output is not None and count > 1 else output
            console.show(str(_write_new(patch, place, force=force)))
            advance()


def render(
    context: typer.Context,
    names: PresetNames = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the page: a folder.")] = Path(
        "presets-heard"
    ),
    rate: RateOption = 48_000,
    bits: BitsOption = "",
    sound_channels: ChannelsOption = "",
    device: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Play each preset through a short phrase, and make one page to listen to them, with spectrograms.

    **Example**: `nsynth-lab preset render -o presets-heard`
    """
    from nsynth_lab.patch import read_preset
    from nsynth_lab.sound_format import SoundFormat

    sound_format = SoundFormat(rate, bits, sound_channels)
    sound_format.check(".flac")
    paths = preset_paths(names)
    chosen = [(path.stem, read_preset(path)) for path in paths]

    from nsynth_lab.render import Session
    from nsynth_lab.render.gallery import PAGE, check_gallery, write_gallery

    check_gallery(output, force=force)
    session = Session(checkpoint, device=device, seed=seed, progress=console.progress)
    with console.progress(len(chosen), "presets", "playing") as advance:
        comments = {
            path.stem: recipes.recipe(context, session, device=session.device, names=[name]).text
            for path, name in zip(paths, names or [path.stem for path in paths], strict=True)
        }
        heard = write_gallery(session, chosen, output, sound_format=sound_format, comments=comments, advance=advance)
    rows = [
        {
            "preset": one.key,
            "file": one.file,
            "lufs": round(one.lufs, 2),
            "peak_db": round(one.peak_db, 2),
            "notes": one.notes,
        }
        for one in heard
    ]
    if as_json:
        console.print_json({"page": output / PAGE, "presets": rows})
        return
    for one in heard:
        said = f"{one.key}: {one.lufs:.2f} LUFS, peak {one.peak_db:.2f} dBFS" if one.file else f"{one.key}: left out"
        console.show("; ".join((said, *one.notes)))
    console.show(str(output / PAGE))


def _write_new(patch: Patch, output: Path | None, *, force: bool) -> Path:
    from nsynth_lab.patch import write_preset
    from nsynth_lab.patch.library import place_for
    from nsynth_lab.patch.own_presets import own_folder

    output = output or place_for(own_folder(), patch.name)
    _check_ending(output)
    return write_preset(output, patch, force=force)


def _check_ending(output: Path | None) -> None:
    if output is not None and output.suffix != ".toml":
        raise UsageError(f"{output}: unknown ending '{output.suffix}'; presets are .toml files")
