"""EvolutionDesk: takes what pages ask of an evolution, holds its folder, and has its generations bred as jobs.

One evolution is open at a time. Whatever makes something runs in a job; who is liked, and going back, is written down
here at once. A step that comes while a job is at work ends that job first: what it has made so far stays.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.evolve.folder import EvolutionFolder
from nsynth_lab.evolve.history import FILE, EvolutionError, read_history
from nsynth_lab.evolve.own_preset import check_own, left_out
from nsynth_lab.evolve.record import Record
from nsynth_lab.folders import data_folder, make_folder
from nsynth_lab.model.user_bank import find_user_instrument
from nsynth_lab.naming import checked_name, file_stem
from nsynth_lab.panel.evolution import work
from nsynth_lab.panel.evolution.cards import Card, Cards, read_cards
from nsynth_lab.panel.in_thread import in_thread
from nsynth_lab.panel.jobs.job import FAILED, RUNNING, WAITING
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.jobs.limits import GIB, Limits
from nsynth_lab.panel.messages.evolving import (
    CloseEvolution,
    Evolve,
    LikeMembers,
    NextGeneration,
    RemoveEvolution,
    SaveMember,
    UndoGeneration,
)
from nsynth_lab.panel.messages.shown import Evolution as Shown
from nsynth_lab.panel.messages.shown import Presets, Trouble
from nsynth_lab.panel.own_thread import OwnThread
from nsynth_lab.panel.produce.child import session_arguments
from nsynth_lab.panel.tunes.desk import KIND as TUNE_KIND
from nsynth_lab.patch import format_preset
from nsynth_lab.priority import come_behind
from nsynth_lab.render.evolved.evolution import NUMBERS
from nsynth_lab.render.evolved.makers import SOUND
from nsynth_lab.render.evolved.opening import INSTRUMENTS, TUNES, Wanted
from nsynth_lab.wording import quoted

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument

ROOM = "evolutions"  # below the user's folder
KIND, KEPT_KIND = "evolution", "kept"
LIMITS = Limits(memory_bytes=4 * GIB, processor_seconds=3600, file_bytes=256 << 20)
MOST_NAMES = 100


@dataclass
class _Open:
    """The evolution that is open.

    Attributes:
        folder: its folder.
        held: keeps others out of it.
        record: what has come about; None until there is a first generation.
        job: at work for it; empty if none is.
        awaits: whether that job is to bring a generation that has not come yet.
        cards: of the generations that have been seen, by their numbers.
    """

    folder: EvolutionFolder
    held: ExitStack
    record: Record | None = None
    job: str = ""
    awaits: bool = True
    cards: dict[int, tuple[Card, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.folder.path.name

    def take(self, cards: Cards | None) -> None:
        """Cards that the job has written: with them, the generation that was awaited is in the folder."""
        if cards is None:
            return
        self.cards[cards.generation] = cards.cards
        if self.awaits:
            self.read()

    def read(self) -> None:
        """Read anew what has come about, if anything has: nothing more is awaited."""
        self.awaits = False
        with suppress(EvolutionError):  # of which the job has told
            self.record = Record(self.folder, read_history(self.folder.history))


class EvolutionDesk:
    """Handles the messages of `handlers` and the requests of `routes`; a context manager, within that of its jobs."""

    def __init__(self, instrument: Instrument, jobs: Jobs, *, tune_of: Callable[[str], str]) -> None:
        """See above; `tune_of` gives the ABC of a tune by the name of its job."""
        self._instrument, self._jobs, self._tune_of = instrument, jobs, tune_of
        self._lock = threading.RLock()
        self._open: _Open | None = None
        self._next: Callable[[], None] | None = None  # to be done when the job at work has ended
        self._names: tuple[str, ...] = ()
        self._stack = ExitStack()
        self._thread = OwnThread("evolution", self._run)

    @property
    def handlers(self) -> Mapping[type, Callable[[Any], None]]:
        """What to do with messages, by their types; any thread may."""
        return {
            Evolve: self._evolve,
            LikeMembers: self._like,
            NextGeneration: lambda _: self._go_on(),
            UndoGeneration: lambda _: self._go_back(),
            SaveMember: self._save,
            CloseEvolution: lambda _: self._when_idle(self._close),
            RemoveEvolution: self._remove,
        }

    @property
    def routes(self) -> list[Route]:
        """Where the members are heard."""
        return [Route("/api/evolutions/{name}/{file}", in_thread(self._sound))]

    def shown(self) -> Shown:
        """As pages are told."""
        with self._lock:
            one = self._open
            if one is None:
                return Shown(names=self._names)
            told = Shown(name=one.name, names=self._names, job=one.job, awaits=one.awaits)
            if one.record is None:
                return told
            history = one.record.history
            return replace(
                told,
                what=history.what,
                generation=history.number,
                liked=history.now.liked,
                members={str(number): card.row() for number, card in enumerate(one.cards.get(history.number, ()), 1)},
                settings=history.settings,
                folder=str(one.folder.path),
            )

    def __enter__(self) -> Self:
        self._list()
        self._stack.callback(self._jobs.subscribe(self._thread.wake))
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)
        self._stack.close()
        with self._lock:
            if self._open is not None:
                self._open.held.close()

    # What pages ask for.

    def _evolve(self, message: Evolve) -> None:
        wanted, own = work.wanted_of(message), self._own(message)
        path = self._path_of(message)
        self._when_idle(partial(self._begin, EvolutionFolder(path), wanted, own))

    def _own(self, message: Evolve) -> dict[str, str]:
        """What it begins from, as a job is told; what of a sound cannot be bred is said.

        Raises:
            UsageError: there is no such tune, or the present sound cannot be a first parent.
        """
        if not message.begin:
            return {}
        if message.what == TUNES:
            return {"tune": self._tune_of(message.begin)}
        patch = self._instrument.patch
        check_own(patch)
        if lost := left_out(patch):
            self._instrument.tell(Trouble(f"left out, since evolve does not turn it: {', '.join(lost)}"))
        return {"preset": format_preset(patch)}

    def _path_of(self, message: Evolve) -> Path:
        """The folder of one that is to begin, or that is there.

        Raises:
            UsageError: it is there already, or there is none of that name.
            EvolutionError: the folder that holds all of them cannot be made.
        """
        if message.what:
            self._list()
            name = file_stem(checked_name(message.name), instead="evolution")
            if name in self._names:
                raise UsageError(f"'{name}' has begun already: go on with it, or choose another name")
            return make_folder(_room(), EvolutionError) / name
        return self._folder_of(message.name)

    def _folder_of(self, name: str) -> Path:
        """The folder of one that is there.

        Raises:
            UsageError: there is none of that name.
        """
        self._list()
        if name not in self._names:
            raise UsageError(f"no evolution {quoted(name)}: it has been removed")
        return _room() / name

    def _like(self, message: LikeMembers) -> None:
        with self._lock:
            one, record = self._begun()
            if one.awaits:
                raise UsageError("the next generation is on its way; those before it can be liked no more")
            record.like([int(number) for number in message.members])
        self._thread.wake()

    def _go_on(self) -> None:
        with self._lock:
            one, _ = self._begun()
            if one.awaits:  # asked for twice
                return
            self._when_idle(self._breed)

    def _go_back(self) -> None:
        """To the generation before; where the next one is only on its way, to the present one."""
        with self._lock:
            one, record = self._begun()
            number = record.history.number
            if not one.awaits:
                record.history.undone()  # or it says why not
                number -= 1
            self._when_idle(partial(self._back_to, number))

    def _save(self, message: SaveMember) -> None:
        name = checked_name(message.name)
        with self._lock:
            one, record = self._begun()
            what, generation = record.history.what, record.history.number
            arguments = {
                "path": str(one.folder.path), "session": session_arguments(self._instrument.session),
                "generation": generation, "number": message.member, "name": name,
            }  # fmt: skip
        self._jobs.start(
            TUNE_KIND if what == TUNES else KEPT_KIND,
            name,
            work.KEEP,
            arguments,
            about={"from": KIND, "what": what, "evolution": one.name},
            then=lambda _: self._kept(what, name),
            limits=LIMITS,
            brief=True,
        )

    def _remove(self, message: RemoveEvolution) -> None:
        """Raises: UsageError, EvolutionError: it is open, here or elsewhere, or there is none of that name."""
        with self._lock:
            if self._open is not None and self._open.name == message.name:
                raise UsageError(f"{quoted(message.name)} is open: put it away first")
            folder = EvolutionFolder(self._folder_of(message.name))
            with folder.held():
                is_gone = folder.discard()
            self._list()
        if not is_gone:
            self._instrument.tell(Trouble(f"what else was in {folder.path}, such as saved tunes, is still there"))
        self._thread.wake()

    def _kept(self, what: str, name: str) -> None:
        """A job has kept a member. On a thread of its own."""
        if what == INSTRUMENTS:
            self._instrument.session.add(find_user_instrument(name).bank, stays=True)
        if what != TUNES:
            self._instrument.tell(Presets())

    def _begun(self) -> tuple[_Open, Record]:
        """The evolution that is open, and what has come about. With the lock.

        Raises:
            UsageError: there is none, or its first generation has not come yet.
        """
        if self._open is None:
            raise UsageError("no evolution is open: begin one, or go on with one")
        if self._open.record is None:
            raise UsageError("the first generation is still on its way")
        return self._open, self._open.record

    # What is done, when no job is at work.

    def _when_idle(self, action: Callable[[], None]) -> None:
        """Do it at once, or as soon as the job that is at work has ended, instead of what was to be done then."""
        with self._lock:
            if self._open is not None and self._open.job:
                self._next = action
                with suppress(UsageError):  # it has been removed
                    self._jobs.cancel(self._open.job)
            else:
                action()
        self._thread.wake()

    def _begin(self, folder: EvolutionFolder, wanted: Wanted, own: Mapping[str, str]) -> None:
        self._close()
        held = ExitStack()
        held.enter_context(folder.held())
        self._open = _Open(folder, held)
        try:
            self._start(wanted, own=own)
        except NsynthLabError:
            self._close()
            raise

    def _start(
        self, wanted: Wanted, liked: Sequence[int] | None = None, *, own: Mapping[str, str] | None = None
    ) -> None:
        """Have a job open it and make what is missing; first go on, from those that are liked, unless that is None."""
        if (one := self._open) is None:
            return
        arguments = {
            "path": str(one.folder.path), "session": session_arguments(self._instrument.session),
            "wanted": asdict(wanted), "liked": None if liked is None else list(liked), "own": dict(own or {}),
        }  # fmt: skip
        one.job = self._jobs.start(
            KIND, one.name, work.BREED, arguments, about={"evolution": one.name}, limits=LIMITS, brief=True
        )
        one.awaits = one.record is None or liked is not None

    def _breed(self) -> None:
        if self._open is not None and self._open.record is not None:
            self._start(Wanted(), self._open.record.history.now.liked)

    def _back_to(self, number: int) -> None:
        if (one := self._open) is None or one.record is None:
            return
        while one.record.history.number > number:
            one.cards.pop(one.record.history.number, None)
            one.record.undo()
        cards = one.cards.get(number, ())
        if not cards or not all(card.is_made for card in cards):
            self._start(Wanted())

    def _close(self) -> None:
        """Put it away, and a folder in which nothing has begun."""
        if (one := self._open) is None:
            return
        self._open = None
        one.held.close()
        if not one.folder.history.exists():
            with suppress(OSError):  # it holds other things
                one.folder.path.rmdir()
        self._list()

    # What jobs bring.

    def _run(self) -> None:
        """Take what jobs bring and tell pages, on a thread of its own."""
        told = self.shown()
        while self._thread.wait():
            come_behind()
            try:
                with self._lock:
                    self._look()
            except NsynthLabError as error:
                self._instrument.tell(Trouble(str(error)))
            if (shown := self.shown()) != told:
                told = shown
                self._instrument.tell(shown)

    def _look(self) -> None:
        """With the lock."""
        if (one := self._open) is None or not one.job:
            return
        row = self._jobs.rows().get(one.job)
        if row is not None:
            with suppress(UsageError):  # it has been removed
                one.take(read_cards(self._jobs.folder_of(one.job)))
            if row["state"] in (WAITING, RUNNING):
                return
        job, one.job = one.job, ""
        next_one, self._next = self._next, None
        with suppress(UsageError):
            self._jobs.forget(job)
        if one.awaits:
            one.read()
        if row is not None and row["state"] == FAILED:
            self._instrument.tell(Trouble(row["says"]))
        if not one.cards:  # it could not be opened
            self._close()
        self._list()
        if next_one is not None:
            next_one()

    def _list(self) -> None:
        """Look for evolutions among what is the user's own, the newest first."""
        found = list[tuple[float, str]]()
        with suppress(OSError):
            files = [path / FILE for path in _room().iterdir() if not path.is_symlink() and path.name.isprintable()]
            found = [(-file.stat().st_mtime, file.parent.name) for file in files if file.is_file()]
        with self._lock:
            self._names = tuple(name for _, name in sorted(found)[:MOST_NAMES])

    def _sound(self, request: Request) -> Response:
        """A member's sound; the names are compared with what there is, and never used as paths."""
        name, file = (request.path_params[key] for key in ("name", "file"))
        with self._lock:
            one = self._open
        if one is not None and one.record is not None and name == one.name:
            generations = range(1, one.record.history.number + 1)
            files = (one.folder.file(generation, number, SOUND) for generation in generations for number in NUMBERS)
            path = next((path for path in files if path.name == file), None)
            if path is not None and path.is_file() and not path.is_symlink():
                return FileResponse(path, media_type="audio/wav")
        return PlainTextResponse("There is no such sound; its generation may have been undone.\n", 404)


def _room() -> Path:
    return data_folder() / ROOM
