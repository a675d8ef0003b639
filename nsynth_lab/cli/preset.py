"""`nsynth-lab preset`: list, inspect, check, make and hear presets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import CheckpointOption, DeviceOption, ForceOption, JsonOption, SeedOption
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.patch import Patch

app = typer.Typer(
    no_args_is_help=True,
    help="List, inspect, check, make and hear presets: patches kept in TOML files, to read and write by hand.",
    epilog="Play one: `nsynth-lab blend --preset NAME -o note.wav`. All keys: `presets/README.md`.",
)
Names = Annotated[list[str] | None, typer.Argument(help="Presets by name, or .toml files; all if not given.")]


@app.command("list")
def list_presets(
    tag: Annotated[str, typer.Option(help="Only those with this tag: pad, bass, bell, ...")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the presets there are: the factory's, and your own.

    **Example**: `nsynth-lab preset list --tag pad`
    """
    from nsynth_lab.patch.library import presets

    found = presets()
    for entry in found:
        if entry.patch is None:
            console.say(f"left out: {entry.error}")
    kept = [(entry, entry.patch) for entry in found if entry.patch is not None and (not tag or tag in entry.patch.tags)]
    if as_json:
        console.print_json(
            [{"key": entry.key, "file": entry.path, **_summary(patch)} for entry, patch in kept]
        )  # fmt: skip
        return
    from rich.table import Table

    table = Table("preset", "name", "corners", "tags", "what", box=None, header_style="bold")
    for entry, patch in kept:
        table.add_row(entry.key, patch.name, " + ".join(patch.blend.corners), ", ".join(patch.tags), patch.description)
    console.show(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="A preset, or a .toml file.")], as_json: JsonOption = False) -> None:
    """Show a preset: its file as it stands, and every parameter that a knob or a controller can move.

    **Example**: `nsynth-lab preset show glass-cello`
    """
    from nsynth_lab.patch import format_preset, targets
    from nsynth_lab.patch.library import find_preset

    patch = find_preset(name)
    movable = targets(patch)
    if as_json:
        rows = [
            {"target": one.name, "value": one.value, "low": one.rule.low, "high": one.rule.high, "unit": one.rule.unit}
            for one in movable.values()
        ]
        console.print_json({**_summary(patch), "preset": format_preset(patch), "targets": rows})
        return
    console.show(format_preset(patch))
    from rich.table import Table

    table = Table("can be moved", "stands at", "range", box=None, header_style="bold")
    for one in movable.values():
        table.add_row(one.name, f"{one.value:g}", one.rule.span())
    console.show(table)


@app.command()
def check(
    names: Names = None,
    level: Annotated[bool, typer.Option("--level", help="Also play each and measure how loud it is.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="With --level: write the right level into the files.")] = False,
    device: DeviceOption = "auto",
    checkpoint: CheckpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check presets: the files, their instruments, their effects and plugins; with --level also their loudness.

    Ends with 1 where one is wrong. After a new checkpoint, `--level --fix` makes all equally loud again.

    **Examples**

        nsynth-lab preset check

        nsynth-lab preset check my-pad.toml --level --fix
    """
    from nsynth_lab.render import Session
    from nsynth_lab.render.check_preset import check_preset, fix_level

    if fix and not level:
        raise UsageError("--fix goes with --level")
    session = Session(checkpoint, device=device)
    chosen = _files(names)
    rows: list[dict[str, Any]] = []
    with console.progress(len(chosen), "presets", "checking") as advance:
        for path in chosen:
            found = check_preset(path, session, level=level)
            rows.append(fix_level(path, found) if fix and found.get("level_ok") is False else found)
            advance()
    if as_json:
        console.print_json(rows)
    else:
        _show_checks(rows, level=level)
    if any(row["error"] or row.get("level_ok") is False for row in rows):
        raise typer.Exit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What it is to be called.")],
    corners: Annotated[list[str], typer.Argument(help="Two to four instruments.", metavar="A B [C [D]]")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; if not given, among your own presets.")
    ] = None,
    checkpoint: CheckpointOption = None,
    force: ForceOption = False,
) -> None:
    """Write a preset to begin from: a blend with a reverb, a macro, and the modulation wheel on it.

    **Example**: `nsynth-lab preset new "Glass Cello" glockenspiel cello -o glass-cello.toml`
    """
    from nsynth_lab.patch import Blend, Macro, Move, Patch, Route, Slot
    from nsynth_lab.render import Session

    bank = Session(checkpoint).bank
    patch = Patch(
        name=name,
        blend=Blend(corners=tuple(bank.find(corner).instrument.name for corner in corners)),
        effects=(Slot("reverb"),),
        macros=(Macro("Morph", 0.5, (Move("blend.position", 0.0, 1.0),)),),
        midi=(Route(1, "macros.Morph"),),
    )
    console.show(str(_write_new(patch, output, force=force)))


@app.command()
def random(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write, or with --count a folder; else your own presets."),
    ] = None,
    seed: SeedOption = 0,
    count: Annotated[int, typer.Option(min=1, max=1000, help="So many, of seeds that follow each other.")] = 1,
    device: DeviceOption = "auto",
    checkpoint: CheckpointOption = None,
    force: ForceOption = False,
) -> None:
    """Make presets by chance, each playable and at the right level; the same seed always makes the same.

    **Example**: `nsynth-lab preset random --seed 7 -o surprise.toml`
    """
    from dataclasses import replace

    from nsynth_lab.patch.chance import random_patch
    from nsynth_lab.render import Session
    from nsynth_lab.render.levelling import measure_level

    session = Session(checkpoint, device=device)
    ranges = session.ranges()
    with console.progress(count, "presets", "making") as advance:
        for number in range(seed, seed + count):
            patch = random_patch(ranges, seed=number)
            patch = replace(patch, level_db=measure_level(session, patch).wanted_db)
            place = output / f"{_slug(patch.name)}.toml" if output is not None and count > 1 else output
            console.show(str(_write_new(patch, place, force=force)))
            advance()


@app.command()
def render(
    names: Names = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the page and its sounds.")] = Path(
        "presets-heard"
    ),
    device: DeviceOption = "auto",
    checkpoint: CheckpointOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Play each preset through a short phrase, and make one page to listen to them, with spectrograms.

    **Example**: `nsynth-lab preset render -o presets-heard`
    """
    from nsynth_lab.patch import read_preset
    from nsynth_lab.render import Session
    from nsynth_lab.render.gallery import PAGE, check_gallery, write_gallery

    check_gallery(output, force=force)
    chosen = [(path.stem, read_preset(path)) for path in _files(names)]
    session = Session(checkpoint, device=device, seed=seed)
    with console.progress(len(chosen), "presets", "playing") as advance:
        heard = write_gallery(session, chosen, output, advance=advance)
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


def _summary(patch: Patch) -> dict[str, Any]:
    return {
        "name": patch.name,
        "corners": patch.blend.corners,
        "tags": patch.tags,
        "author": patch.author,
        "description": patch.description,
        "effects": [slot.label for slot in patch.effects],
        "macros": [macro.name for macro in patch.macros],
        "level_db": patch.level_db,
    }


def _files(names: list[str] | None) -> list[Path]:
    from nsynth_lab.patch.library import preset_file, preset_files

    return [preset_file(name) for name in names] if names else preset_files()


def _show_checks(rows: list[dict[str, Any]], *, level: bool) -> None:
    from rich.table import Table

    columns = ("preset", "found", *(("LUFS", "peak dBFS", "level dB") if level else ()))
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        figures = [f"{row[key]:.2f}" if key in row else "" for key in ("lufs", "peak_db", "level_db")] if level else []
        table.add_row(row["preset"], row["error"] or row.get("note", "") or "right", *figures)
    console.show(table)


def _write_new(patch: Patch, output: Path | None, *, force: bool) -> Path:
    from nsynth_lab.patch import write_preset
    from nsynth_lab.patch.library import data_folder

    if output is None:
        folder = data_folder() / "presets"
        output = folder / f"{_slug(patch.name)}.toml"
        folder.mkdir(parents=True, exist_ok=True)
    if output.suffix != ".toml":
        raise UsageError(f"{output}: unknown ending '{output.suffix}'; presets are .toml files")
    return write_preset(output, patch, force=force)


def _slug(name: str) -> str:
    """A file name that any system takes."""
    import re

    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "preset"
