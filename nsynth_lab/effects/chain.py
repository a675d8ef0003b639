"""Chain: a patch's effects in their order, then its level, then a limiter that lets nothing through above -0.3 dBFS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np

from nsynth_lab.effects.built_in import BuiltIn
from nsynth_lab.effects.effect import CHANNELS, MAX_BLOCK_SAMPLES, SHORTEST_BLOCK_SAMPLES, Knob
from nsynth_lab.effects.host import HostedEffect
from nsynth_lab.effects.smoothing import Glide
from nsynth_lab.effects.stage import Stage
from nsynth_lab.effects.watchdog import Watch
from nsynth_lab.errors import PatchError
from nsynth_lab.patch import Patch, Slot, find_effect
from nsynth_lab.patch.rules import Parameter, Rule
from nsynth_lab.units import FloatArray, db_to_gain

CEILING_DB = -0.3
TAIL_DB = -80.0
LONGEST_TAIL_SAMPLES = 20 * 48_000
GUARD = Slot("limiter", label="guard", parameters={"ceiling_db": CEILING_DB, "release_ms": 80.0, "lookahead_ms": 1.5})
LEVEL = Rule("number", low=-60.0, high=36.0, unit="dB")


@dataclass(frozen=True)
class Trouble:
    """An effect that was taken out of the chain, and why."""

    label: str
    why: str

    def __str__(self) -> str:
        return f"effect {self.label} {self.why}; it is bypassed"


class Chain:
    """Mono or stereo blocks in, stereo blocks out; live and offline through the same code.

    Make it on the main thread (plugins must be loaded there); then any one thread may call `process` and `set`. A
    context manager: leaving it unloads the plugins.

    Args:
        slots: in the order of the sound.
        level_db: gain after them.
        home: the preset's folder, where its sound files lie.
        deadline: also take out plugins that are too slow to play along.

    Raises:
        PatchError, PluginError, AudioError: an effect cannot be made ready; it is named.
    """

    def __init__(
        self, slots: Sequence[Slot], *, level_db: float = 0.0, home: Path | None = None, deadline: bool = False
    ) -> None:
        self._stages: list[Stage] = []
        for number, slot in enumerate(slots, start=1):
            try:
                self._stages.append(_stage(slot, home, deadline))
            except BaseException as error:
                for stage in self._stages:
                    stage.close()
                if isinstance(error, PatchError):
                    raise error.below(f"effects.{number}") from error
                raise
        self._guard = _stage(GUARD, None, False)
        self._gain = Glide(db_to_gain(level_db))
        self._told: set[str] = set()

    @property
    def latency_samples(self) -> int:
        """How late the sound comes."""
        return sum(stage.latency_samples for stage in (*self._stages, self._guard))

    def process(self, block: FloatArray) -> FloatArray:
        """The next block: [1, samples], [2, samples] or [samples] to [2, samples], of 3 samples or more.

        Raises:
            ValueError: a shorter block, or another number of channels.
        """
        samples = block.shape[-1]
        if samples < SHORTEST_BLOCK_SAMPLES or block.ndim > 2 or (block.ndim == 2 and len(block) > CHANNELS):
            raise ValueError(f"a block of shape {block.shape}; expected one or two channels of 3 samples or more")
        if samples > MAX_BLOCK_SAMPLES:
            parts = [self.process(block[..., part]) for part in _parts(samples)]
            return np.concatenate(parts, axis=1)
        out = np.ascontiguousarray(np.broadcast_to(block, (CHANNELS, samples)), np.float32)
        for stage in self._stages:
            out = stage.process(out)
        return self._guard.process(np.asarray(out * self._gain.next(samples), np.float32))

    def run(self, samples: FloatArray, *, tail: bool = True) -> FloatArray:
        """A whole sound [channels, samples] through it, its latency taken out; with `tail`, until it is quiet."""
        length, late = samples.shape[-1], self.latency_samples
        silence = np.zeros((*samples.shape[:-1], MAX_BLOCK_SAMPLES), np.float32)
        heard = [self.process(samples)] if length >= SHORTEST_BLOCK_SAMPLES else []
        come, quiet = length, 0
        while come < length + late or (tail and quiet < 4 and come < length + LONGEST_TAIL_SAMPLES):
            heard.append(self.process(silence))
            come += MAX_BLOCK_SAMPLES
            quiet = quiet + 1 if float(np.abs(heard[-1]).max()) < db_to_gain(TAIL_DB) else 0
        whole = np.concatenate(heard, axis=1)
        return whole[:, late:] if tail else whole[:, late : late + length]

    def set(self, name: str, value: Parameter) -> None:
        """Move `level_db` or `LABEL.PARAMETER`, also `LABEL.mix` and `LABEL.bypass`, from the next block on.

        Raises:
            PatchError: there is none of that name, or the value is out of range.
        """
        self.knob(name, value)(value)

    def knob(self, name: str, *ends: Parameter) -> Knob:
        """What moves one of these to `ends` and to numbers between them, at once: all that can be wrong is said here.

        Raises:
            PatchError: as `set`.
        """
        if name == "level_db":
            for end in ends:
                LEVEL.check(end)
            return lambda value: self._gain.to(db_to_gain(float(value)))
        label, _, parameter = name.partition(".")
        for stage in self._stages:
            if stage.label == label:
                return stage.knob(parameter, *ends)
        raise PatchError(
            f"the chain has no effect {label}; it has {', '.join(s.label for s in self._stages) or 'none'}"
        )

    def troubles(self) -> list[Trouble]:
        """Effects taken out since it was last asked. A list, not an exception: the music goes on."""
        new = [Trouble(stage.label, stage.trouble) for stage in self._stages if stage.trouble]
        new = [one for one in new if one.label not in self._told]
        self._told |= {one.label for one in new}
        return new

    def reset(self) -> None:
        """Forget what has been heard. On the main thread."""
        for stage in (*self._stages, self._guard):
            stage.reset()
        self._gain.finish()

    def close(self) -> None:
        """Unload the plugins. On the main thread."""
        for stage in (*self._stages, self._guard):
            stage.close()

    def __enter__(self) -> Chain:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def chain_of(patch: Patch, *, deadline: bool = False) -> Chain:
    """The chain of a patch.

    Raises:
        PatchError, PluginError, AudioError: as `Chain`.
    """
    return Chain(patch.effects, level_db=patch.level_db, home=patch.home, deadline=deadline)


def _stage(slot: Slot, home: Path | None, deadline: bool) -> Stage:
    if slot.plugin:
        stage = Stage(
            slot.label, HostedEffect(slot), mix=slot.mix, bypass=slot.bypass, watch=Watch(deadline=deadline)
        )  # fmt: skip
    else:
        effect = BuiltIn(slot, find_effect(slot.effect), home=home)
        stage = Stage(slot.label, effect, mix=slot.mix, bypass=slot.bypass)
    stage.prepare()
    return stage


def _parts(samples: int) -> list[slice]:
    """Slices of at most 1024 samples, none shorter than 3."""
    ends = list(range(MAX_BLOCK_SAMPLES, samples, MAX_BLOCK_SAMPLES))
    if ends and samples - ends[-1] < SHORTEST_BLOCK_SAMPLES:
        ends[-1] -= SHORTEST_BLOCK_SAMPLES
    edges = [0, *ends, samples]
    return [slice(*pair) for pair in pairwise(edges)]
