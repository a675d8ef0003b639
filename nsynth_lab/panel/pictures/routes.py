"""Routes: pictures and clips, for pages.

    /api/colours    what the pad sounds like, as far as it is known, JSON

It is asked for again until it is complete, and refined only while it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.panel.pictures.colours import Colours
from nsynth_lab.panel.pictures.renderer import Renderer

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
        self.routes = [Route("/api/colours", self._coloured)]

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
            return PlainTextResponse(f"{error}\n", 422)
