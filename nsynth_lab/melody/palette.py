"""A palette: loops in rows and columns, of which the nearest to a position plays, in time, wherever the position goes.

    palette = palette_of(rows of tunes, quarters_bpm=100)
    player = PalettePlayer(palette, x=0.0, y=0.0)
    player.move(48_000, x=0.5)
    events = player.until(96_000)

Time goes on when the position moves: a note sounds on until its end, or until the other loop's next note begins. What
is played depends on the samples of the moves alone, not on how it is asked for.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.midi.events import Event, note_off, note_on
from nsynth_lab.tune.played import played_length, sounding
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import SAMPLE_RATE

VELOCITY = 96
FOR_EVER = 2**62


@dataclass(frozen=True, slots=True)
class LoopNote:
    """A note of a loop: when it begins and how long it lasts, in samples that need not be whole; its MIDI note."""

    begin: Fraction
    length: Fraction
    note: int


@dataclass(frozen=True)
class Palette:
    """Loops, all equally long.

    Attributes:
        rows: the notes of each loop, by row and column.
        length: of each, in samples that need not be whole.
        quarters_bpm: the tempo at which these times are.
    """

    rows: tuple[tuple[tuple[LoopNote, ...], ...], ...]
    length: Fraction
    quarters_bpm: float

    def at(self, x: float, y: float) -> tuple[LoopNote, ...]:
        """The loop nearest to a position: x from 0, the first column, to 1, the last; y likewise from row to row."""
        row = self.rows[_nearest(y, len(self.rows))]
        return row[_nearest(x, len(row))]


def _nearest(position: float, count: int) -> int:
    return min(max(math.floor(position * (count - 1) + 0.5), 0), count - 1)


def palette_of(rows: Sequence[Sequence[Tune]], *, quarters_bpm: float) -> Palette:
    """The palette of tunes, one loop each.

    Raises:
        TuneError: they are not equally long.
    """
    lengths = {played_length(tune) for row in rows for tune in row}
    if len(lengths) != 1:
        some = ", ".join(f"{float(length):g}" for length in sorted(lengths)[:4])
        raise TuneError(f"loops of different lengths, {some} whole notes; expected all alike, as `loops --grid` makes")
    whole_note = Fraction(240) / Fraction(quarters_bpm) * SAMPLE_RATE
    return Palette(
        tuple(
            tuple(
                tuple(LoopNote(one.at * whole_note, one.length * whole_note, one.pitch.note) for one in sounding(tune))
                for tune in row
            )
            for row in rows
        ),
        lengths.pop() * whole_note,
        quarters_bpm,
    )


class PalettePlayer:
    """Plays a palette: `move` says where the position is from some sample on, `until` what is played by then.

    Attributes:
        x, y: where the position is now.
    """

    def __init__(self, palette: Palette, *, x: float = 0.0, y: float = 0.0, end_sample: int = FOR_EVER) -> None:
        self.palette, self.x, self.y = palette, x, y
        self._end = end_sample
        self._now = 0
        self._moves: list[tuple[int, int, str, float]] = []  # sample, order, axis, value
        self._count = 0
        self._sounding: tuple[int, int] | None = None  # note, and when it ends

    @property
    def ended(self) -> bool:
        """Whether all has been played."""
        return self._now >= self._end and self._sounding is None

    def move(self, at_sample: int, axis: str, value: float) -> None:
        """The position is at `value` of its axis, x or y, from a sample on; at once if that has passed."""
        insort(self._moves, (at_sample, self._count, axis, value))
        self._count += 1

    def silence(self, at_sample: int) -> list[Event]:
        """End what sounds, at a sample."""
        ended = [] if self._sounding is None else [note_off(self._sounding[0], at_sample=at_sample)]
        self._sounding = None
        return ended

    def go_to(self, sample: int) -> None:
        """Go on from a sample, as if all before it had been played."""
        self._now = sample

    def until(self, sample: int) -> list[Event]:
        """What is played before a sample, from where the last call ended."""
        events: list[Event] = []
        while self._now < sample:
            while self._moves and self._moves[0][0] <= self._now:
                _, _, axis, value = self._moves.pop(0)
                setattr(self, axis, value)
            until = min(sample, self._moves[0][0] if self._moves else sample)
            for begin, end, note in self._begun(self._now, min(until, self._end)):
                self._release(begin, events)
                if self._sounding is not None:
                    events.append(note_off(self._sounding[0], at_sample=begin))
                events.append(note_on(note, VELOCITY, at_sample=begin))
                self._sounding = note, min(end, self._end)
            self._release(until, events)
            self._now = until
        return events

    def _begun(self, first: int, end: int) -> Iterator[tuple[int, int, int]]:
        """(begin, end, note) of the notes of the loop at the position that begin from `first` to before `end`."""
        loop, length = self.palette.at(self.x, self.y), self.palette.length
        for turn in range(int(first // length) - 1, int(end // length) + 1):
            for one in loop:
                at = turn * length + one.begin
                begin = round(at)
                if first <= begin < end:
                    yield begin, max(round(at + one.length), begin + 1), one.note

    def _release(self, sample: int, events: list[Event]) -> None:
        """End what sounds, if its time is over before or at a sample."""
        if self._sounding is not None and self._sounding[1] <= sample:
            events.append(note_off(self._sounding[0], at_sample=self._sounding[1]))
            self._sounding = None
