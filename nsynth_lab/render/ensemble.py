"""Several engines that play together, each its own channels: how a song has a preset for each of its parts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.synth.engine import Engine, EngineState
from nsynth_lab.synth.mixer import KNEE, soft_clip
from nsynth_lab.units import FloatArray


class Part(NamedTuple):
    """An engine and the channels that it hears."""

    engine: Engine
    channels: Collection[int]


class Ensemble:
    """As an `Engine`, of one or more parts; what no part hears is not played. `player` is the first part's."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._engines = [part.engine for part in parts]
        self.player = self._engines[0].player
        self.delay_samples = max(engine.delay_samples for engine in self._engines)
        lags = [self.delay_samples - engine.delay_samples for engine in self._engines]
        self._late: list[FloatArray] = [np.zeros((2, lag), np.float32) for lag in lags]
        self._peak = 0.0

    @property
    def clock(self) -> int:
        """As `Engine.clock`."""
        return self._engines[0].clock

    @property
    def idle(self) -> bool:
        """As `Engine.idle`, of all."""
        return all(engine.idle for engine in self._engines)

    @property
    def max_voices(self) -> int:
        """As `Engine.max_voices`, together."""
        return sum(engine.max_voices for engine in self._engines)

    @property
    def limited(self) -> bool:
        """As `Engine.limited`, of any."""
        return any(engine.limited for engine in self._engines)

    def send(self, events: Iterable[Event]) -> None:
        """As `Engine.send`: each event to the parts that hear its channel, a parameter to all."""
        taken = list(events)
        for part in self.parts:
            part.engine.send(event for event in taken if event.kind is Kind.SETTING or event.channel in part.channels)

    def render(self, samples: int) -> FloatArray:
        """As `Engine.render`: all parts, in step although their effects take their own time."""
        total = np.zeros((2, samples), np.float32)
        for place, engine in enumerate(self._engines):
            sound = np.concatenate([self._late[place], engine.render(samples)], axis=1)
            total += sound[:, :samples]
            self._late[place] = sound[:, samples:]
        self._peak = float(np.abs(total).max(initial=0.0))
        return soft_clip(total) if self._peak > KNEE else total

    def warm_up(self) -> None:
        """As `Engine.warm_up`."""
        for engine in self._engines:
            engine.warm_up()

    def step_seconds(self) -> float:
        """As `Engine.step_seconds`, together."""
        return sum(engine.step_seconds() for engine in self._engines)

    def steal(self, count: int) -> int:
        """As `Engine.steal`: from whichever part has most voices."""
        gone = 0
        while gone < count:
            fullest = max(self._engines, key=lambda engine: engine.state().voices)
            if not (now := fullest.steal(1)):
                break
            gone += now
        return gone

    def limit(self, voices: int) -> None:
        """As `Engine.limit`: the same for each part."""
        for engine in self._engines:
            engine.limit(-(-voices // len(self._engines)))

    def troubles(self) -> list[str]:
        """As `Engine.troubles`."""
        return [line for engine in self._engines for line in engine.troubles()]

    def state(self) -> EngineState:
        """As `Engine.state`: what can be counted together, the rest of the first part."""
        states = [engine.state() for engine in self._engines]
        voices, overload_stolen, stolen, dropped = (
            sum(getattr(state, name) for state in states) for name in ("voices", "overload_stolen", "stolen", "dropped")
        )
        first = states[0]
        return replace(
            first, voices=voices, overload_stolen=overload_stolen, stolen=stolen, dropped=dropped, peak=self._peak
        )


Playing = Engine | Ensemble  # what plays a song, or under a player's hands
