"""An engine that plays a palette: what moves the position of the blend moves among its loops, with or without it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nsynth_lab.melody.palette import PalettePlayer
from nsynth_lab.midi.events import OF_THE_SONG, Event, Kind
from nsynth_lab.render.clocked_palette import ClockedPalette
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.synth.engine import EngineState
from nsynth_lab.synth.player import Player
from nsynth_lab.synth.settings import PARAMETERS
from nsynth_lab.units import FloatArray

AXES = ("x", "y")


class PaletteEngine:
    """Behaves like the engine that sounds; live and offline it plays the same, whatever the blocks.

    Args:
        engine: what sounds.
        palette: what it plays; one that a clock plays is told of the clock among the events.
        controllers: controller numbers and the parameters that they move; those that move x and y move the palette.
        together: whether the position moves the blend too, or only the melody.
    """

    def __init__(
        self,
        engine: Playing,
        palette: PalettePlayer | ClockedPalette,
        *,
        controllers: Mapping[int, str],
        together: bool,
    ) -> None:
        self._engine, self._palette, self._together = engine, palette, together
        self._controllers = {number: name for number, name in controllers.items() if name in AXES}
        self.delay_samples = engine.delay_samples

    @property
    def player(self) -> Player:
        """As `Engine.player`."""
        return self._engine.player

    @property
    def clock(self) -> int:
        """As `Engine.clock`."""
        return self._engine.clock

    @property
    def idle(self) -> bool:
        """Whether the palette has ended and nothing sounds."""
        return self._palette.ended and self._engine.idle

    @property
    def max_voices(self) -> int:
        """As `Engine.max_voices`."""
        return self._engine.max_voices

    @property
    def limited(self) -> bool:
        """As `Engine.limited`."""
        return self._engine.limited

    def send(self, events: Iterable[Event]) -> None:
        """Take moves of the position, and pass on what else there is."""
        passed, palette = [], self._palette
        for event in events:
            if event.kind in OF_THE_SONG and isinstance(palette, ClockedPalette):
                palette.hear(event)
            axis = self._axis(event)
            if axis:
                value = PARAMETERS[axis].from_controller(event.value) if event.kind is Kind.CONTROL else event.value
                palette.move(event.at_sample, axis, value)
            if not axis or self._together:
                passed.append(event)
        self._engine.send(passed)

    def _axis(self, event: Event) -> str:
        """The axis that an event moves; empty if it moves none."""
        name = self._controllers.get(event.number, "") if event.kind is Kind.CONTROL else event.name
        return name if name in AXES else ""

    def render(self, samples: int) -> FloatArray:
        """As `Engine.render`."""
        self._engine.send(self._palette.until(self._engine.clock + samples))
        return self._engine.render(samples)

    def steal(self, count: int) -> int:
        """As `Engine.steal`."""
        return self._engine.steal(count)

    def limit(self, voices: int) -> None:
        """As `Engine.limit`."""
        self._engine.limit(voices)

    def troubles(self) -> list[str]:
        """As `Engine.troubles`."""
        return self._engine.troubles()

    def state(self) -> EngineState:
        """As `Engine.state`; the position is that of the palette."""
        return replace(self._engine.state(), x=self._palette.x, y=self._palette.y)
