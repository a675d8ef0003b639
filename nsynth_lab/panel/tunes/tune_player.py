"""TunePlayer: which tune or palette plays, how, and where on the palette."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, Kind, setting
from nsynth_lab.panel.messages.playing import Place
from nsynth_lab.panel.messages.shown import Playing
from nsynth_lab.panel.messages.tunes import TunePlace, TuneWay
from nsynth_lab.panel.played_notes import Borders, Piece, PlayedNotes
from nsynth_lab.panel.tunes.pieces import PalettePieces
from nsynth_lab.units import SAMPLE_RATE

if TYPE_CHECKING:
    from nsynth_lab.panel.instrument import Instrument

Where = tuple[float, float]
EMPTY = Piece((), 1)


def along(path: Sequence[Sequence[float]], seconds: float) -> Where:
    """Where a path [seconds, x, y] is so many seconds after its beginning; at its end it begins again.

    >>> along([(0, 0, 0), (2, 1, 0.5)], 1), along([(0, 0, 0), (2, 1, 0.5)], 3)
    ((0.5, 0.25), (0.5, 0.25))
    """
    length = path[-1][0]
    at = seconds % length if length else 0.0
    last = min(max(bisect_right(path, at, key=lambda point: point[0]), 1), len(path) - 1)
    (begin, *one), (end, *two) = path[last - 1], path[last]
    share = (at - begin) / (end - begin) if end > begin else 0.0
    x, y = (a + share * (b - a) for a, b in zip(one, two, strict=True))
    return x, y


@dataclass(frozen=True)
class _Wanted:
    """What pages have chosen; replaced as a whole, so that the engine's thread sees all of it or nothing."""

    tune: str = ""
    palette: PalettePieces | None = None
    way: TuneWay = field(default_factory=TuneWay)
    place: TunePlace = field(default_factory=TunePlace)


class TunePlayer:
    """A source of the instrument: `play`, `play_palette`, `stop`, and how and where. Any thread may call it."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._notes = PlayedNotes()
        self._wanted = _Wanted()
        self._cell = (0, 0)
        self._path_began: int | None = None
        self._there: Where = (0.5, 0.5)
        instrument.add_source(self)

    def play(self, tune: str, piece: Piece, *, at_seconds: float) -> None:
        """Play a tune, the job of that name."""
        self._wanted = replace(self._wanted, tune=tune, palette=None)
        self._notes.play(piece, at_seconds=at_seconds, loops=self._wanted.way.loop)

    def play_palette(self, tune: str, pieces: PalettePieces, *, at_seconds: float) -> None:
        """Play a palette, the job of that name, round and round."""
        self._wanted = replace(self._wanted, tune=tune, palette=pieces)
        self._path_began = None
        self._there = self._where(0.0)
        self._notes.play(self._choose(), at_seconds=at_seconds, loops=True, borders=self._borders(pieces))

    def stop(self) -> None:
        """Play no more. Where a path has led the blend, it stays."""
        if self._moves_blend:
            x, y = self._there
            self._instrument.handle(Place(x, y, keep=True))
        self._notes.stop()

    def go(self, way: TuneWay) -> None:
        """Play like that from now on."""
        self._wanted = replace(self._wanted, way=way)
        self._notes.set_speed(way.speed)
        if (palette := self._wanted.palette) is None:
            self._notes.set_loops(way.loop)
        else:
            self._notes.set_borders(self._borders(palette))

    def move(self, place: TunePlace) -> None:
        """Be there on the palette from the next border on, or go along a path.

        Raises:
            UsageError: a path that leaves the palette, or goes back in time.
        """
        times = [point[0] for point in place.path]
        if sorted(times) != times or any(not 0 <= value <= 1 for point in place.path for value in point[1:]):
            raise UsageError("a path on the palette has rising times and places from 0 to 1")
        if place.path != self._wanted.place.path:
            self._path_began = None
        self._wanted = replace(self._wanted, place=place)

    def events(self, clock: int, samples: int) -> Iterable[Event]:
        """See `switch.Source`."""
        if self._path_began is None or not self._notes.moment.playing:
            self._path_began = clock
        self._there = self._where((clock - self._path_began) / SAMPLE_RATE)
        moves: list[Event] = []
        if self._moves_blend:
            moves = [setting(name, value, at_sample=clock) for name, value in zip("xy", self._there, strict=True)]
        return [*moves, *(event for event in self._notes.events(clock, samples) if not self._is_held(event))]

    def playing(self) -> Playing:
        """As pages are told."""
        wanted, moment = self._wanted, self._notes.moment
        x, y = self._there if moment.playing else (wanted.place.x, wanted.place.y)
        row, column = self._cell
        return Playing(
            tune=wanted.tune, on=moment.playing, at=moment.seconds, speed=wanted.way.speed, loop=wanted.way.loop,
            change=wanted.way.change, together=wanted.way.together, x=x, y=y, column=column, row=row,
            path=wanted.place.path,
        )  # fmt: skip

    @property
    def _moves_blend(self) -> bool:
        wanted = self._wanted
        return bool(wanted.palette and wanted.place.path and wanted.way.together and self._notes.moment.playing)

    def _is_held(self, event: Event) -> bool:
        """Whether this would let go a key that a page holds."""
        return event.kind is Kind.NOTE_OFF and self._instrument.holds(event.number)

    def _where(self, seconds: float) -> Where:
        """The place on the palette, so many seconds after its path began."""
        place = self._wanted.place
        if place.path:
            return along(place.path, seconds)
        return self._instrument.place if self._wanted.way.together else (place.x, place.y)

    def _borders(self, pieces: PalettePieces) -> Borders:
        every = pieces.bar_samples if self._wanted.way.change == "bar" else pieces.slot_samples
        return Borders(every, self._choose)

    def _choose(self) -> Piece:
        """The loop nearest to where the palette is."""
        pieces = self._wanted.palette
        if pieces is None:  # a tune takes over with the next block
            return EMPTY
        x, y = self._there
        rows, columns = len(pieces.cells), len(pieces.cells[0])
        self._cell = round(y * (rows - 1)), round(x * (columns - 1))
        return pieces.cells[self._cell[0]][self._cell[1]]
