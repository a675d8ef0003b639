"""Job: one piece of long work, its state, and the row by which pages show it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nsynth_lab.panel.jobs.limits import Limits

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
LONGEST_LINE = 300
MOST_FILES = 100


@dataclass
class Job:
    """One piece of work. Whoever changes it holds the lock of its `Jobs`.

    Attributes:
        kind: what it is, in a word, such as pack.
        title: what the player calls it.
        work: the function that does it, "module:function".
        arguments: of that function, JSON.
        folder: its own; files at its top can be downloaded, and those below it by their path there.
        about: what a page wants to know of it that has not come from the child.
        then: told the result before the job counts as done.
        limits: what its process may take.
        brief: whether a player waits for it.
        state: waiting, running, done, failed or cancelled.
        done, total: how far it is, in a unit of its own; a total of 0 is unknown.
        says: what it does, or why it failed, in a line.
        result: what the function has returned.
        files: names and bytes of what can be downloaded, once it is over.
        cancelled: whether its end is wanted.
        own: for what the panel does itself and no process: called when its end is wanted, it must not wait.
        is_downloaded: whether somebody has one of its files.
        is_made: whether its process has done its part, so that it can be cancelled no more.
    """

    kind: str
    title: str
    work: str
    arguments: Mapping[str, Any]
    folder: Path
    about: Mapping[str, Any]
    then: Callable[[dict[str, Any]], None] | None
    limits: Limits
    brief: bool = False
    state: str = WAITING
    done: float = 0.0
    total: float = 0.0
    says: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    cancelled: bool = False
    own: Callable[[], None] | None = None
    is_downloaded: bool = False
    is_made: bool = False
    files: tuple[tuple[str, int], ...] = ()
    began: float = 0.0
    seconds: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it neither waits nor runs."""
        return self.state not in (WAITING, RUNNING)

    def begin(self) -> None:
        """It runs from now on."""
        self.state, self.began = RUNNING, time.monotonic()

    def tell(self, done: float, total: float, says: str) -> None:
        """How far it is."""
        self.done, self.total, self.says = done, total, one_line(says)

    def end(self, state: str, says: str = "") -> None:
        """It is over."""
        self.seconds, self.files = self._ran_seconds(), self._files()
        self.state, self.says = state, one_line(says)

    def row(self) -> dict[str, Any]:
        """What pages are told of it."""
        return {
            "kind": self.kind,
            "title": self.title,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "says": self.says,
            "seconds": round(self._ran_seconds(), 2),
            "files": [{"name": name, "bytes": size} for name, size in (self.files if self.is_over else self._files())],
            "about": dict(self.about),
            "result": self.result,
        }

    def _files(self) -> tuple[tuple[str, int], ...]:
        return tuple((path.name, size) for path, size in files_in(self.folder)[:MOST_FILES])

    def _ran_seconds(self) -> float:
        return time.monotonic() - self.began if self.state == RUNNING else self.seconds


def files_in(folder: Path) -> list[tuple[Path, int]]:
    """The files at the top of a folder, by name, with their sizes in bytes; no links, and none that are being written.

    Files that are being written have names that begin with a dot (see `atomic_file`).
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        return [(path, path.stat().st_size) for path in paths if path.is_file() and not path.is_symlink()]
    except OSError:  # it goes just now
        return []


def one_line(text: str) -> str:
    """A text on one line, of a length that can be shown.

    >>> one_line("two" + chr(10) + "lines")
    'two lines'
    """
    return " ".join(text.split())[:LONGEST_LINE]
