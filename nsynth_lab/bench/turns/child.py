"""One run of a command of one version: wall time, processor time, and the heavy libraries that it imports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.bench import pretended
from nsynth_lab.bench.pretended.sounddevice import FIRST_SOUND
from nsynth_lab.bench.turns.commands import Command, prepare
from nsynth_lab.errors import NsynthLabError

HEAVY = ("torch", "torchaudio", "numba", "numpy", "scipy", "librosa", "matplotlib", "pedalboard", "soundfile", "rich")
DEVICE = Path(pretended.__file__).parent
LIMIT_SECONDS = 600.0
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Run:
    """Seconds of one run: on the clock, and of processor time of the command and all that it started."""

    wall_seconds: float
    cpu_seconds: float


class Version:
    """A checkout that is timed, with a folder to work in and caches of its own.

    Raises:
        NsynthLabError: there is no interpreter in it.
    """

    def __init__(self, name: str, tree: Path, folder: Path) -> None:
        self.name, self.tree, self.folder = name, tree.resolve(), folder / name
        self.python = self.tree / ".venv" / "bin" / "python"
        if not self.python.exists():
            raise NsynthLabError(f"{tree}: no .venv/bin/python; run scripts/setup there")
        self.folder.mkdir(parents=True)
        prepare(self.folder)

    def run(self, command: Command) -> Run:
        """Run the command once.

        Raises:
            NsynthLabError: it ended with another code than expected, or took longer than ten minutes.
        """
        for cache in command.fresh:
            shutil.rmtree(self.folder / cache, ignore_errors=True)
        begun, cpu = time.monotonic(), _cpu_of_children()
        self._call(command)
        ended = time.monotonic()
        if command.to_first_sound:
            ended = float((self.folder / "first").read_text())
        return Run(ended - begun, _cpu_of_children() - cpu)

    def imports(self, command: Command) -> tuple[str, ...]:
        """The heavy libraries that the command imports."""
        said = self._call(command, "-X", "importtime")
        loaded = {line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:")}
        return tuple(name for name in HEAVY if name in loaded)

    def _call(self, command: Command, *options: str) -> str:
        line = [str(self.python), *options, "-m", "nsynth_lab", *command.arguments]
        caches = {"NSYNTH_LAB_HOME": str(self.folder / "own"), "NUMBA_CACHE_DIR": str(self.folder / "compiled")}
        path = {"PYTHONPATH": str(DEVICE), FIRST_SOUND: str(self.folder / "first")}
        try:
            done = subprocess.run(
                line, cwd=self.folder, env={**_surroundings(), **caches, **path}, capture_output=True, text=True,
                stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise NsynthLabError(f"{self.name}: {command.name}: no end after {LIMIT_SECONDS:.0f} s") from error
        if done.returncode != command.exit_code:
            last = done.stderr.strip().splitlines()[-1:]
            raise NsynthLabError(f"{self.name}: {command.name}: ended with code {done.returncode}: {' '.join(last)}")
        return done.stderr


def _surroundings() -> dict[str, str]:
    """The environment, in which Python keeps its bytecode: an installed program has it, and starts a little sooner."""
    return {name: value for name, value in os.environ.items() if name != NO_BYTECODE}


def _cpu_of_children() -> float:
    if sys.platform == "win32":
        return 0.0
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
