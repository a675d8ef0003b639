"""The folder of an evolution: which file is which, one run at a time, and what a killed run has left behind.

    evolution.json          what has come about (see `history`): the only file that is read back
    generation-3.png        an overview of the third generation
    generation-3-2.wav      its second member, heard; beside it what makes it again: .mid, .toml or .safetensors

Everything but the first is made from it and can be made again. So it may be missing after a kill, but never stale: what
belongs to a generation is removed before that generation is undone, and before another takes its number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.history import FILE, EvolutionError

MOST_LISTED = 100_000
_MADE = re.compile(r"generation-([1-9]\d{0,3})(-[1-6])?\.[a-z]+\Z")
_LEFT = re.compile(r"\.(generation-[1-9]\d{0,3}(-[1-6])?|evolution)\.\d+\.[a-z]+\Z")


@dataclass(frozen=True)
class EvolutionFolder:
    """A folder of an evolution; it may not exist yet."""

    path: Path

    @property
    def history(self) -> Path:
        """The file of what has come about."""
        return self.path / FILE

    def overview(self, generation: int) -> Path:
        """The picture of a generation."""
        return self.path / f"generation-{generation}.png"

    def file(self, generation: int, number: int, ending: str) -> Path:
        """A file of a member."""
        return self.path / f"generation-{generation}-{number}{ending}"

    def remove(self, generation: int) -> None:
        """Remove the files of a generation, and of any that come after it.

        Raises:
            EvolutionError: one cannot be removed.
        """
        for path in self._listed():
            made = _MADE.match(path.name)
            if made and int(made[1]) >= generation:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise EvolutionError(f"{path}: cannot be removed: {error.strerror}") from error

    def discard(self) -> bool:
        """Remove the evolution for good, and the folder; returns whether nothing else, such as saved tunes, was in it.

        The history goes last: whoever is interrupted finds the evolution still there.

        Raises:
            EvolutionError: something cannot be removed.
        """
        self.remove(1)
        try:
            self.history.unlink(missing_ok=True)
        except OSError as error:
            raise EvolutionError(f"{self.history}: cannot be removed: {error.strerror}") from error
        with suppress(OSError):  # it holds other things
            self.path.rmdir()
        return not self.path.exists()

    def _listed(self) -> list[Path]:
        found = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                found.append(self.path / entry.name)
                if len(found) == MOST_LISTED:
                    raise EvolutionError(f"{self.path}: holds more than {MOST_LISTED} files; begin another folder")
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Makes the folder, keeps other runs out of it, and removes the temporary files of one that was killed.

        A folder that was made here, and in which nothing has begun, is removed again.

        Raises:
            UsageError: it cannot be made, holds other things, or another run works in it.
        """
        is_new = self._make()
        lock = os.open(self.path, os.O_RDONLY) if os.name == "posix" else None
        try:
            if lock is not None:
                _take(lock, self.path)
            for path in self._listed():
                if _LEFT.match(path.name):
                    with suppress(OSError):
                        path.unlink()
            yield
        finally:
            if is_new:
                with suppress(OSError):  # something has begun
                    self.path.rmdir()
            if lock is not None:
                os.close(lock)

    def _make(self) -> bool:
        """Returns whether it was not there before."""
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_dir()):
            raise UsageError(f"{self.path}: is no folder; choose another name")
        if not self.path.exists() and not self.path.parent.is_dir():
            raise UsageError(f"{self.path}: the folder {self.path.parent} does not exist; make it first")
        is_new = not self.path.exists()
        try:
            self.path.mkdir(exist_ok=True)
            if not self.history.exists() and not all(_LEFT.match(path.name) for path in self._listed()):
                raise UsageError(f"{self.path}: holds other things; choose a new or an empty folder")
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be used: {error.strerror}") from error
        return is_new


def _take(lock: int, folder: Path) -> None:
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UsageError(f"{folder}: another nsynth-lab is using it; quit that one first") from error
