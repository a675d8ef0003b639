"""Seat: where a partner sits while it plays. The engine's thread asks it before each block what the partner plays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from nsynth_lab.duet.partner import Partner
from nsynth_lab.midi.events import Event
from nsynth_lab.panel.duet.written import Written
from nsynth_lab.units import SAMPLE_RATE

Order = Callable[[int], list[Event]]


class Seat:
    """`sit` and `leave` from any thread; they take effect with the next block.

    A partner's clock begins at 0 with the duet, and goes on where another takes its place.

    Attributes:
        written: the notes of both.
        seconds: how long the duet has lasted.
        failed: why the partner has left by itself; empty if it has not.
    """

    def __init__(self) -> None:
        self.written = Written()
        self.seconds = 0.0
        self.failed = ""
        self._orders: deque[Order] = deque()
        self._partner: Partner | None = None
        self._begun = 0  # on the engine's clock

    def sit(self, partner: Partner) -> None:
        """A partner sits down, in the place of the one that sits there; what both have played belongs to one take."""
        self._orders.append(partial(self._take, partner))

    def leave(self) -> None:
        """The partner leaves: what it plays ends."""
        self._orders.append(partial(self._take, None))

    def play(self, played: Iterable[Event], begin: int, end: int) -> list[Event]:
        """What the partner plays in a block; see `render.partner.Partner`."""
        found: list[Event] = []
        try:
            while self._orders:
                found += self._orders.popleft()(begin)
            return [*found, *self._answer(played, begin, end)]
        except Exception as error:  # whatever is wrong with a partner, what the keys play goes on
            self.failed = f"{type(error).__name__}: {error}"
            self._partner = None
            return found

    def _answer(self, played: Iterable[Event], begin: int, end: int) -> list[Event]:
        if (partner := self._partner) is None:
            return []
        heard = [event.at(max(event.at_sample, begin) - self._begun) for event in played]
        own = partner.play(heard, begin - self._begun, end - self._begun)
        self.seconds = (end - self._begun) / SAMPLE_RATE
        return self._noted(heard, own)

    def _take(self, partner: Partner | None, clock: int) -> list[Event]:
        before, ended = self._partner, list[Event]()
        if before is not None:
            ended = self._noted((), before.hush(clock - self._begun))
        if before is None and partner is not None:
            self._begun = clock
            self.written.clear()
        elif before is not None and partner is not None:
            partner.events.extend(before.events)
        self._partner = partner
        return ended

    def _noted(self, heard: Iterable[Event], own: Iterable[Event]) -> list[Event]:
        """Write down what both play; what the partner plays, on the engine's clock."""
        for event in (*heard, *own):
            self.written.hear(event)
        return [event.at(event.at_sample + self._begun) for event in own]
