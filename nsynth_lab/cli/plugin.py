"""`nsynth-lab plugin`: the instrument on a track of a DAW, as VST3, CLAP and LV2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nsynth_lab.cli import console
from nsynth_lab.cli.options import JsonOption
from nsynth_lab.cli.panel import NoBrowserOption, open_browser
from nsynth_lab.errors import UsageError

if TYPE_CHECKING:
    from nsynth_lab.plugin.status import Status

app = typer.Typer(
    no_args_is_help=True,
    help="The instrument as a plugin in a DAW, and an effect that plays what a track sings: VST3, CLAP and LV2.",
    epilog="Plugins of others, which this program loads, are `nsynth-lab plugins`.",
)


@app.command()
def build(
    again: Annotated[bool, typer.Option("--again", help="Also what has been built before.")] = False,
) -> None:
    """Build the plugin, instrument and effect, on this machine: Linux, make, g++; DPF (1.4 MB) is downloaded once.

    Your own presets and those that come with the program become its preset menu: build again when you have new ones.

    **Example**: `nsynth-lab plugin build`
    """
    from nsynth_lab.plugin import build as building

    folder = None if again else building.built()
    if folder is None:
        with console.progress(len(building.STEPS), "steps", "building") as advance:
            folder = building.build(advance=advance)
    console.show(f"built: {folder}")
    console.say("next: nsynth-lab plugin install")


@app.command()
def install() -> None:
    """Put the plugin where DAWs look for it: ~/.vst3, ~/.clap and ~/.lv2.

    The instrument, nsynth-lab, and an effect, nsynth-lab translate: it follows one voice that a track sings or plays,
    and plays it with the preset, later by what it reports to the DAW.

    It starts the engine of this installation of nsynth-lab by itself, and one engine serves all tracks and DAWs. After
    an update of nsynth-lab, build and install again.

    **Example**: `nsynth-lab plugin install`
    """
    from nsynth_lab.plugin.build import built
    from nsynth_lab.plugin.install import install as put

    folder = built()
    if folder is None:
        raise UsageError("the plugin of this version, with your presets, is not built yet: `nsynth-lab plugin build`")
    for path in put(folder):
        console.show(f"installed: {path}")
    console.say("let your DAW look for new plugins: nsynth-lab and, an effect, nsynth-lab translate")


@app.command()
def use(
    preset: Annotated[str, typer.Argument(help="A preset by its name, or a file of one.")],
    track: Annotated[int, typer.Option(min=1, help="Which track, as `nsynth-lab plugin status` counts them.")] = 1,
) -> None:
    """Have a track of the DAW that is open play a preset, such as one that the panel has just saved.

    The project keeps it. Presets of the plugin's own menu are chosen in the DAW.

    **Example**: `nsynth-lab plugin use my-pad.toml --track 2`
    """
    from nsynth_lab.patch.library import read_whole
    from nsynth_lab.plugin.status import place_installed
    from nsynth_lab.plugin.status import use as put_on

    text, patch = read_whole(preset)
    put_on(place_installed(), text, track=track)
    console.show(f"track {track} plays {patch.name}")


@app.command()
def panel(
    track: Annotated[int, typer.Option(min=1, help="Which track, as `nsynth-lab plugin status` counts them.")] = 1,
    no_browser: NoBrowserOption = False,
) -> None:
    """Open the panel on a track that is open in the DAW: what you change there is that track's sound, at once.

    The project keeps it, parameters of the plugin that move are told to the DAW, and Ctrl-Z takes it back. The
    plugin's parameter "Open panel" does the same. The sound goes to the DAW, not to the page.

    **Example**: `nsynth-lab plugin panel --track 2`
    """
    from nsynth_lab.plugin.status import panel_of, place_installed

    address = panel_of(place_installed(), track=track)
    console.show(address)
    if not no_browser:
        open_browser(address)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show what is installed, whether the engine runs and for whom, and what went wrong last.

    **Example**: `nsynth-lab plugin status`
    """
    from nsynth_lab.plugin.status import status as look

    found = look()
    if as_json:
        installed = [
            {"format": one.format, "path": one.path, "version": one.place.version if one.place else None}
            for one in found.installed
        ]
        console.print_json({"built": found.built, "installed": installed, "engine": found.engine, "log": found.log})
        return
    _show(found)


def _show(found: Status) -> None:
    from nsynth_lab.version import __version__

    console.show(f"built: {found.built}" if found.built else "not built in this version: `nsynth-lab plugin build`")
    for one in found.installed:
        if one.place is None:
            said = "not installed"
        elif one.place.version != __version__:
            said = f"version {one.place.version}; this is {__version__}: `nsynth-lab plugin build`, then `install`"
        else:
            said = f"version {one.place.version}, {one.path}"
        console.show(f"{one.format}: {said}")
    if found.engine is None:
        console.show("the engine does not run; the first track with the plugin starts it")
    else:
        console.show(f"the engine runs (process {found.engine.get('process')})")
        for track, name in enumerate(found.engine.get("playing", []), start=1):
            console.show(f"track {track}: {name or 'nothing'}")
        for track, address in enumerate(found.engine.get("panels", []), start=1):
            if address:
                console.show(f"panel of track {track}: {address}")
    for line in found.log:
        console.say(f"log: {line}")
