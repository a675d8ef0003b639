"""Engines: builds the engine of a patch beside the one that plays, and lets it take over.

What an engine can be told while it plays (place, envelope) it is told at once. For anything else a new one is built by
the worker; of changes that come faster than engines are built, only the newest gets one. What cannot be
built is told, and what plays goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.midi.events import Event, Kind, setting
from nsynth_lab.panel.history import History, Sound
from nsynth_lab.panel.moves import moves, told
from nsynth_lab.panel.recordings.names import check_recordings
from nsynth_lab.panel.stage import Stage
from nsynth_lab.panel.switch import Switch
from nsynth_lab.panel.worker import Worker, WorkerShare
from nsynth_lab.patch import Patch
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.event_queue import EventQueue
from nsynth_lab.render.parts import Parts
from nsynth_lab.render.preset_synth import settings_of
from nsynth_lab.render.session import Session
from nsynth_lab.render.with_partner import partner_of, with_partner
from nsynth_lab.synth.settings import Settings
from nsynth_lab.units import HOP_SAMPLES


def engine_of(session: Session, patch: Patch) -> Playing:
    """An engine for a patch, as `play --preset` has it.

    Raises:
        UsageError, LatentsError, PatchError, PluginError, AudioError: something it is made of cannot be used.
    """
    patch = patch.with_macros_applied()
    check_recordings(patch, session.bank)
    parts = Parts(session, (), live=True, ahead_samples=HOP_SAMPLES, unlimited=False)
    return parts.patched(patch, settings_of(patch, seed=session.seed), Settings)


@dataclass(frozen=True)
class Answering:
    """What a partner plays: a sound of its own, or what the player plays, knobs and all."""

    own: Patch | None = None

    def patch(self, players: Patch) -> Patch:
        """The partner's patch beside that of the player; it plays on one channel."""
        patch = self.own or players
        return replace(patch, voice=replace(patch.voice, mpe=False))


class Engines:
    """Keeps what plays at what `history` says: call `follow` with the lock held after every change of it.

    `refused` is told, with the lock held, in a line why the present sound of the history could not be played; the
    history is then back at the one that plays.
    """

    def __init__(
        self,
        session: Session,
        history: History,
        event_queue: EventQueue,
        worker: Worker | WorkerShare,
        lock: AbstractContextManager[Any],
        *,
        stage: Stage,
        refused: Callable[[str], None],
    ) -> None:
        self._session, self._history, self._queue = session, history, event_queue
        self._worker, self._lock, self._stage, self._refused = worker, lock, stage, refused
        self._playing = history.now
        self._again = False
        self._answering: Answering | None = None
        self._dragged: list[Event] = []

    @property
    def switch(self) -> Switch:
        """What plays."""
        return self._stage.switch

    @property
    def answering(self) -> Answering | None:
        """What a partner plays beside the player, or will as soon as its engine is there; None without one."""
        return self._answering

    @property
    def partner_is_ready(self) -> bool:
        """Whether a partner has an engine that plays."""
        return partner_of(self.switch.present) is not None

    @property
    def partner_is_silent(self) -> bool:
        """Whether nothing of a partner sounds."""
        engine = partner_of(self.switch.present)
        return engine is None or engine.idle

    def accompany(self, answering: Answering | None) -> None:
        """Have an engine for a partner beside the player's from now on, or no more; with the lock held."""
        self._answering = answering
        self.renew()

    def drag(self, events: list[Event]) -> None:
        """Go to a place that is not yet that of the history; an engine that takes over meanwhile goes there too."""
        self._dragged = events
        self._queue.put(events)
        self._stage.drag(events)

    def drop(self) -> None:
        """From now on the place is that of the history."""
        self._dragged = []

    def follow(self, *, whole: bool = False, again: bool = False) -> None:
        """Play the present sound of the history; the `whole` of it, wherever wheels and fingers have moved the last.

        With `again`, an effect that was taken out gets another chance.
        """
        wanted = self._history.now
        self._stage.follow(wanted.patch)
        self._again |= again and bool(self.switch.present.state().taken_out)
        events = None if self._again else moves(self._playing.patch, wanted.patch)
        if events is None:
            self._worker.ask("sound", self._build)
        elif whole:
            self._queue.put(setting(name, value) for name, value in told(wanted.patch).items())
            self._playing = wanted
        else:
            own_tempo = not self.switch.is_timed  # else that of a clock holds
            self._queue.put(event for event in events if own_tempo or event.kind is not Kind.TEMPO)
            self._playing = wanted

    def have(self, *, instead_of: Sound | None = None) -> None:
        """The present sound of the history plays already, as somebody else has seen to it; with the lock held.

        So it does only if the one that it is `instead_of` did.
        """
        if instead_of in (None, self._playing):
            self._playing = self._history.now
            self.drop()

    def let_go(self) -> None:
        """Nothing plays any more."""
        self._stage.let_go()

    def renew(self) -> None:
        """Play the present sound anew: one of its instruments is not what it was."""
        self._again = True
        self.follow()

    def _build(self) -> None:
        """By the worker."""
        with self._lock:
            wanted, answering = self._history.now, self._answering
            again, self._again = self._again, False
            if not again and moves(self._playing.patch, wanted.patch) is not None:  # it has been undone meanwhile
                self.follow()
                return
        try:
            engine = engine_of(self._session, wanted.patch)
        except Exception as error:  # a plugin may fail in any way, and what plays goes on
            self._refuse(wanted, error)
            return
        engine = self._with_partner(engine, wanted.patch, answering) if answering is not None else engine
        with self._lock:
            self._stage.take(engine)
            self._playing = wanted
            self.follow()  # what has changed while it was built
            self._queue.put(self._dragged)
        self._stage.settle(lambda: self._worker.stopping)

    def _with_partner(self, engine: Playing, patch: Patch, answering: Answering) -> Playing:
        """An engine and that of a partner; without a partner, if its sound cannot be played, which is told."""
        try:
            other = engine_of(self._session, answering.patch(patch))
        except Exception as error:
            with self._lock:
                if self._answering == answering:
                    self._answering = None
                    self._refused(f"the partner cannot play: {_said(error)}")
            return engine
        return with_partner(engine, other, together=answering.own is None)

    def _refuse(self, wanted: Sound, error: Exception) -> None:
        with self._lock:
            if self._history.now == wanted:  # else a newer one is tried next
                self._history.back_to(self._playing)
                self._stage.follow(self._playing.patch)
                self._refused(_said(error))


def _said(error: Exception) -> str:
    said = str(error) if isinstance(error, NsynthLabError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())
