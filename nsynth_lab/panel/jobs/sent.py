"""sent: sounds that pages send, each in a folder of its own, where a job works on it."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from starlette.requests import Request

from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.jobs.uploads import NAME, receive
from nsynth_lab.wording import counted


class Begun(Protocol):
    """A sound that a job works on."""

    @property
    def job(self) -> str:
        """The job's name."""

    @property
    def folder(self) -> Path:
        """Where its files go; removed if the job comes to nothing."""


B = TypeVar("B", bound=Begun)
Ready = TypeVar("Ready")


class SentSounds(Generic[B, Ready]):
    """The sounds of one kind in this session, in `_begun` while a job works on them and then in `_ready`, by name.

    Any thread may call it. The files are in the folder of `jobs`, and end with it.

    Args:
        jobs: does the work.
        kind: of the jobs, such as "phrase".
        most: sounds there may be.
        most_at_once: sounds may be worked on.
        works: what the jobs do with them, such as "being encoded".
    """

    def __init__(self, jobs: Jobs, *, kind: str, most: int, most_at_once: int, works: str) -> None:
        self._jobs, self._kind, self._works = jobs, kind, works
        self._most, self._most_at_once = most, most_at_once
        self._lock = threading.RLock()
        self._ready: dict[str, Ready] = {}
        self._begun: dict[str, B] = {}
        self._listeners: list[Callable[[], None]] = []

    def check_room(self) -> None:
        """Whether there is room for one more.

        Raises:
            UsageError: too many are there, or are being worked on.
        """
        with self._lock:
            self._tidy()
            if len(self._begun) >= self._most_at_once:
                raise UsageError(f"{counted(len(self._begun), self._kind)} are {self._works}: wait, or cancel one")
            if len(self._ready) + len(self._begun) >= self._most:
                raise UsageError(f"there is room for {counted(self._most, self._kind)}: remove one first")

    def new_folder(self) -> Path:
        """A folder for a sound that is about to be sent."""
        folder = self._jobs.folder / f"{self._kind}s" / secrets.token_hex(8)
        folder.mkdir(parents=True)
        return folder

    async def receive(
        self, request: Request, begin: Callable[[Path, str], str], *, most_bytes: int, suffixes: Collection[str]
    ) -> str:
        """Take the sound that a request brings, and begin to work on it; nothing is left of one that is refused.

        Args:
            request: see `uploads.receive`.
            begin: called with the file, in a folder of its own, and the client's name for it; returns its name here.
            most_bytes: a file may have.
            suffixes: endings that are taken.

        Raises:
            UsageError: there is no room.
            HTTPException: see `uploads.receive`.
        """
        await asyncio.to_thread(self.check_room)
        folder = await asyncio.to_thread(self.new_folder)
        try:
            sound = await receive(request, folder, most_bytes=most_bytes, suffixes=suffixes)
            return await asyncio.to_thread(begin, sound, request.query_params[NAME])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def subscribe(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Tell of every change from now on; returns what ends it. `tell` comes from any thread and must not wait."""
        self._listeners.append(tell)
        return partial(self._listeners.remove, tell)

    def _tidy(self) -> None:
        """Forget those whose jobs have come to nothing, and the jobs that have done their work."""
        rows = self._jobs.rows()
        over = {job for job, row in rows.items() if row["state"] in ("done", "failed", "cancelled")}
        for name, begun in list(self._begun.items()):
            if begun.job in over or begun.job not in rows:
                del self._begun[name]
                shutil.rmtree(self._folder_of(name, begun), ignore_errors=True)
        for job in over:
            if rows[job]["kind"] == self._kind:
                self._forget_job(job)

    def _folder_of(self, name: str, begun: B) -> Path:
        """What is removed of a sound whose job has come to nothing."""
        del name
        return begun.folder

    def _forget_job(self, job: str) -> None:
        with suppress(NsynthLabError):  # somebody else has
            self._jobs.forget(job)

    def _tell(self) -> None:
        for tell in tuple(self._listeners):
            tell()
