"""Several engines as one, each with its own MIDI channels: so each part of a song can have its own preset."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nsynth_lab.midi.events import OF_THE_SONG, Event, Kind
from nsynth_lab.synth.engine import Engine, EngineState
from nsynth_lab.synth.mixer import KNEE, soft_clip
from nsynth_lab.synth.player import Player
from nsynth_lab.units import FloatArray


class Part(NamedTuple):
    """An engine and the channels that it plays; to it they are as many lower as `above` says.

    So a part may have a channel beyond MIDI's sixteen, which nobody can play by accident. Parameters that are set are
    set for it too, unless `is_set` is false. `title` says what it plays.
    """

    engine: Engine | Ensemble
    channels: Collection[int]
    above: int = 0
    is_set: bool = True
    title: str = ""

    def heard(self, events: Iterable[Event]) -> Iterator[Event]:
        """Those of the events that are for it."""
        for event in events:
            if event.kind in OF_THE_SONG:
                yield event
            elif event.kind is Kind.SETTING:
                if self.is_set:
                    yield event
            elif event.channel in self.channels:
                yield replace(event, channel=event.channel - self.above) if self.above else event


class Ensemble:
    """Behaves like an `Engine`; events on channels of no part are ignored. `player` is that of the first part.

    `latest` is what each part has played in the last block, [2, samples].
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._engines = [part.engine for part in parts]
        self.player: Player = self._engines[0].player
        self.delay_samples: int = max(engine.delay_samples for engine in self._engines)
        lags = [self.delay_samples - engine.delay_samples for engine in self._engines]
        self._late: list[FloatArray] = [np.zeros((2, lag), np.float32) for lag in lags]
        self._peak = 0.0
        self.latest: list[FloatArray] = []

    @property
    def clock(self) -> int:
        """As `Engine.clock`."""
        return self._engines[0].clock

    @property
    def idle(self) -> bool:
        """As `Engine.idle`: whether all are."""
        return all(engine.idle for engine in self._engines)

    @property
    def max_voices(self) -> int:
        """As `Engine.max_voices`: the sum."""
        return sum(engine.max_voices for engine in self._engines)

    @property
    def limited(self) -> bool:
        """As `Engine.limited`: whether any is."""
        return any(engine.limited for engine in self._engines)

    def send(self, events: Iterable[Event]) -> None:
        """As `Engine.send`: each event to the parts with its channel, parameters and tempo to all."""
        taken = list(events)
        for part in self.parts:
            part.engine.send(part.heard(taken))

    def render(self, samples: int) -> FloatArray:
        """As `Engine.render`: the sum of all parts, aligned though their effects have different delays."""
        total, latest = np.zeros((2, samples), np.float32), []
        for place, engine in enumerate(self._engines):
            sound = np.concatenate([self._late[place], engine.render(samples)], axis=1)
            latest.append(sound[:, :samples])
            total += latest[-1]
            self._late[place] = sound[:, samples:]
        self.latest = latest
        self._peak = float(np.abs(total).max(initial=0.0))
        return soft_clip(total) if self._peak > KNEE else total

    def warm_up(self) -> None:
        """As `Engine.warm_up`."""
        for engine in self._engines:
            engine.warm_up()

    def step_seconds(self) -> float:
        """As `Engine.step_seconds`: the sum."""
        return sum(engine.step_seconds() for engine in self._engines)

    def steal(self, count: int) -> int:
        """As `Engine.steal`: each from the part with most voices."""
        gone = 0
        while gone < count:
            fullest = max(self._engines, key=lambda engine: engine.state().voices)
            if not (now := fullest.steal(1)):
                break
            gone += now
        return gone

    def limit(self, voices: int) -> None:
        """As `Engine.limit`: shared equally between the parts."""
        for engine in self._engines:
            engine.limit(-(-voices // len(self._engines)))

    def let_go(self) -> None:
        """As `Engine.let_go`."""
        for engine in self._engines:
            engine.let_go()

    def troubles(self) -> list[str]:
        """As `Engine.troubles`: of all."""
        return [line for engine in self._engines for line in engine.troubles()]

    def state(self) -> EngineState:
        """As `Engine.state`: counters summed, the rest from the first part."""
        states = [engine.state() for engine in self._engines]
        voices, overload_stolen, stolen, dropped = (
            sum(getattr(state, name) for state in states) for name in ("voices", "overload_stolen", "stolen", "dropped")
        )
        first = states[0]
        return replace(
            first, voices=voices, overload_stolen=overload_stolen, stolen=stolen, dropped=dropped, peak=self._peak
        )


Playing = Engine | Ensemble  # what live and offline loops pull blocks from
