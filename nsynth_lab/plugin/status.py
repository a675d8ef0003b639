"""Status: what is installed, whether its engine runs, and what went wrong last."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.errors import PluginError, UsageError
from nsynth_lab.plugin.build import EFFECTS, FORMATS, built
from nsynth_lab.plugin.install import place_of, plugin_folders
from nsynth_lab.plugin.layout import NUMBER
from nsynth_lab.plugin.place import Place, our_place
from nsynth_lab.plugin.socket_frames import Frames

ASK_SECONDS, OPEN_SECONDS = 3.0, 20.0
NO_TRACK = "no track {} plays the plugin; `nsynth-lab plugin status` lists those that do"
LAST_LINES = 5


@dataclass(frozen=True)
class Installed:
    """A plugin in a folder of hosts; `place` is None where there is none of ours."""

    format: str
    path: Path
    place: Place | None


@dataclass(frozen=True)
class Status:
    """All of it.

    Attributes:
        built: the folder with the built plugin of this version, if there is one.
        installed: one for each format.
        engine: as `server.Server.status`; None if none runs.
        log: its last lines.
    """

    built: Path | None
    installed: tuple[Installed, ...]
    engine: dict[str, Any] | None
    log: tuple[str, ...]


def status() -> Status:
    """As it is now."""
    folders = plugin_folders()
    installed = tuple(
        Installed(name, folders[of] / file, place_of(folders[of] / file))
        for name, of, file in (
            *((name, name, file) for name, file in FORMATS.items()),
            *((f"{name} effect", name, file) for name, file in EFFECTS.items()),
        )
    )
    place = place_installed()
    return Status(built(), installed, running(place), tuple(_last_lines(place.log)))


def place_installed() -> Place:
    """Where the engine of the installed plugin is; of this program's own, if none is installed."""
    folders = plugin_folders()
    places = (place_of(folders[name] / file) for name, file in FORMATS.items())
    return next((place for place in places if place is not None), None) or our_place()


def running(place: Place) -> dict[str, Any] | None:
    """What an engine says of itself; None if none runs."""
    heard = _asked(place, "SAY_STATUS", "")
    try:
        found = json.loads(heard) if heard else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def use(place: Place, text: str, *, track: int) -> None:
    """Have a track play the preset of this text; tracks are counted from 1, as `running` lists them.

    Raises:
        UsageError: there is no such track.
    """
    if _asked(place, "SAY_USE", f"{track}\n{text}") != "1":
        raise UsageError(NO_TRACK.format(track))


def panel_of(place: Place, *, track: int) -> str:
    """The address of the panel of a track, which is opened if it is not open yet.

    Raises:
        UsageError: there is no such track.
        PluginError: it cannot be opened; why, in a line.
    """
    try:
        found = json.loads(_asked(place, "SAY_PANEL", str(track), seconds=OPEN_SECONDS))
    except ValueError:
        found = {}
    if problem := found.get("problem"):
        raise PluginError(f"the panel of track {track} cannot be opened: {problem}")
    if not (address := found.get("address")):
        raise UsageError(NO_TRACK.format(track))
    return str(address)


def _asked(place: Place, kind: str, text: str, *, seconds: float = ASK_SECONDS) -> str:
    """The engine's answer; empty if none runs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(str(place.socket))
        except OSError:
            return ""
        frames = Frames(connection)
        frames.say(NUMBER[kind], text)
        heard = frames.hear()
    return heard[1] if heard else ""


def _last_lines(log: Path) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return []
