"""Colours: what the pad sounds like all over, for its colours: a grid of impressions, coarse first, then finer.

A page asks again and again; what is there it is given, and while it asks, more is rendered beside the engine. Nothing
is while many voices sound or the engine is near its deadlines. What has been worked out for a blend is kept.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from nsynth_lab.dsp.impression import Impression
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.latents import Latents
from nsynth_lab.note import Note, note_name
from nsynth_lab.panel.pictures.keys import key_of, mark_of
from nsynth_lab.panel.pictures.renderer import Renderer
from nsynth_lab.panel.pictures.work import Impressions
from nsynth_lab.patch import Blend
from nsynth_lab.patch.place import Place
from nsynth_lab.render.session import Session

FINENESS = {0: (1,), 1: (3, 5, 9, 17, 33), 2: (3, 5, 9, 17)}  # points along a side, by how many ways there are to go
AT_ONCE = 8  # places of a request, so that what is urgent waits for no more
KEPT = 64
WATCHED_SECONDS = 3.0  # since a page has asked last


class Map:
    """Impressions of one blend: those known, and the places still to be heard, in order of need."""

    def __init__(self, blend: Blend, sources: Sequence[Latents]) -> None:
        self.blend, self.sources = blend, sources
        self.ways = 0 if blend.is_weighted else blend.dims
        self.known: dict[Place, Impression] = {}
        self.trouble = ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be heard."""
        return bool(self.trouble) or not self.missing(1)

    def missing(self, most: int) -> list[Place]:
        """The next places to be heard."""
        found: dict[Place, None] = {}
        for side in FINENESS[self.ways]:
            for place in self._places(side):
                if place not in self.known:
                    found[place] = None
                if len(found) == most:
                    return list(found)
        return list(found)

    def shown(self) -> dict[str, Any]:
        """The finest grid that is whole, for pages; rows from top to bottom, each from left to right."""
        sides = [side for side in FINENESS[self.ways] if all(place in self.known for place in self._places(side))]
        heard = [self.known[place] for place in self._places(sides[-1])] if sides else []
        side = sides[-1] if sides else 0
        return {
            "corners": self.blend.corners,
            "note": note_name(self.sources[0].note),
            "columns": side,
            "rows": side if self.ways == 2 else min(side, 1),
            "brightness_hz": [round(one.brightness_hz, 1) for one in heard],
            "noise_db": [round(one.noise_db, 2) for one in heard],
            "attack_ms": [round(1000.0 * one.attack_seconds, 2) for one in heard],
            "complete": self.is_complete,
            "trouble": self.trouble,
        }

    def _places(self, side: int) -> list[Place]:
        """Of a grid, row by row; the tip of a triangle is one place, wherever on its row."""
        steps = [step / max(side - 1, 1) for step in range(side)]
        if self.ways == 0:
            return [()]
        if self.ways == 1:
            return [(x,) for x in steps]
        tip = len(self.blend.corners) == 3
        return [(0.5, y) if tip and y == 1.0 else (x, y) for y in steps for x in steps]


class Colours:
    """`shown(blend)` is the map of a blend as far as it is known, and has more of it rendered.

    `busy()` says whether the engine has enough to do already.
    """

    def __init__(self, session: Session, renderer: Renderer, *, busy: Callable[[], bool]) -> None:
        self._session, self._renderer, self._busy = session, renderer, busy
        self._maps: OrderedDict[Hashable, Map] = OrderedDict()
        self._lock = threading.Lock()
        self._asked: Map | None = None
        self._asked_at = 0.0
        self._rendering = False

    def shown(self, blend: Blend) -> dict[str, Any]:
        """What is known of a blend, as `Map.shown`.

        Raises:
            UsageError, LatentsError: an instrument that cannot be used.
        """
        still = replace(blend, path=(), lfos=())
        sources = self._sources(still.corners)
        still = still if still.is_weighted or not still.dims else still.at((0.5,) * still.dims)
        key = (repr(still), *(mark_of(one) for one in sources))
        with self._lock:
            found = self._maps.pop(key, None) or Map(still, sources)
            self._maps[key] = found
            while len(self._maps) > KEPT:
                self._maps.popitem(last=False)
            self._asked, self._asked_at = found, time.monotonic()
            shown = found.shown()
        self._render_more()
        return shown

    def _sources(self, corners: Sequence[str]) -> list[Latents]:
        """The corners at one note."""
        key = key_of(self._session.bank, corners)
        return [self._session.source(name, Note(key), files=False) for name in corners]

    def _render_more(self) -> None:
        """The next few places of what was asked for last, one request at a time."""
        with self._lock:
            found = self._asked
            watched = time.monotonic() - self._asked_at < WATCHED_SECONDS
            if self._rendering or found is None or found.is_complete or not watched or self._busy():
                return
            places = found.missing(AT_ONCE)
            self._rendering = True
        request = Impressions(found.blend, found.sources, places)
        try:
            self._renderer.ask(request, urgent=False).add_done_callback(lambda done: self._heard(found, places, done))
        except NsynthLabError:  # it has ended, or has too much to do; a page asks again
            self._rendering = False

    def _heard(self, found: Map, places: Sequence[Place], done: Future[list[Impression]]) -> None:
        with self._lock:
            self._rendering = False
            if done.cancelled():
                return
            if (error := done.exception()) is not None:
                found.trouble = " ".join(str(error).split())
                return
            found.known.update(zip(places, done.result(), strict=True))
        self._render_more()
