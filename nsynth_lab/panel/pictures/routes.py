"""Routes: pictures and clips, for pages.

    /api/colours    what the pad sounds like, as far as it is known, JSON
    /api/picture    ?instrument=NAME: its spectrogram, bytes, see `spectrogram`
    /api/clip       ?instrument=NAME or ?preset=KEY: a note of it, WAV

The colours are asked for again until they are complete, and refined only while they are asked for.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Self

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.panel.in_thread import in_thread
from nsynth_lab.panel.pictures.colours import Colours
from nsynth_lab.panel.pictures.renderer import Renderer
from nsynth_lab.panel.pictures.samples import Samples

if TYPE_CHECKING:
    from types import TracebackType

    from nsynth_lab.panel.instrument import Instrument

MANY_VOICES = 8
LOADED = 0.7  # share of its deadline that a block takes


class Pictures:
    """What is rendered beside an instrument, and the routes to it; a context manager."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._renderer = Renderer(instrument.session.folder)
        self._colours = Colours(instrument.session, self._renderer, busy=self._is_busy)
        self._samples = Samples(instrument.session, self._renderer)
        self.routes = [
            Route("/api/colours", in_thread(self._coloured)),
            Route("/api/picture", self._picture),
            Route("/api/clip", self._clip),
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._renderer.__exit__(kind, error, trace)

    def _is_busy(self) -> bool:
        """Whether many voices sound, or the engine is near its deadlines: the sound goes first."""
        status = self._instrument.output.live.status()
        return status.engine.voices > MANY_VOICES or status.median > LOADED

    def _coloured(self, _: Request) -> Response:
        try:
            return JSONResponse(self._colours.shown(self._instrument.patch.blend))
        except NsynthLabError as error:
            return _refusal(error)

    async def _picture(self, request: Request) -> Response:
        name = request.query_params.get("instrument", "")
        try:
            picture = await asyncio.wrap_future(await asyncio.to_thread(self._samples.picture, name))
        except NsynthLabError as error:
            return _refusal(error)
        return Response(picture, media_type="application/octet-stream")

    async def _clip(self, request: Request) -> Response:
        preset, name = (request.query_params.get(kind, "") for kind in ("preset", "instrument"))
        asked = partial(self._samples.preset, preset) if preset else partial(self._samples.instrument, name)
        try:
            clip = await asyncio.wrap_future(await asyncio.to_thread(asked))
        except NsynthLabError as error:
            return _refusal(error)
        return Response(clip.sound, media_type="audio/wav")


def _refusal(error: NsynthLabError) -> Response:
    return PlainTextResponse(f"{' '.join(str(error).split())}\n", 422)
