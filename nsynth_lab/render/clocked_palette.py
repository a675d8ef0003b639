"""A palette that a clock plays: its loops by their beats, where the clock lets them run, stop or be wound on."""

from __future__ import annotations

from bisect import insort

from nsynth_lab.melody.palette import PalettePlayer
from nsynth_lab.midi.beat_clock import SLIP_BEATS, BeatClock
from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.units import SAMPLE_RATE


class ClockedPalette:
    """As `PalettePlayer`; `hear` is told of the clock. Until the first `RUN` it stands still."""

    def __init__(self, player: PalettePlayer) -> None:
        self._player, bpm = player, player.palette.quarters_bpm
        self._beat = 60.0 * SAMPLE_RATE / bpm  # of the player, in samples of its own
        self._clock, self._runs, self._now = BeatClock(bpm), False, 0
        self._heard: list[Event] = []

    @property
    def x(self) -> float:
        """Where the position is now."""
        return self._player.x

    @property
    def y(self) -> float:
        """Where the position is now."""
        return self._player.y

    @property
    def ended(self) -> bool:
        """Whether all has been played."""
        return self._player.ended

    def move(self, at_sample: int, axis: str, value: float) -> None:
        """As `PalettePlayer.move`."""
        if self._runs:
            self._player.move(round(self._place(at_sample)), axis, value)
        else:
            setattr(self._player, axis, value)

    def hear(self, event: Event) -> None:
        """An event of the clock, at its sample."""
        insort(self._heard, event, key=lambda one: one.at_sample)

    def until(self, sample: int) -> list[Event]:
        """What is played before a sample, from where the last call ended."""
        events: list[Event] = []
        while self._heard and self._heard[0].at_sample < sample:
            event = self._heard.pop(0)
            events += self._play(max(event.at_sample, self._now))
            events += self._take(event)
        return events + self._play(sample)

    def _place(self, sample: int) -> float:
        """The player's own sample."""
        return float(self._clock.song(sample)) * self._beat

    def _take(self, event: Event) -> list[Event]:
        if event.kind is Kind.RUN:
            stops, self._runs = self._runs and not event.value, bool(event.value)
            return self._player.silence(self._now) if stops else []
        before = float(self._clock.song(self._now))
        self._clock.take(event)
        if abs(float(self._clock.song(self._now)) - before) < SLIP_BEATS:
            return []
        ended = self._player.silence(self._now)
        self._player.go_to(round(self._place(self._now)))
        return ended

    def _play(self, sample: int) -> list[Event]:
        begin, self._now = self._now, sample
        if not self._runs or sample <= begin:
            return []
        first, pace = self._place(begin), self._clock.bpm / (60.0 * SAMPLE_RATE) * self._beat
        return [
            event.at(min(max(begin + round((event.at_sample - first) / pace), begin), sample - 1))
            for event in self._player.until(round(self._place(sample)))
        ]
