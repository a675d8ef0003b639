"""Layers: the hosted instruments of a patch, mixed with what the synth plays under the same keys.

    hear(event) --> Keys: key range, transposition --> PluginProcess --> level, delay --+--> block
                                                       what the synth has made, delay --+

All are delayed to the latency of the slowest, so that one key sounds as one note.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

import numpy as np

from nsynth_lab.effects.blocks import parts
from nsynth_lab.effects.effect import Delay, ParameterSetter
from nsynth_lab.effects.host import instrument_info
from nsynth_lab.effects.hosted_plugin import setup_of
from nsynth_lab.effects.keys import Keys
from nsynth_lab.effects.plugin_here import start_plugin
from nsynth_lab.effects.shared_blocks import Message
from nsynth_lab.effects.smoothing import SmoothedValue
from nsynth_lab.effects.watchdog import LOUDEST
from nsynth_lab.errors import PatchError
from nsynth_lab.midi.events import Event
from nsynth_lab.patch import Layer, Patch
from nsynth_lab.units import FloatArray, db_to_gain

LEVEL = "level_db"


class HostedLayer:
    """One of them: `hear` its events, `begin` a block, `collect` it, then take its `part`s."""

    def __init__(self, layer: Layer, *, transpose: int, live: bool) -> None:
        info = instrument_info(layer)
        self.label = layer.label
        self.keys = Keys(low=layer.low_key, high=layer.high_key, transpose=layer.transpose + transpose)
        self._gain = SmoothedValue(db_to_gain(layer.level_db))
        self._trouble, self._told_late = "", 1
        self._events: list[tuple[int, bytes]] = []
        self._made: FloatArray = np.zeros((2, 0), np.float32)
        changes = {name: info.find(name).raw(value) for name, value in layer.parameters.items()}
        self._plugin = start_plugin(
            setup_of(info, state=layer.raw_state, changes=changes, live=live, note=self.keys.middle)
        )

    def ready(self) -> int:
        """Wait until it is loaded; its latency in samples."""
        return self._plugin.ready().latency_samples

    def align(self, latency_samples: int) -> None:
        """From now on, as late as that in all."""
        self._delay = Delay(latency_samples - self._plugin.latency_samples)

    def hear(self, event: Event, at_sample: int) -> None:
        """Queue what the plugin is told of an event."""
        self._events += ((at_sample, data) for data in self.keys.messages(event))

    def begin(self, begin_sample: int, samples: int) -> None:
        """Have the plugin make the next block."""
        events, self._events = self._events, []
        for part in parts(samples):
            first, end = begin_sample + part.start, begin_sample + part.stop
            now = [Message(max(0, at - first), data) for at, data in events if at < end]
            events = [(at, data) for at, data in events if at >= end]
            self._plugin.submit(part.stop - part.start, events=now)
        self._events = events

    def collect(self, samples: int) -> None:
        """Take that block from the plugin; silence where it comes too late."""
        made = [self._part(part.stop - part.start) for part in parts(samples)]
        self._made = made[0] if len(made) == 1 else np.concatenate(made, axis=1)

    def part(self, part: slice) -> FloatArray:
        """The next part [2, samples] of what was collected, at its level and in time with the others."""
        made = self._made[:, part]
        return self._delay.process(np.asarray(made * self._gain.next(made.shape[1]), np.float32))

    def set_level(self, level_db: float) -> None:
        """Its level beside the blend, from the next block on."""
        self._gain.set(db_to_gain(level_db))

    @property
    def trouble(self) -> str:
        """Why it plays no more; empty while it does."""
        return self._trouble or self._plugin.trouble

    def news(self) -> str:
        """How many blocks have come too late, each time that they are ten times as many; else empty."""
        if self._plugin.late < self._told_late:
            return ""
        self._told_late = 10 * self._plugin.late
        return f"layer {self.label} has come too late {self._plugin.late} times and was silent for so many blocks"

    def close(self) -> None:
        """Unload it."""
        self._plugin.close()

    def _part(self, samples: int) -> FloatArray:
        sound = self._plugin.take()
        if sound is None or self._trouble:
            return np.zeros((2, samples), np.float32)
        if not float(np.abs(sound).max(initial=0.0)) < LOUDEST:  # also true for NaN
            self._trouble = "gave NaN or infinite samples"
            return np.zeros((2, samples), np.float32)
        return sound


class Layers:
    """All of a patch (macros applied). Several are loaded at the same time.

    Attributes:
        latency_samples: how much later than the synth's blocks the mix is.

    Raises:
        PatchError, PluginError, MissingError: one of them cannot be loaded; the message names it.
    """

    def __init__(self, patch: Patch, *, live: bool = False) -> None:
        self._layers: list[HostedLayer] = []
        self._reported: set[str] = set()
        self._begun = False
        with ExitStack() as stack:
            stack.callback(self.close)
            for number, layer in enumerate(patch.layers, start=1):
                try:
                    self._layers.append(HostedLayer(layer, transpose=patch.tuning.transpose, live=live))
                except PatchError as error:
                    raise error.below(f"layers.{number}.parameters") from error
            latencies = [layer.ready() for layer in self._layers]
            stack.pop_all()
        self.latency_samples = max(latencies, default=0)
        self._delay = Delay(self.latency_samples)
        for one in self._layers:
            one.align(self.latency_samples)

    def hear(self, event: Event, at_sample: int) -> None:
        """An event of the synth's keys, wheels and pedals, before the block in which it happens."""
        for layer in self._layers:
            layer.hear(event, at_sample)

    def begin(self, begin_sample: int, samples: int) -> None:
        """Have all make the next block, while the synth makes its own."""
        self._begun = True
        for layer in self._layers:
            layer.begin(begin_sample, samples)

    def collect(self, begin_sample: int, samples: int) -> None:
        """Wait for that block, or for one that has not been begun."""
        if not self._begun:
            self.begin(begin_sample, samples)
        self._begun = False
        for layer in self._layers:
            layer.collect(samples)

    def mixed(self, block: FloatArray, part: slice) -> FloatArray:
        """The next part of the synth's block, which is [2, samples], with theirs; levels may change between parts."""
        if not self._layers:
            return block[:, part]
        out = self._delay.process(block[:, part])
        for layer in self._layers:
            out = out + layer.part(part)
        return out

    def setter(self, name: str) -> ParameterSetter:
        """A function that sets `LABEL.level_db` from the next block on, to values within its range.

        Raises:
            PatchError: there is no such layer, or it has no such parameter.
        """
        label, _, parameter = name.partition(".")
        found = next((layer for layer in self._layers if layer.label == label), None)
        if found is None or parameter != LEVEL:
            raise PatchError(f"no layer has it; expected {', '.join(f'{one.label}.{LEVEL}' for one in self._layers)}")
        return lambda value: found.set_level(float(value))

    @property
    def taken_out(self) -> Mapping[str, str]:
        """Those that play no more, by label, and why."""
        return {layer.label: layer.trouble for layer in self._layers if layer.trouble}

    def troubles(self) -> list[str]:
        """Problems since the last call, one line each."""
        new = {label: why for label, why in self.taken_out.items() if label not in self._reported}
        self._reported |= new.keys()
        return [f"layer {label} {why}; the rest plays on" for label, why in new.items()] + [
            line for layer in self._layers if (line := layer.news())
        ]

    def close(self) -> None:
        """Unload them."""
        for layer in self._layers:
            layer.close()
