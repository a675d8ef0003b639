"""Jobs: starts long work in processes of its own, at most two at once, and says how it goes."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.panel.jobs.folders import own_folder
from nsynth_lab.panel.jobs.job import CANCELLED, DONE, FAILED, WAITING, Job, files_in
from nsynth_lab.panel.jobs.limits import Limits
from nsynth_lab.panel.jobs.process import Process
from nsynth_lab.priority import behind_sound
from nsynth_lab.wording import quoted

AT_ONCE = 2
MOST_KEPT = 64
DEEPEST = 8  # folders below a job's own


class Jobs:
    """All long work of a panel; a context manager, with a folder that is removed at the end.

    Any thread may call it; nothing here waits for the work.

    Attributes:
        folder: of this run of the panel: `folder_of(job)` is below it, and so may be what else is kept so long.
    """

    def __init__(self) -> None:
        self.folder = Path()
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._processes: dict[str, Process] = {}
        self._at_work: set[str] = set()  # those that are removed too, until they have ended
        self._listeners: list[Callable[[], None]] = []
        self._threads: set[threading.Thread] = set()
        self._stack = ExitStack()
        self._is_open = False

    def start(
        self,
        kind: str,
        title: str,
        work: str,
        arguments: Mapping[str, Any],
        *,
        about: Mapping[str, Any] | None = None,
        then: Callable[[dict[str, Any]], None] | None = None,
        limits: Limits | None = None,
        files: Mapping[str, Path] | None = None,
        brief: bool = False,
    ) -> str:
        """Begin a piece of work as soon as there is room for it; returns its name.

        Args:
            kind: what it is, in a word.
            title: what the player calls it.
            work: "module:function" of this package. In a process of its own it is called as
                `function(folder, tell, **arguments)`, where `folder` is its own, and `tell(done, total, says)` tells
                how far it is. It returns a dictionary, its result.
            arguments: of the function; like its result, JSON.
            about: what else pages are told of it.
            then: called with the result, on a thread of its own, before the job counts as done; what it raises as a
                NsynthLabError makes the job fail.
            limits: what the process may take.
            files: become the job's own: each, a file or a folder, is moved into its own one, and is the argument of
                that name.
            brief: whether a player waits for it, and not for long: it goes before others, and beside two of them.

        Raises:
            UsageError: too many wait already.
        """
        with self._lock:
            name, folder = self._new_folder()
            brought = {}
            for argument, path in (files or {}).items():
                brought[argument] = str(path.replace(folder / f".{argument}{path.suffix}"))
            given = {**arguments, **brought}
            self._jobs[name] = Job(kind, title, work, given, folder, about or {}, then, limits or Limits(), brief)
            self._begin_next()
        self._tell()
        return name

    def host(self, kind: str, title: str, *, about: Mapping[str, Any] | None = None, own: Callable[[], None]) -> str:
        """What the panel does itself, shown, ended and removed like a job; whoever does it calls `finish` at its end.

        `own` is called when its end is wanted; it must not wait. The rest is as in `start`.
        """
        with self._lock:
            name, folder = self._new_folder()
            job = Job(kind, title, "", {}, folder, about or {}, None, Limits(), own=own)
            job.begin()
            self._jobs[name] = job
        self._tell()
        return name

    def finish(self, name: str, result: Mapping[str, Any] | None = None, *, failed: str = "") -> None:
        """What `host` has begun is done, with this result; or it has failed, and why."""
        with self._lock:
            job = self._jobs.get(name)
            if job is None:  # it has been removed
                shutil.rmtree(self.folder / name, ignore_errors=True)
                return
            if job.cancelled:
                shutil.rmtree(job.folder, ignore_errors=True)
            job.result = dict(result or {})
            job.end(CANCELLED if job.cancelled else FAILED if failed else DONE, failed)
        self._tell()

    def cancel(self, name: str) -> None:
        """End it, without waiting for its end; what it has made so far is removed. Nothing if it is over.

        Raises:
            UsageError: there is none of that name.
        """
        with self._lock:
            job = self._job(name)
            if job.is_over or job.is_made:
                return
            job.cancelled = True
            if job.own is not None:
                job.own()
            elif (process := self._processes.get(name)) is not None:
                self._in_thread(process.end)
            elif job.state == WAITING:
                job.end(CANCELLED)
        self._tell()

    def forget(self, name: str) -> None:
        """End it, and remove it with all its files.

        Raises:
            UsageError: there is none of that name.
        """
        with self._lock:
            self.cancel(name)
            job = self._jobs.pop(name)
            if job.is_over:
                self._in_thread(partial(shutil.rmtree, job.folder, ignore_errors=True))
        self._tell()

    def rows(self) -> dict[str, dict[str, Any]]:
        """All of them by name, oldest first, as pages are told (see `Job.row`)."""
        with self._lock:
            return {name: job.row() for name, job in self._jobs.items()}

    def folder_of(self, name: str) -> Path:
        """The folder of one of them.

        Raises:
            UsageError: there is none of that name.
        """
        with self._lock:
            return self._job(name).folder

    def note_download(self, name: str) -> None:
        """Somebody has a file of it now."""
        with self._lock:
            if (job := self._jobs.get(name)) is not None:
                job.is_downloaded = True

    def unclaimed(self, kind: str) -> list[Path]:
        """The files of those of a kind that are done and that nobody has downloaded."""
        with self._lock:
            jobs = [
                job for job in self._jobs.values() if (job.kind, job.state, job.is_downloaded) == (kind, DONE, False)
            ]
        return [path for job in jobs for path, _ in files_in(job.folder)]

    def file(self, name: str, file: str) -> Path | None:
        """A file of one of them, by its path below the job's folder; None where there is none.

        The path is compared with what there is, part by part, and never used as one.
        """
        with self._lock:
            job = self._jobs.get(name)
        parts = file.split("/")
        if job is None or len(parts) > DEEPEST:
            return None
        folder = job.folder
        for part in parts[:-1]:
            found = next(
                (one for one in _entries(folder) if one.name == part and one.is_dir(follow_symlinks=False)), None
            )
            if found is None:
                return None
            folder = Path(found.path)
        return next((path for path, _ in files_in(folder) if path.name == parts[-1]), None)

    def subscribe(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Tell of every change from now on; returns what ends it. `tell` comes from any thread and must not wait."""
        with self._lock:
            self._listeners.append(tell)
        return partial(self._unsubscribe, tell)

    def __enter__(self) -> Self:
        self.folder = self._stack.enter_context(own_folder())
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_open = False
            for name in list(self._jobs):
                self.cancel(name)
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        self._stack.close()

    def _begin_next(self) -> None:
        """Begin those that wait, as far as there is room. With the lock."""
        waiting = [(name, job) for name, job in self._jobs.items() if job.state == WAITING]
        for name, job in sorted(waiting, key=lambda one: not one[1].brief) if self._is_open else ():
            if len(self._at_work) < AT_ONCE + job.brief:
                self._at_work.add(name)
                job.begin()
                self._in_thread(partial(self._run, name, job))

    def _run(self, name: str, job: Job) -> None:
        """One job from its beginning to its end, on a thread of its own."""
        state, says, result = DONE, "", {}
        try:
            result = self._worked(name, job)
            with self._lock:
                job.is_made = not job.cancelled
            if job.then is not None and job.is_made:
                job.then(result)
        except NsynthLabError as error:
            state, says = FAILED, str(error)
        except Exception as error:
            state = FAILED
            says = f"unexpected {type(error).__name__}: {error} (a defect of nsynth-lab: please report it)"
        if job.cancelled:
            state, says, result = CANCELLED, "", {}
        if state != DONE or name not in self._jobs:
            shutil.rmtree(job.folder, ignore_errors=True)
        with self._lock:
            self._processes.pop(name, None)
            self._at_work.discard(name)
            job.result = result
            job.end(state, says)
            self._begin_next()
        self._tell()

    def _worked(self, name: str, job: Job) -> dict[str, Any]:
        with self._lock:
            if job.cancelled:
                return {}
            process = self._processes[name] = Process(job.work, job.folder, job.arguments, job.limits)

        def tell(done: float, total: float, says: str) -> None:
            with self._lock:
                job.tell(done, total, says)
            self._tell()

        try:
            with behind_sound():
                return process.result(tell)
        finally:
            process.close()

    def _new_folder(self) -> tuple[str, Path]:
        """Name and folder of a new one. With the lock.

        Raises:
            UsageError: there is no room for it.
        """
        if not self._is_open:
            raise UsageError("the panel is about to end")
        self._make_room()
        name = secrets.token_hex(8)
        folder = self.folder / name
        folder.mkdir()
        return name, folder

    def _make_room(self) -> None:
        """Forget the oldest that is over, if there are as many as are kept. With the lock."""
        if len(self._jobs) < MOST_KEPT:
            return
        oldest = next((name for name, job in self._jobs.items() if job.is_over), None)
        if oldest is None:
            raise UsageError(f"{MOST_KEPT} jobs wait already; cancel some of them")
        self.forget(oldest)

    def _job(self, name: str) -> Job:
        if (job := self._jobs.get(name)) is None:
            raise UsageError(f"no job {quoted(name)}: it has been removed")
        return job

    def _in_thread(self, work: Callable[[], None]) -> None:
        def done() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=done, name="panel job", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for tell in listeners:
            tell()

    def _unsubscribe(self, tell: Callable[[], None]) -> None:
        with self._lock:
            if tell in self._listeners:
                self._listeners.remove(tell)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
