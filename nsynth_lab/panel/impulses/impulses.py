"""Impulses: takes the recorded rooms that pages send, and puts a convolution by each at the end of the chain."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nsynth_lab.errors import NsynthLabError, UsageError
from nsynth_lab.naming import file_stem
from nsynth_lab.panel.impulses import work
from nsynth_lab.panel.jobs.jobs import Jobs
from nsynth_lab.panel.jobs.limits import GIB, Limits
from nsynth_lab.panel.jobs.uploads import NAME, receive
from nsynth_lab.panel.produce.songs import title_of
from nsynth_lab.patch import Patch, Slot
from nsynth_lab.patch.own_presets import take_along
from nsynth_lab.patch.slot import IMPULSE_ENDINGS

PATH, KIND, EFFECT = "/api/impulses", "impulse", "convolution"
MOST_BYTES = 16 << 20  # ten seconds in stereo, four times over
MOST_KEPT = 64  # in a session
LONGEST_STEM = 60
LIMITS = Limits(memory_bytes=GIB, processor_seconds=60, file_bytes=16 << 20)


class Revised(Protocol):
    """What the panel's sound is changed by, such as `instrument.Instrument`."""

    def revise(self, change: Callable[[Patch], Patch]) -> None:
        """Change the sound."""


class Impulses:
    """A context manager, within which a folder holds the impulses of this session."""

    def __init__(self, instrument: Revised, jobs: Jobs) -> None:
        self._instrument, self._jobs = instrument, jobs
        self._folder = Path()
        self._stack = ExitStack()

    @property
    def routes(self) -> list[Route]:
        """`POST /api/impulses?name=hall.wav`: the answer names the job."""
        return [Route(PATH, self._receive, methods=["POST"])]

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="nsynth-lab-impulses-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    async def _receive(self, request: Request) -> Response:
        title = title_of(request.query_params.get(NAME, ""), instead="room")
        path = await receive(request, self._jobs.folder, most_bytes=MOST_BYTES, suffixes=IMPULSE_ENDINGS)
        try:
            job = await asyncio.to_thread(self._start, path, title)
        except NsynthLabError as error:
            raise HTTPException(400, str(error)) from None
        finally:
            path.unlink(missing_ok=True)
        return JSONResponse({"job": job})

    def _start(self, path: Path, title: str) -> str:
        """Raises: UsageError: too many are kept already, or too many jobs wait."""
        if len(list(self._folder.iterdir())) >= MOST_KEPT:
            raise UsageError(f"{MOST_KEPT} rooms have been added already; save the preset and begin the panel anew")
        stem = file_stem(title, instead="room")[:LONGEST_STEM]
        into = self._folder / f"{stem}-{secrets.token_hex(4)}.wav"  # so that two of one name stay apart
        return self._jobs.start(
            KIND, title, work.READ, {"title": title, "into": str(into)}, files={"file": path},
            then=partial(self._add, into), limits=LIMITS, brief=True,
        )  # fmt: skip

    def _add(self, impulse: Path, _: dict[str, Any]) -> None:
        """Raises: PatchError: the chain is full, or what it has already cannot be kept beside it."""
        self._instrument.revise(lambda patch: with_impulse(patch, impulse))


def with_impulse(patch: Patch, impulse: Path) -> Patch:
    """The patch with a convolution by a sound file at the end of its chain; its other impulses come to lie beside it.

    Raises:
        PatchError: the chain is full, or they cannot be copied.
    """
    take_along(patch, impulse.parent)
    labels = {slot.label for slot in patch.effects}
    label = next(one for one in (EFFECT, *(f"{EFFECT} {number}" for number in range(2, 1_000))) if one not in labels)
    slot = Slot(EFFECT, label=label, impulse=impulse.name)
    return replace(patch, effects=(*patch.effects, slot), home=impulse.parent)
