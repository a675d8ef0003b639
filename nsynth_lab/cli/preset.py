"""`nsynth-lab preset`: list, inspect, check, make and hear presets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsynth_lab.cli import completions, console, preset_making, preset_own
from nsynth_lab.cli.options import CheckpointOption, ComputeOption, JsonOption, PresetName, PresetNames, preset_paths
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.patch import Patch

app = typer.Typer(
    no_args_is_help=True,
    help="List, inspect, check, make, change and hear presets: patches kept in TOML files, to read and write by hand.",
    epilog="Play one: `nsynth-lab blend --preset NAME -o note.wav`. All keys: `nsynth-lab preset keys`.",
)


@app.command("list")
def list_presets(
    tag: Annotated[
        str, typer.Option(help="Only those with this tag: pad, bass, bell, ...", autocompletion=completions.tags)
    ] = "",
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
def show(
    name: PresetName,
    as_json: JsonOption = False,
) -> None:
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
    names: PresetNames = None,
    level: Annotated[bool, typer.Option("--level", help="Also play each and measure how loud it is.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="With --level: write the right level into the files.")] = False,
    device: ComputeOption = "cpu",
    checkpoint: CheckpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check presets: the files, their instruments, their effects and plugins; with --level also their loudness.

    Ends with 1 where one is wrong. After a new checkpoint, `--level --fix` makes all equally loud again.

    **Examples**

        nsynth-lab preset check

        nsynth-lab preset check my-pad.toml --level --fix
    """
    if fix and not level:
        raise UsageError("--fix goes with --level")
    chosen = preset_paths(names)

    from nsynth_lab.render import Session
    from nsynth_lab.render.check_preset import check_preset, fix_level

    session = Session(checkpoint, device=device, progress=console.progress)
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
def keys() -> None:
    """Explain the files of presets: an example, and all keys with their ranges and defaults, as Markdown.

    **Example**: `nsynth-lab preset keys`
    """
    from nsynth_lab.resources import factory_presets

    console.show((factory_presets() / "README.md").read_text(encoding="utf-8"))


app.command()(preset_own.copy)
app.command()(preset_own.remove)
app.command()(preset_own.edit)
app.command()(preset_making.new)
app.command()(preset_making.random)
app.command()(preset_making.render)


def _summary(patch: Patch) -> dict[str, Any]:
    return {
        "name": patch.name,
        "corners": patch.blend.corners,
        "tags": patch.tags,
        "author": patch.author,
        "description": patch.description,
        "layers": [layer.label for layer in patch.layers],
        "effects": [slot.label for slot in patch.effects],
        "macros": [macro.name for macro in patch.macros],
        "level_db": patch.level_db,
    }


def _show_checks(rows: list[dict[str, Any]], *, level: bool) -> None:
    from rich.table import Table

    columns = ("preset", "found", *(("LUFS", "peak dBFS", "level dB") if level else ()))
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        figures = [f"{row[key]:.2f}" if key in row else "" for key in ("lufs", "peak_db", "level_db")] if level else []
        table.add_row(row["preset"], row["error"] or row.get("note", "") or "right", *figures)
    console.show(table)
