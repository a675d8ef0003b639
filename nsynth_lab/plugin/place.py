"""Place: where the engine is, as an installed plugin finds it: its command and its socket, in a file beside the plugin.

One engine serves all hosts of a user. Its socket lies in a folder that belongs to the user alone.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.errors import PluginError
from nsynth_lab.folders import HOME, data_folder, make_folder
from nsynth_lab.version import __version__

USUAL_PRESET = "glass-cello"
LINGER_SECONDS = 10.0
ENDING = ".engine"
LIBRARIES = ("LD_LIBRARY_PATH", "LD_PRELOAD")  # hosts that bring their own set these


@dataclass(frozen=True)
class Place:
    """Where an engine is.

    Attributes:
        socket: it listens there.
        log: what went wrong, a line each.
        command: starts it.
        version: of nsynth_lab that the plugin was built from.
    """

    socket: Path
    log: Path
    command: tuple[str, ...]
    version: str

    def text(self) -> str:
        """As it stands in the file: lines of `word=value`, which the shell reads."""
        lines = [f"version={self.version}", f"socket={self.socket}", f"log={self.log}"]
        return "\n".join([*lines, *(f"command={word}" for word in self.command), ""])


def check_system() -> None:
    """Raise where the plugin does not work.

    Raises:
        PluginError: this is not Linux.
    """
    if sys.platform != "linux":
        raise PluginError("the plugin works on Linux so far; here the panel, sample packs and MIDI files go into a DAW")


def our_place(*, linger_seconds: float = LINGER_SECONDS) -> Place:
    """The place of this program's own engine; its folders are made.

    Raises:
        PluginError: they cannot be made, the socket's folder is somebody else's, or this is not Linux.
    """
    check_system()
    log = make_folder(data_folder() / "plugin", PluginError).resolve() / "engine.log"
    which = hashlib.sha256(f"{sys.executable}\n{log}".encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()).resolve() / f"nsynth-lab-{os.getuid()}"
    check_socket_folder(folder)
    socket = folder / f"{which}.socket"
    program = [sys.executable, "-P", "-E", "-m", "nsynth_lab.plugin", str(socket), str(log), f"{linger_seconds:g}"]
    return Place(socket, log, (*_environment(), *program), __version__)


def read_place(path: Path) -> Place | None:
    """What stands in such a file; None if it is not there or says nothing."""
    try:
        pairs = [line.partition("=")[::2] for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return None
    words = dict(pairs)
    command = tuple(value for word, value in pairs if word == "command")
    if not {"socket", "log", "version"} <= words.keys() or not command:
        return None
    return Place(Path(words["socket"]), Path(words["log"]), command, words["version"])


def check_socket_folder(folder: Path) -> None:
    """Make it, where it is not there (any more); it must belong to the user alone.

    Raises:
        PluginError: it cannot be made, or others may use it.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise PluginError(f"{folder}: cannot be made ({error.strerror}); it is for the engine's socket") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PluginError(f"{folder}: expected a folder that is yours alone, for the engine's socket; remove it")


def _environment() -> list[str]:
    """The words that give a program this one's environment, where a host has libraries of its own."""
    words = []
    for name in (HOME, *LIBRARIES):
        value = os.environ.get(name)
        words += [f"{name}={os.path.abspath(value) if name == HOME else value}"] if value else ["-u", name]
    return ["/usr/bin/env", *sorted(words, key=lambda word: "=" in word)] if words else []
