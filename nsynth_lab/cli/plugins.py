"""`nsynth-lab plugins`: find third-party VST3 plugins, and see what they can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import JsonOption, PluginName, PluginSetOption, StateOption
from nsynth_lab.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    help="Find third-party VST3 plugins, and see what they can do.",
    epilog='In a preset: `[[effects]]` or, for an instrument beside the blend, `[[layers]]`, and `plugin = "NAME"`. An '
    "instrument becomes a source with `nsynth-lab capture`.",
)


@app.command("scan")
def scan_plugins(
    places: Annotated[
        list[Path] | None, typer.Argument(help="Folders or .vst3 files; this system's plugin folders if not given.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds that one plugin may take.")] = 30.0,
    again: Annotated[bool, typer.Option("--again", help="Also what has been looked at before.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at each plugin once, in a process of its own: one that crashes or hangs is named and left out.

    Presets name plugins, not files: only what was scanned is ever loaded.

    **Examples**

        nsynth-lab plugins scan

        nsynth-lab plugins scan ~/my-plugins --timeout 120
    """
    from nsynth_lab.effects import plugin_files, scan

    files = plugin_files(places or ())
    if not files:
        raise UsageError("no .vst3 file was found; name the folder that holds your plugins")
    with console.progress(len(files), "files", "scanning") as advance:
        found = scan(files, timeout_seconds=timeout, again=again, progress=lambda _: advance())
    if as_json:
        console.print_json(
            [{"name": one.name, "path": one.path, "kind": one.kind, "error": one.error} for one in found]
        )
        return
    for one in found:
        if one.error:
            console.say(f"left out: {one.name} ({one.path}): {one.error}")
    working = [one for one in found if not one.error]
    instruments = sum(one.kind == "instrument" for one in working)
    console.show(
        f"{len(working)} plugins work ({instruments} of them instruments), {len(found) - len(working)} are left out"
    )


@app.command("list")
def list_plugins(as_json: JsonOption = False) -> None:
    """List the plugins that have been scanned.

    **Example**: `nsynth-lab plugins list`
    """
    from nsynth_lab.effects import scanned_plugins

    found = scanned_plugins()
    if as_json:
        console.print_json([{**one.to_dict(), "parameters": [row.name for row in one.parameters]} for one in found])
        return
    if not found:
        console.say("no plugin has been scanned yet: `nsynth-lab plugins scan`")
    from rich.table import Table

    table = Table("plugin", "kind", "maker", "channels", "latency", "parameters", "file", box=None, header_style="bold")
    for one in found:
        if one.error:
            table.add_row(one.name, "left out", one.error, "", "", "", one.path)
        else:
            late, channels = f"{one.latency_samples} samples", "mono" if one.channels == 1 else "stereo"
            table.add_row(one.name, one.kind, one.maker, channels, late, str(len(one.parameters)), one.path)
    console.show(table)


@app.command()
def state(
    name: PluginName,
    settings: PluginSetOption = None,
    state_file: StateOption = None,
) -> None:
    """Print a plugin's whole state as one line, to go into a preset as `state = "..."`.

    For what a plugin has beyond its parameters: samples, curves, programs that its own window or a .vstpreset has set.

    **Example**: `nsynth-lab plugins state ZamDelay --state dub.vstpreset`
    """
    from nsynth_lab.cli.options import parse_settings
    from nsynth_lab.effects import packed_state

    console.show(packed_state(name, settings=parse_settings(settings), preset=state_file))


@app.command()
def show(
    name: PluginName,
    as_json: JsonOption = False,
) -> None:
    """Show what a plugin's parameters are called in a preset, with their ranges and where they stand.

    **Example**: `nsynth-lab plugins show ZamDelay`
    """
    from nsynth_lab.effects import find_plugin, plugin_files, scan

    if name.lower().endswith(".vst3"):
        found = scan(plugin_files([name]))
        info = next((one for one in found if not one.error), found[0])
        info = info if info.error else find_plugin(info.name)
    else:
        info = find_plugin(name)
    if info.error:
        from nsynth_lab.errors import PluginError

        raise PluginError(f"{info.name}: {info.error}")
    if as_json:
        console.print_json(info.to_dict())
        return
    console.show(f"{info.name} {info.version} by {info.maker or 'unknown'}: {info.kind}, {info.category}")
    from rich.table import Table

    table = Table("parameter", "range; default", box=None, header_style="bold")
    for one in info.parameters:
        table.add_row(one.name, one.describe())
    console.show(table)
