"""Performer: plays a phrase, or what comes in live, on the engine's thread, beside what keys and ports play.

A phrase is played as it is followed: hop by hop, by the note maker of `translate`, so that it can begin anywhere and be
played otherwise from one moment to the next. The sound that it was heard in can be heard with it or in its place, at
the same moment, as loud.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.follower import HOP, Heard
from nsynth_lab.midi.events import CHANNELS, Event, EventList, Kind, control, note_off
from nsynth_lab.panel.translation.score import Score
from nsynth_lab.synth.mixer import KNEE, soft_clip
from nsynth_lab.translate.note_maker import NoteMaker
from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

EXPRESSION, FULL = 11, 127
MANAGER = 0
FOLLOWED = (Kind.PITCH, Kind.LEVEL, Kind.BREATH)
FADE_SAMPLES = 480  # of the source, when it begins or ends to be heard
FORGETTING_SAMPLES = 4 * SAMPLE_RATE  # after the last note its channels are left to others
BOTH, SOURCE, TRANSLATION = "both", "source", "translation"


class Input(Protocol):
    """An input that is followed, such as `translate.live_notes.LiveNotes`."""

    @property
    def heard(self) -> Heard:
        """The last moment."""

    @property
    def latency_seconds(self) -> float:
        """Time from a sound at the input to the block that it is played in."""

    def events(self, clock: int) -> list[Event]:
        """What is to be sent before the block that begins at sample `clock`."""

    def troubles(self) -> list[str]:
        """Problems since the last call, one line each."""


@dataclass(frozen=True)
class _Order:
    """What another thread wants; the engine's thread does it before its next block."""

    score: Score | None = None
    at_sample: int | None = None
    input: Input | None = None
    stop: bool = False


@dataclass
class _Run:
    """A phrase while it plays: from its sample `begun` on, which is heard at sample `clock` of the engine."""

    begun: int
    clock: int
    maker: NoteMaker | None = None
    hop: int = 0
    notes: EventList = field(default_factory=EventList)


class _Beside:
    """A sound that is heard beside what is played: it fades in and out."""

    def __init__(self) -> None:
        self._gain = 0.0  # at the end of the last block

    def added(
        self, block: FloatArray, sound: NDArray[np.int16] | None, begin: int, gain: float, scale: float
    ) -> FloatArray:
        """`block` and `gain` times the sound from its sample `begin` on, of which `scale` makes amplitudes."""
        if sound is None or not (gain or self._gain):
            return self.faded(block)
        gains = _ramp(self._gain, gain, block.shape[1])
        self._gain = float(gains[-1])
        total: FloatArray = block + gains * _part(sound, begin, block.shape[1]) * scale
        return total

    def faded(self, block: FloatArray) -> FloatArray:
        """`block` alone."""
        self._gain = 0.0
        return block


class Performer:
    """`play`, `change`, `listen` and `stop` from any thread; `Switch` calls `events` and `mixed` on the engine's.

    `is_zone` says whether the channels are an MPE zone now. `changed` is called when what plays has ended, and must
    not wait.

    Attributes:
        score: what is played, or was last.
        plays: whether a phrase plays.
        listens: whether an input is played.
        at_sample: where in the phrase it is, or stands.
        hears: the translation, the source or both.
        rest_db: how much louder what is left without the notes is heard with the translation; None: not at all.
        loops: whether a phrase that ends begins again.
        failed: why it has ended by itself; empty if it has not.
    """

    def __init__(self, *, is_zone: Callable[[], bool]) -> None:
        self._is_zone = is_zone
        self.changed: Callable[[], None] = lambda: None
        self.score: Score | None = None
        self.plays = self.listens = self.loops = False
        self.at_sample = 0
        self.hears = TRANSLATION
        self.rest_db: float | None = None
        self.failed = ""
        self._orders: deque[_Order] = deque()
        self._input: Input | None = None
        self._run: _Run | None = None
        self._held: set[tuple[int, int]] = set()
        self._used: dict[int, int] = {}  # channels, and when a note of theirs ended last
        self._mixed_at: int | None = None
        self._source, self._rest = _Beside(), _Beside()
        self._is_mute = False  # whether the notes of a phrase are

    def play(self, score: Score, at_sample: int) -> None:
        """Play a phrase from one of its samples on; what was played or listened to before ends."""
        self._orders.append(_Order(score=score, at_sample=at_sample))
        self.plays, self.listens = True, False

    def change(self, score: Score) -> None:
        """The same phrase is to be played otherwise."""
        self._orders.append(_Order(score=score))

    def listen(self, followed: Input) -> None:
        """Play what comes in, instead of a phrase."""
        self._orders.append(_Order(input=followed))
        self.plays, self.listens = False, True

    def stop(self) -> None:
        """Play no more, and listen no more."""
        self._orders.append(_Order(stop=True))
        self.plays = self.listens = False
        self.changed()

    @property
    def follow(self) -> float:
        """As in `switch.Performer`."""
        return self.score.level_share if self.score is not None else 1.0

    def events(self, clock: int, samples: int) -> list[Event]:
        """As in `switch.Performer`."""
        try:
            events = self._obey(clock)
            if self._input is not None:
                events += self._zoned(self._input.events(clock))
            elif self._run is not None and self.score is not None:
                events += self._muted(clock, mute=self.hears == SOURCE and self.score.sound is not None)
                events += self._next(self._run, self.score, clock, samples)
            return [*events, *self._forgotten(clock, self._noted(events))]
        except Exception as error:  # whatever is wrong with a phrase, what the keys play goes on
            self._orders.clear()
            self.failed = f"{type(error).__name__}: {error}"
            ended = self._end(clock)
            self.changed()
            return ended

    def mixed(self, block: FloatArray, delay_samples: int) -> FloatArray:
        """As in `switch.Performer`."""
        at, self._mixed_at = self._mixed_at, None
        score = self.score if at is not None else None
        if at is None or score is None:
            return self._rest.faded(self._source.faded(block))
        begin = at - delay_samples - score.late_samples
        heard = float(self.hears != TRANSLATION)
        total = self._source.added(block, score.sound, begin, heard, score.source_gain)
        kept = 0.0 if self.rest_db is None or self.hears == SOURCE else float(db_to_gain(self.rest_db))
        total = self._rest.added(total, score.rest, begin, kept, score.rest_gain)
        clips = total is not block and float(np.abs(total).max(initial=0.0)) > KNEE
        return soft_clip(total) if clips else total

    def _obey(self, clock: int) -> list[Event]:
        """Do what has been asked for since the last block."""
        events: list[Event] = []
        while self._orders:
            order = self._orders.popleft()
            if order.stop:
                events += self._end(clock)
            elif order.input is not None:
                events += self._end(clock)
                self._input, self.score, self.listens = order.input, None, True
            elif order.score is not None and order.at_sample is not None:
                events += self._end(clock)
                self.score, self.plays = order.score, True
                self._run = _begun(order.score, order.at_sample, clock)
            elif order.score is not None:
                events += self._changed_to(order.score, clock)
        return events

    def _changed_to(self, score: Score, clock: int) -> list[Event]:
        before, self.score = self.score, score
        if self._run is None or (before is not None and before.plays_like(score)):
            return []
        self._run = _begun(score, self._run.begun + clock - self._run.clock, clock)
        return self._lifted(clock)

    def _next(self, run: _Run, score: Score, clock: int, samples: int) -> list[Event]:
        """The events of the next block of a phrase."""
        self.at_sample = run.begun + clock - run.clock
        events: list[Event] = []
        if self.at_sample >= score.samples:
            if not self.loops:
                ended = self._end(clock)
                self.at_sample = 0
                self.changed()
                return ended
            events = self._lifted(clock)
            run = self._run = _begun(score, 0, clock)
            self.at_sample = 0
        self._mixed_at = self.at_sample
        until = self.at_sample + samples
        shift = run.clock - run.begun
        if run.maker is None:
            return events + [event.at(event.at_sample + shift) for event in run.notes.until(until)]
        first = run.begun // HOP
        while (run.hop + 1) * HOP < until and run.hop < len(score.phrase.note):
            made = run.maker.hear(score.heard(run.hop))
            run.hop += 1
            events += [event.at(event.at_sample + first * HOP + shift) for event in made]
        return events

    def _end(self, clock: int) -> list[Event]:
        """Whatever plays ends; a channel that was turned down is as loud again as it was."""
        events = [*self._lifted(clock), *self._muted(clock, mute=False)]
        if self._input is not None:
            events += self._zoned([control(EXPRESSION, FULL, at_sample=clock, channel=MANAGER)])
        self._run, self._input, self.plays, self.listens = None, None, False, False
        return events

    def _muted(self, clock: int, *, mute: bool) -> list[Event]:
        """The notes of a phrase, and nothing else, are silent or not."""
        if mute == self._is_mute:
            return []
        self._is_mute = mute
        value = 0 if mute else FULL
        return [control(EXPRESSION, value, at_sample=clock, channel=channel) for channel in range(1, CHANNELS)]

    def _lifted(self, clock: int) -> list[Event]:
        held, self._held = sorted(self._held), set()
        self._used |= {channel: clock for channel, _ in held}
        return [note_off(key, at_sample=clock, channel=channel) for channel, key in held]

    def _noted(self, events: Iterable[Event]) -> set[int]:
        """Remember which keys are down; the channels that are used."""
        used = set()
        for event in events:
            used.add(event.channel)
            if event.kind is Kind.NOTE_ON:
                self._held.add((event.channel, event.number))
            elif event.kind is Kind.NOTE_OFF:
                self._held.discard((event.channel, event.number))
        return used

    def _forgotten(self, clock: int, used: set[int]) -> list[Event]:
        """What leaves to others the channels that have followed a phrase, once their last notes have died away."""
        self._used |= dict.fromkeys(used, clock)
        down = {channel for channel, _ in self._held}
        over = [at for at, then in self._used.items() if clock - then > FORGETTING_SAMPLES and at not in down]
        for channel in over:
            del self._used[channel]
        return [Event(kind, channel, 0, math.nan, clock) for channel in over for kind in FOLLOWED]

    def _zoned(self, events: Iterable[Event]) -> list[Event]:
        """The events; what an MPE zone's manager is told is told to each channel where there is no zone."""
        if self._is_zone():
            return list(events)
        found = []
        for event in events:
            is_for_all = event.kind is Kind.CONTROL and event.channel == MANAGER
            channels = range(1, CHANNELS) if is_for_all else (event.channel,)
            found += [
                control(event.number, int(event.value), at_sample=event.at_sample, channel=channel)
                if is_for_all
                else event
                for channel in channels
            ]
        return found


def _begun(score: Score, at_sample: int, clock: int) -> _Run:
    """A phrase that is at one of its samples when the engine's clock is; it is followed from the hop of that on."""
    at_sample = min(max(at_sample, 0), score.samples)
    begun = at_sample // HOP * HOP
    clock -= at_sample - begun
    if score.notes is None:
        return _Run(begun, clock, NoteMaker(score.rules), begun // HOP)
    notes = EventList(score.notes)
    notes.until(begun)
    return _Run(begun, clock, notes=notes)


def _ramp(now: float, to: float, samples: int) -> FloatArray:
    """Gains [samples] on the way from one to the other."""
    steps = np.arange(1, samples + 1, dtype=np.float32) / FADE_SAMPLES
    return np.asarray(np.clip(now + np.sign(to - now) * steps, min(now, to), max(now, to)), np.float32)


def _part(sound: NDArray[np.int16], begin: int, samples: int) -> FloatArray:
    """[samples] of a sound from a place on, which may lie before its beginning or beyond its end."""
    found = np.zeros(samples, np.float32)
    some = sound[max(begin, 0) : max(begin + samples, 0)]
    first = max(-begin, 0)
    found[first : first + len(some)] = some
    return found
