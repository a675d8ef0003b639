"""Chain: a patch's effects in order, then its level, then a limiter that keeps the output at or below -0.3 dBFS.

Where an effect is made: `_stage`, at the end. Where parameters are changed while playing: `Chain.setter`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from nsynth_lab.effects.blocks import parts
from nsynth_lab.effects.built_in import BuiltIn
from nsynth_lab.effects.effect import CHANNELS, MAX_BLOCK_SAMPLES, SHORTEST_BLOCK_SAMPLES, ParameterSetter
from nsynth_lab.effects.host import HostedEffect
from nsynth_lab.effects.smoothing import SmoothedValue
from nsynth_lab.effects.stage import Stage
from nsynth_lab.effects.watchdog import Watchdog
from nsynth_lab.errors import PatchError
from nsynth_lab.patch import Patch, Slot, find_effect
from nsynth_lab.patch.rules import Parameter, Rule
from nsynth_lab.units import FloatArray, db_to_gain

CEILING_DB = -0.3
TAIL_DB = -80.0
QUIET_BLOCKS = 4  # in a row below TAIL_DB: the tail is over
LONGEST_TAIL_SAMPLES = 20 * 48_000
LIMITER = Slot(
    "limiter", label="output limiter", parameters={"ceiling_db": CEILING_DB, "release_ms": 80.0, "lookahead_ms": 1.5}
)
LEVEL = Rule("number", low=-60.0, high=36.0, unit="dB")


@dataclass(frozen=True)
class Trouble:
    """An effect that the watchdog has bypassed, and why."""

    label: str
    why: str

    def __str__(self) -> str:
        return f"effect {self.label} {self.why}; it is bypassed"


class Chain:
    """Mono or stereo blocks in, stereo blocks out; live and offline playing use the same code.

    Any thread may make it, and afterwards any one thread may call `process` and `set`.
    A context manager: leaving it unloads the plugins.

    Args:
        slots: the effects, in signal order.
        level_db: gain after the effects.
        home: the preset's folder, where its impulse responses are.
        deadline: also bypass plugins that are too slow for real time.

    Raises:
        PatchError, PluginError, AudioError: an effect cannot be prepared; the message names it.
    """

    def __init__(
        self, slots: Sequence[Slot], *, level_db: float = 0.0, home: Path | None = None, deadline: bool = False
    ) -> None:
        self._stages: list[Stage] = []
        with ExitStack() as unloading:
            for number, slot in enumerate(slots, start=1):
                with _naming(number):
                    self._stages.append(_stage(slot, home, deadline))
                unloading.callback(self._stages[-1].close)
            for number, stage in enumerate(self._stages, start=1):  # by now all plugins are being loaded
                with _naming(number):
                    stage.prepare()
            self._limiter = _stage(LIMITER, None, False)
            self._limiter.prepare()
            unloading.pop_all()
        self._gain = SmoothedValue(db_to_gain(level_db))
        self._reported: set[str] = set()

    @property
    def latency_samples(self) -> int:
        """Latency of the whole chain, limiter included."""
        return sum(stage.latency_samples for stage in (*self._stages, self._limiter))

    def process(self, block: FloatArray) -> FloatArray:
        """Process the next block: [samples], [1, samples] or [2, samples] in, [2, samples] out.

        Raises:
            ValueError: fewer than 3 samples, or more than two channels.
        """
        samples = block.shape[-1]
        if samples < SHORTEST_BLOCK_SAMPLES or block.ndim > 2 or (block.ndim == 2 and len(block) > CHANNELS):
            raise ValueError(f"a block of shape {block.shape}; expected one or two channels of 3 samples or more")
        if samples > MAX_BLOCK_SAMPLES:
            return np.concatenate([self.process(block[..., part]) for part in parts(samples)], axis=1)
        out = np.ascontiguousarray(np.broadcast_to(block, (CHANNELS, samples)), np.float32)
        for stage in self._stages:
            out = stage.process(out)
        return self._limiter.process(np.asarray(out * self._gain.next(samples), np.float32))

    def run(self, samples: FloatArray, *, tail: bool = True) -> FloatArray:
        """A whole sound [channels, samples] through the chain, its latency removed.

        With `tail` the result goes on until it has decayed below -80 dBFS, for at most 20 s; otherwise it is as long as
        the input.
        """
        length, latency = samples.shape[-1], self.latency_samples
        silence = np.zeros((*samples.shape[:-1], MAX_BLOCK_SAMPLES), np.float32)
        out = [self.process(samples)] if length >= SHORTEST_BLOCK_SAMPLES else []
        processed, quiet_blocks = length, 0
        while processed < length + latency or (
            tail and quiet_blocks < QUIET_BLOCKS and processed < length + LONGEST_TAIL_SAMPLES
        ):
            out.append(self.process(silence))
            processed += MAX_BLOCK_SAMPLES
            quiet_blocks = quiet_blocks + 1 if float(np.abs(out[-1]).max()) < db_to_gain(TAIL_DB) else 0
        whole = np.concatenate(out, axis=1)
        return whole[:, latency:] if tail else whole[:, latency : latency + length]

    def set(self, name: str, value: Parameter) -> None:
        """Set `level_db`, `LABEL.PARAMETER`, `LABEL.mix` or `LABEL.bypass` from the next block on.

        Raises:
            PatchError: no such parameter, or the value is out of range.
        """
        self.setter(name, value)(value)

    def setter(self, name: str, *ends: Parameter) -> ParameterSetter:
        """A function that sets one of these to `ends` or to numbers between them; everything is checked here, once.

        Raises:
            PatchError: as `set`.
        """
        if name == "level_db":
            for end in ends:
                LEVEL.check(end)
            return lambda value: self._gain.set(db_to_gain(float(value)))
        label, _, parameter = name.partition(".")
        for stage in self._stages:
            if stage.label == label:
                return stage.setter(parameter, *ends)
        raise PatchError(
            f"the chain has no effect {label}; it has {', '.join(s.label for s in self._stages) or 'none'}"
        )

    def set_tempo(self, bpm: float) -> None:
        """Delays and rates in beats follow this tempo from the next block on."""
        for stage in self._stages:
            stage.effect.set_tempo(bpm)

    def troubles(self) -> list[Trouble]:
        """Effects bypassed by the watchdog since the last call. A list, not an exception: the music goes on."""
        new = [Trouble(stage.label, stage.trouble) for stage in self._stages if stage.trouble]
        new = [one for one in new if one.label not in self._reported]
        self._reported |= {one.label for one in new}
        return new

    @property
    def taken_out(self) -> dict[str, str]:
        """Effects that the watchdog has bypassed so far, by label, and why."""
        return {stage.label: stage.trouble for stage in self._stages if stage.trouble}

    def reset(self) -> None:
        """Clear all state, such as reverb tails. On the main thread."""
        for stage in (*self._stages, self._limiter):
            stage.reset()
        self._gain.finish()

    def close(self) -> None:
        """Unload the plugins. On the main thread."""
        for stage in (*self._stages, self._limiter):
            stage.close()

    def __enter__(self) -> Chain:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def chain_of(patch: Patch, *, deadline: bool = False) -> Chain:
    """The effects chain of a patch.

    Raises:
        PatchError, PluginError, AudioError: as `Chain`.
    """
    chain = Chain(patch.effects, level_db=patch.level_db, home=patch.home, deadline=deadline)
    chain.set_tempo(patch.tempo_bpm)
    return chain


@contextmanager
def _naming(number: int) -> Iterator[None]:
    """What is wrong with an effect is said with its place among the others."""
    try:
        yield
    except PatchError as error:
        raise error.below(f"effects.{number}") from error


def _stage(slot: Slot, home: Path | None, deadline: bool) -> Stage:
    if not slot.plugin:
        return Stage(slot.label, BuiltIn(slot, find_effect(slot.effect), home=home), mix=slot.mix, bypass=slot.bypass)
    hosted = HostedEffect(slot, live=deadline)
    return Stage(slot.label, hosted, mix=slot.mix, bypass=slot.bypass, watchdog=Watchdog(deadline=deadline))
