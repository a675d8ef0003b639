"""Desk: takes what pages ask to be made, and has it made as jobs."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.jobs.uploads import receive
from nsynth_lab.panel.messages.producing import Cancel, Forget, Pack, Record
from nsynth_lab.panel.produce import packs, songs
from nsynth_lab.panel.produce.child import patch_arguments, session_arguments, write_guests
from nsynth_lab.panel.produce.takes import Takes
from nsynth_lab.patch import Patch

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument


class Desk:
    """Handles the messages of `handlers` and the requests of `routes`; leaving it ends the take that goes on.

    A context manager, within that of its jobs.
    """

    def __init__(self, instrument: Instrument, jobs: Jobs) -> None:
        self._instrument, self._jobs = instrument, jobs
        self._takes = Takes(instrument, jobs)

    @property
    def handlers(self) -> Mapping[type, Callable[[Any], None]]:
        """What to do with messages, by their types; any thread may."""
        return {
            Cancel: lambda message: self._jobs.cancel(message.job),
            Forget: lambda message: self._jobs.forget(message.job),
            Record: self._record,
            Pack: self._pack,
        }

    @property
    def routes(self) -> list[Route]:
        """Where files are sent."""
        return [Route("/api/songs", self._song, methods=["POST"])]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._takes.close()

    def _record(self, message: Record) -> None:
        if message.on:
            self._takes.start(ending=message.format)
        else:
            self._takes.stop()

    def _pack(self, message: Pack) -> None:
        """An estimate takes the place of the one before; a pack, of its own."""
        session, patch = self._instrument.session, self._instrument.patch
        request = packs.request_of(patch, message, seed=session.seed)
        for name, row in self._jobs.rows().items():
            if row["kind"] == packs.ESTIMATE_KIND:
                with suppress(NsynthLabError):  # another page has removed it
                    self._jobs.forget(name)
        kind, work = (packs.ESTIMATE_KIND, packs.ESTIMATE_WORK) if message.dry_run else (packs.KIND, packs.WORK)
        arguments = {"recipe": request.to_dict()}
        self.start(kind, request.name, work, arguments, patch, about=packs.about(request, message))

    async def _song(self, request: Request) -> Response:
        """A MIDI file is rendered with the sound as it is now; the answer names the job."""
        try:
            asked = songs.arguments_of(request.query_params)
            path = await receive(request, self._jobs.folder, most_bytes=songs.MOST_BYTES, suffixes=songs.SUFFIXES)
            job = await asyncio.to_thread(self.render, path, asked)
        except NsynthLabError as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse({"job": job})

    def render(self, path: Path, asked: Mapping[str, Any], *, about: Mapping[str, Any] | None = None) -> str:
        """Render a song with the sound as it is now, as a job whose name is returned; the file is the job's.

        `asked` is as `songs.arguments_of` has it; `about` what pages are told of it besides.
        """
        try:
            patch = self._instrument.patch
            known = {"sound": patch.name, "format": asked["ending"], **(about or {})}
            arguments = {**asked, "sound": patch_arguments(patch)}
            return self.start(
                songs.KIND, str(asked["title"]), songs.WORK, arguments, patch, about=known, files={"song": path}
            )
        finally:
            path.unlink(missing_ok=True)

    def start(
        self,
        kind: str,
        title: str,
        work: str,
        arguments: Mapping[str, Any],
        patch: Patch,
        *,
        about: Mapping[str, Any],
        files: Mapping[str, Path] | None = None,
    ) -> str:
        """Start a job with a session of its own, which knows the players' recordings in the patch; returns its name.

        The rest is as in `Jobs.start`.
        """
        session = self._instrument.session
        guests = write_guests(session, patch.blend.corners, self._jobs.folder / secrets.token_hex(8))
        try:
            return self._jobs.start(
                kind,
                title,
                work,
                {**arguments, "session": session_arguments(session)},
                about=about,
                brief=kind == packs.ESTIMATE_KIND,
                files={"guests": guests, **(files or {})},
            )
        finally:
            shutil.rmtree(guests, ignore_errors=True)
