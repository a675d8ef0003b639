"""PlayedNotes: timed notes played through the live engine, each at its sample, while pages and ports play beside them.

    any thread: play, stop, set_speed ... --> orders --> [ engine's thread: events(clock, samples) ] --> Switch

What is played is a `Piece`: events of any kind, timed as in a `Song`. It can be played slower or faster, in a loop,
from anywhere, and be exchanged for another while it plays; no note is left hanging. `Instrument.add_source` makes it
heard.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind, note_off
from nsynth_lab.units import SAMPLE_RATE

SLOWEST, FASTEST = 0.1, 8.0
Key = tuple[int, int]  # channel and key


@dataclass(frozen=True)
class Piece:
    """What is played.

    Attributes:
        events: in order of time, from sample 0 on, at normal speed.
        end_sample: where it ends.
    """

    events: tuple[Event, ...]
    end_sample: int

    @cached_property
    def times(self) -> list[int]:
        """The sample of each event."""
        return [event.at_sample for event in self.events]

    def sounding(self, sample: float) -> dict[Key, Event]:
        """The notes that began before a sample and end behind it: by channel and key, as they were struck."""
        down: dict[Key, Event] = {}
        for event in self.events:
            if event.at_sample > sample:
                break
            if event.kind is Kind.NOTE_ON and event.at_sample < sample:
                down[event.channel, event.number] = event
            elif event.kind is Kind.NOTE_OFF:
                down.pop((event.channel, event.number), None)
        return down


@dataclass(frozen=True)
class Moment:
    """How far it is.

    Attributes:
        playing: whether it plays.
        seconds: into the piece, at normal speed.
        speed: 2 is twice as fast.
    """

    playing: bool = False
    seconds: float = 0.0
    speed: float = 1.0


@dataclass(frozen=True)
class Borders:
    """Where a piece may be exchanged while it plays: every so many samples, at normal speed, for what `choose` returns.

    `choose` is called on the engine's thread, and must not wait. The pieces are equally long.
    """

    every_samples: int
    choose: Callable[[], Piece]


class PlayedNotes:
    """Plays a piece; all but `events` may be called from any thread, and takes effect with the next block.

    Attributes:
        moment: how far it is, as of the last block.
    """

    def __init__(self) -> None:
        self.moment = Moment()
        self._orders: deque[Callable[[], None]] = deque()
        self._piece: Piece | None = None
        self._borders: Borders | None = None
        self._position = 0.0  # samples of the piece, at normal speed
        self._next = 0  # the first of its events that has still to be sent
        self._speed, self._loops = 1.0, False
        self._down: dict[Key, Event] = {}
        self._sent: list[Event] = []
        self._at = 0.0  # on the engine's clock, as far as `_sent` goes

    def play(
        self, piece: Piece, *, at_seconds: float = 0.0, loops: bool | None = None, borders: Borders | None = None
    ) -> None:
        """Play a piece from some second of it, counted at normal speed, instead of what plays now.

        `loops` says whether it begins again at its end; None leaves that as it is. Notes that already sound there are
        struck.

        Raises:
            UsageError: it has no length.
        """
        if piece.end_sample <= 0:
            raise UsageError("there is nothing to play: it has no length")
        at = min(max(at_seconds * SAMPLE_RATE, 0.0), float(piece.end_sample))
        self._orders.append(partial(self._begin, piece, at, piece.sounding(at), loops, borders))

    def stop(self) -> None:
        """Play no more: what sounds is released."""
        self._orders.append(self._end)

    def set_speed(self, speed: float) -> None:
        """Play slower or faster from now on: 2 is twice as fast; 0.1 to 8."""
        self._orders.append(partial(self._go_at, min(max(speed, SLOWEST), FASTEST)))

    def set_loops(self, loops: bool) -> None:
        """Whether it begins again at its end."""
        self._orders.append(partial(self._loop, loops))

    def set_borders(self, borders: Borders) -> None:
        """Where what plays may be exchanged from now on."""
        self._orders.append(partial(self._keep_to, borders))

    def events(self, clock: int, samples: int) -> list[Event]:
        """What the engine is to be sent before the block of so many samples that begins at `clock`."""
        self._sent = []
        self._at = float(clock)
        while self._orders:
            self._orders.popleft()()
        while self._piece is not None and self._at < clock + samples:
            self._advance(self._piece, clock + samples)
        self.moment = Moment(self._piece is not None, self._position / SAMPLE_RATE, self._speed)
        return self._sent

    def _advance(self, piece: Piece, until: float) -> None:
        """Go on to the end of the block, or to the next border before it."""
        border = self._border(piece)
        end = min(self._position + (until - self._at) * self._speed, border)
        last = bisect_left(piece.times, end, lo=self._next)
        for event in piece.events[self._next : last]:
            self._send(event, self._at + (event.at_sample - self._position) / self._speed)
        self._next = last
        self._at = until if end < border else self._at + (end - self._position) / self._speed
        self._position = end
        if end == border:
            self._cross(piece)

    def _border(self, piece: Piece) -> float:
        """Where a piece ends, or may be exchanged, next."""
        if self._borders is None:
            return float(piece.end_sample)
        every = self._borders.every_samples
        return float(min((self._position // every + 1) * every, piece.end_sample))

    def _cross(self, piece: Piece) -> None:
        over = self._position >= piece.end_sample
        if over and not self._loops:
            self._end()
            return
        if over:
            self._position, self._next = 0.0, 0
        chosen = self._borders.choose() if self._borders is not None else piece
        if over or chosen is not piece:
            self._go_on_with(chosen, {} if over else chosen.sounding(self._position))

    def _begin(
        self, piece: Piece, at: float, sounding: dict[Key, Event], loops: bool | None, borders: Borders | None
    ) -> None:
        self._position, self._borders = at, borders
        self._loops = self._loops if loops is None else loops
        self._go_on_with(piece, sounding, again=True)

    def _go_on_with(self, piece: Piece, sounding: dict[Key, Event], *, again: bool = False) -> None:
        """Another piece from here on: what sounds in both goes on, unless it is to be struck `again`."""
        for key in [key for key in self._down if again or key not in sounding]:
            self._release(key)
        self._piece = piece
        self._next = bisect_left(piece.times, self._position)
        for key, event in sounding.items():
            if key not in self._down:
                self._send(event, self._at)

    def _end(self) -> None:
        for key in list(self._down):
            self._release(key)
        self._piece = self._borders = None

    def _release(self, key: Key) -> None:
        channel, number = key
        self._send(note_off(number, channel=channel), self._at)

    def _go_at(self, speed: float) -> None:
        self._speed = speed

    def _loop(self, loops: bool) -> None:
        self._loops = loops

    def _keep_to(self, borders: Borders) -> None:
        if self._piece is not None:
            self._borders = borders

    def _send(self, event: Event, at: float) -> None:
        key = (event.channel, event.number)
        if event.kind is Kind.NOTE_ON:
            self._down[key] = event
        elif event.kind is Kind.NOTE_OFF and self._down.pop(key, None) is None:
            return  # of a note that was not struck here
        self._sent.append(event.at(round(at)))
