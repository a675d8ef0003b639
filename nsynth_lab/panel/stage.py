"""Stage: what the engines of an instrument play on. Its own is `OwnStage`; a plugin's track is another one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from nsynth_lab.midi.events import Event
from nsynth_lab.panel.output import Output
from nsynth_lab.panel.switch import Switch
from nsynth_lab.panel.worker import WorkerShare
from nsynth_lab.patch import Patch
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.event_queue import EventQueue

POLL_SECONDS = 0.002


class Stage(Protocol):
    """What engines play on, and who must know what plays."""

    @property
    def switch(self) -> Switch:
        """What plays at present; another one may take its place."""

    def take(self, engine: Playing) -> None:
        """Have an engine take over from the next block on; must not wait."""

    def settle(self, stopping: Callable[[], bool]) -> None:
        """Wait until another engine may take over, if that takes long; and let go of the one before."""

    def follow(self, patch: Patch) -> None:
        """The sound is now this one, whether or not its engine is there; must not wait."""

    def drag(self, events: list[Event]) -> None:
        """The blend is somewhere else for now; must not wait."""

    def let_go(self) -> None:
        """Nothing plays any more."""


class TrackStage(Stage, Protocol):
    """A stage of somebody else, with all that an instrument makes itself on its own."""

    @property
    def worker(self) -> WorkerShare:
        """What builds engines."""

    @property
    def event_queue(self) -> EventQueue:
        """Takes what is played, until the next block."""

    @property
    def output(self) -> Output:
        """Where the sound goes."""


class OwnStage:
    """The stage of an instrument whose blocks are pulled all the time, by its `output.Output`."""

    def __init__(self, engine: Playing) -> None:
        self.switch = Switch(engine)

    def take(self, engine: Playing) -> None:
        """See `Stage`."""
        self.switch.take(engine)

    def settle(self, stopping: Callable[[], bool]) -> None:
        """See `Stage`."""
        while self.switch.changing and not stopping():
            time.sleep(POLL_SECONDS)
        if (old := self.switch.take_old()) is not None:
            old.let_go()

    def follow(self, patch: Patch) -> None:
        """See `Stage`; nobody else must know."""

    def drag(self, events: list[Event]) -> None:
        """See `Stage`; nobody else must know."""

    def let_go(self) -> None:
        """See `Stage`."""
        self.switch.let_go()
