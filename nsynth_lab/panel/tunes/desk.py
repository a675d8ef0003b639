"""TuneDesk: takes what pages ask of tunes: jobs that read, compose and lay out, and the player of what these leave."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.jobs.limits import GIB, Limits
from nsynth_lab.panel.jobs.uploads import NAME, receive
from nsynth_lab.panel.messages.shown import Playing
from nsynth_lab.panel.messages.tunes import (
    Compose,
    DrawLoop,
    Palette,
    PlayTune,
    RenderTune,
    StopTune,
    TunePlace,
    TuneWay,
)
from nsynth_lab.panel.own_thread import OwnThread
from nsynth_lab.panel.produce.songs import arguments_of, title_of
from nsynth_lab.panel.tunes import work
from nsynth_lab.panel.tunes.pieces import PALETTE, palette_pieces, tune_piece
from nsynth_lab.panel.tunes.tune_player import TunePlayer
from nsynth_lab.priority import come_behind
from nsynth_lab.wording import quoted

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument
    from nsynth_lab.panel.produce.desk import Desk

KIND, PALETTE_KIND = "tune", "palette"
SUFFIXES = (".abc", ".mid", ".midi", ".musicxml", ".xml", ".mxl")
MOST_BYTES = 8 << 20
LONGEST_ABC = 400_000  # bytes of a tune that is given on to another job
TELL_SECONDS = 0.1
LIMITS = Limits(memory_bytes=2 * GIB, processor_seconds=300, file_bytes=64 << 20)


class TuneDesk:
    """Handles the messages of `handlers` and the requests of `routes`; a context manager, within that of its jobs."""

    def __init__(self, instrument: Instrument, jobs: Jobs, desk: Desk) -> None:
        self._instrument, self._jobs, self._desk = instrument, jobs, desk
        self.player = TunePlayer(instrument)
        self._thread = OwnThread("tunes", self._tell)

    @property
    def handlers(self) -> Mapping[type, Callable[[Any], None]]:
        """What to do with messages, by their types; any thread may."""
        return {
            Compose: self._compose,
            DrawLoop: self._draw,
            Palette: self._lay_out,
            PlayTune: self._play,
            StopTune: lambda _: self.player.stop(),
            TuneWay: self.player.go,
            TunePlace: self.player.move,
            RenderTune: self._render,
        }

    @property
    def routes(self) -> list[Route]:
        """Where files are sent."""
        return [Route("/api/tunes", self._receive, methods=["POST"])]

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)

    async def _receive(self, request: Request) -> Response:
        """A tune that somebody has dropped is read; the answer names the job."""
        title = title_of(request.query_params.get(NAME, ""))
        path = await receive(request, self._jobs.folder, most_bytes=MOST_BYTES, suffixes=SUFFIXES)
        try:
            job = await asyncio.to_thread(
                self._start, KIND, title, work.READ, {"title": title}, {"from": "file"}, {"file": path}
            )
        except NsynthLabError as error:
            raise HTTPException(400, str(error)) from None
        finally:
            path.unlink(missing_ok=True)
        return JSONResponse({"job": job})

    def _compose(self, message: Compose) -> None:
        if message.begin and message.between:
            raise UsageError("a tune either goes on with another, or lies between two")
        if len(message.between) == 1:
            raise UsageError("a tune lies between two others; choose a second one")
        given = [message.begin] if message.begin else list(message.between)
        titles = [self._title(name) for name in given]
        if message.begin:
            title = f"{titles[0]}, continued"
        elif given:
            title = f"Between {titles[0]} and {titles[1]}"
        else:
            work.wish_of(message)
            title = f"Tune {message.seed}"
        arguments = {"asked": asdict(message), "title": title, "given": [self.abc(name) for name in given]}
        self._start(KIND, title, work.COMPOSE, {**arguments, **self._checkpoint}, {"from": "model"})

    def _draw(self, message: DrawLoop) -> None:
        work.wish_of(Compose(metre=message.metre, key=message.key))
        title = f"Loop {message.seed}"
        arguments = {**asdict(message), "title": title, **self._checkpoint}
        self._start(KIND, title, work.DRAW, arguments, {"from": "loops"})

    def _lay_out(self, message: Palette) -> None:
        titles = [self._title(name) for name in message.tunes]
        bars = [int(bar) for bar in (*message.bars, *[1] * len(titles))][: len(titles)]
        given = [self.abc(name) for name in message.tunes]
        arguments = {"given": given, "titles": titles, "bars": bars, **self._checkpoint}
        about = {"tunes": list(message.tunes), "titles": titles}
        self._start(PALETTE_KIND, " · ".join(titles), work.LAY_OUT, arguments, about)

    def _play(self, message: PlayTune) -> None:
        folder = self._done(message.tune)
        if (folder / PALETTE).is_file():
            self.player.play_palette(message.tune, palette_pieces(folder / PALETTE), at_seconds=message.at)
        else:
            self.player.play(message.tune, tune_piece(self._file(message.tune, ".mid")), at_seconds=message.at)

    def _render(self, message: RenderTune) -> None:
        """By the desk that renders songs, from a copy of the tune's MIDI file."""
        path = self._file(message.tune, ".mid")
        title = self._title(message.tune)
        copy = self._jobs.folder / f"{message.tune}-to-render.mid"
        shutil.copyfile(path, copy)
        asked = arguments_of({"name": f"{title}.mid", "format": message.format})
        self._desk.render(copy, asked, about={"tune": message.tune})

    @property
    def _checkpoint(self) -> dict[str, str]:
        return {"checkpoint": str(self._instrument.session.folder)}

    def _start(
        self,
        kind: str,
        title: str,
        done_by: str,
        arguments: Mapping[str, Any],
        about: Mapping[str, Any],
        files: Mapping[str, Path] | None = None,
    ) -> str:
        return self._jobs.start(
            kind, title, done_by, arguments, about=about, files=files, limits=LIMITS, brief=True
        )  # fmt: skip

    def _done(self, name: str) -> Path:
        """The folder of a tune or palette that is there.

        Raises:
            UsageError: there is none of that name, or it is not ready.
        """
        row = self._jobs.rows().get(name)
        if row is None or row["kind"] not in (KIND, PALETTE_KIND):
            raise UsageError(f"no tune {quoted(name)}: it has been removed")
        if row["state"] != "done":
            raise UsageError(f"“{row['title']}” is not ready")
        return self._jobs.folder_of(name)

    def _file(self, name: str, suffix: str) -> Path:
        found = next((path for path in sorted(self._done(name).iterdir()) if path.suffix == suffix), None)
        if found is None or found.is_symlink() or not found.is_file():
            raise UsageError(f"“{self._title(name)}” is no tune")
        return found

    def _title(self, name: str) -> str:
        row = self._jobs.rows().get(name, {})
        return str(row.get("result", {}).get("title") or row.get("title", ""))[:60]

    def abc(self, name: str) -> str:
        """The ABC of a tune by the name of its job.

        Raises:
            UsageError: there is none, or it is too long.
        """
        path = self._file(name, ".abc")
        if path.stat().st_size > LONGEST_ABC:
            raise UsageError(f"“{self._title(name)}” is too long to go on with")
        return path.read_text(encoding="utf-8")

    def _tell(self) -> None:
        """Tell pages what plays, on a thread of its own."""
        told = Playing()
        while self._thread.wait(TELL_SECONDS):
            come_behind()
            if (playing := self.player.playing()) != told:
                told = playing
                self._instrument.tell(playing)
