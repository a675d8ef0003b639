"""Samples: a short clip of each instrument and each preset, to hear before it is chosen, and its spectrogram, to see.

An instrument is rendered once for both. Pictures are kept, and of the clips those that were heard last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TypeVar

from nsynth_lab.latents import Latents
from nsynth_lab.note import Note
from nsynth_lab.panel.pictures.keys import key_of, mark_of
from nsynth_lab.panel.pictures.renderer import Renderer, Request
from nsynth_lab.panel.pictures.work import Audition, Clip, InstrumentClip
from nsynth_lab.patch import read_preset
from nsynth_lab.patch.library import listed_file
from nsynth_lab.render.session import Session

KEPT_CLIPS = 48

Given = TypeVar("Given")
Made = TypeVar("Made")


class Samples:
    """`instrument(name)` and `preset(key)` give futures of clips; what is asked for to be heard goes first."""

    def __init__(self, session: Session, renderer: Renderer) -> None:
        self._session, self._renderer = session, renderer
        self._pictures: dict[Hashable, bytes] = {}
        self._clips: OrderedDict[Hashable, Clip] = OrderedDict()
        self._lock = threading.Lock()

    def picture(self, name: str) -> Future[bytes]:
        """The spectrogram of an instrument, as `Clip.picture`.

        Raises:
            UsageError, LatentsError, RenderError: it cannot be used.
        """
        found: Future[bytes] = Future()
        note = self._note(name)
        with self._lock:
            known = self._pictures.get(mark_of(note))
        if known is not None:
            found.set_result(known)
            return found
        _then(self._rendered(mark_of(note), InstrumentClip(note), urgent=False), found, lambda clip: clip.picture)
        return found

    def instrument(self, name: str) -> Future[Clip]:
        """A note of an instrument.

        Raises:
            UsageError, LatentsError, RenderError: it cannot be used.
        """
        note = self._note(name)
        return self._rendered(mark_of(note), InstrumentClip(note), urgent=True)

    def preset(self, key: str) -> Future[Clip]:
        """A note of a preset, with its envelope and effects.

        Raises:
            UsageError, PatchError, RenderError: there is none, or it cannot be used.
        """
        path = listed_file(key)
        patch = read_preset(path).with_macros_applied()
        return self._rendered((key, path.stat().st_mtime_ns), Audition(patch), urgent=True)

    def _note(self, name: str) -> Latents:
        return self._session.source(name, Note(key_of(self._session.bank, [name])), files=False)

    def _rendered(self, mark: Hashable, request: Request, *, urgent: bool) -> Future[Clip]:
        found: Future[Clip] = Future()
        with self._lock:
            if (known := self._clips.get(mark)) is not None:
                self._clips.move_to_end(mark)
        if known is not None:
            found.set_result(known)
            return found

        def keep(clip: Clip) -> Clip:
            with self._lock:
                self._clips[mark] = clip
                if clip.picture:
                    self._pictures[mark] = clip.picture
                while len(self._clips) > KEPT_CLIPS:
                    self._clips.popitem(last=False)
            return clip

        _then(self._renderer.ask(request, urgent=urgent), found, keep)
        return found


def _then(given: Future[Given], made: Future[Made], make: Callable[[Given], Made]) -> None:
    """When one future is done, the other is too, unless who asked for it has gone meanwhile."""

    def done(future: Future[Given]) -> None:
        if future.cancelled():
            made.cancel()
            return
        if (error := future.exception()) is not None:
            if made.set_running_or_notify_cancel():
                made.set_exception(error)
            return
        result = make(future.result())  # kept for the next one, even if nobody waits any more
        if made.set_running_or_notify_cancel():
            made.set_result(result)

    given.add_done_callback(done)
