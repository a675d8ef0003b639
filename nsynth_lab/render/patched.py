"""A patch on the synth: what it says of sound and keys as Settings, its effects behind the engine, its knobs on MIDI.

Its blend, movements, envelope, tuning and voice mode are the synth's. Its effects and its level come after the mixed
block. Controllers move both, at the sample at which they are moved, so that blocks of any size sound the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nsynth_lab.effects import chain_of
from nsynth_lab.effects.effect import SHORTEST_BLOCK_SAMPLES
from nsynth_lab.patch import Patch
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.patch.targets import moved
from nsynth_lab.synth.motion import Motion
from nsynth_lab.synth.settings import PARAMETERS, USUAL_CONTROLLERS, Settings
from nsynth_lab.synth.tuning import HIGHEST_HZ, LOWEST_HZ, Tuning
from nsynth_lab.units import SAMPLE_RATE, FloatArray, cents_to_ratio, gain_to_db, note_to_hz

QUIET = 1e-4
QUIET_SAMPLES = SAMPLE_RATE
MS = 1000.0


def corners_of(patch: Patch) -> tuple[str, ...]:
    """Two or four instruments; of three the last is there twice, along the whole edge at y = 1."""
    names = patch.blend.corners
    return (*names, names[-1]) if len(names) == 3 else names


def settings_of(patch: Patch, *, mpe: bool = False, seed: int = 0) -> Settings:
    """The synth of a patch, whose macros stand where they put things (`Patch.settled`)."""
    voice = patch.voice
    mpe = mpe or voice.mpe
    settings = Settings(
        voices=max(voice.voices, voice.unison),
        mode=voice.mode,
        unison=voice.unison,
        mpe=mpe,
        controllers={} if patch.midi else dict(USUAL_CONTROLLERS),
        tuning=_tuning(patch),
        motion=Motion(patch.blend, seed),
    )
    wheel = "manager_bend_semitones" if mpe else "bend_semitones"  # a note's own bend is the player's business
    return settings.changed({**_values(patch), wheel: voice.bend_semitones})


def _values(patch: Patch) -> dict[str, float]:
    """What a patch says of the synth's parameters, within their ranges."""
    x, y = (*patch.blend.position, 0.5)[:2]
    envelope, voice = patch.envelope, patch.voice
    values = {
        "x": x,
        "y": y,
        "attack_ms": MS * envelope.attack_seconds,
        "decay_ms": MS * envelope.decay_seconds,
        "sustain_db": gain_to_db(envelope.sustain, floor_db=PARAMETERS["sustain_db"].low),
        "release_ms": MS * envelope.release_seconds,
        "glide_ms": MS * voice.glide_seconds,
        "detune_cents": voice.detune_cents,
        "spread": voice.spread,
        "vibrato_cents": voice.vibrato_cents,
    }
    return {name: min(max(value, PARAMETERS[name].low), PARAMETERS[name].high) for name, value in values.items()}


def _tuning(patch: Patch) -> Tuning:
    table = [note_to_hz(float(key)) * cents_to_ratio(patch.tuning.cents(key)) for key in range(128)]
    return Tuning(tuple(hz if LOWEST_HZ <= hz <= HIGHEST_HZ else None for hz in table))


class PatchEffects:
    """A patch's effects and knobs, as the engine's `After`. Make it on the main thread.

    `live` also takes out plugins that are too slow to play along.

    Raises:
        PatchError, PluginError, AudioError: an effect cannot be made ready.
    """

    def __init__(self, patch: Patch, *, live: bool = False, seed: int = 0) -> None:
        self.chain = chain_of(patch, deadline=live)
        self._begun = self._now = patch
        self._seed = seed
        self._waiting: list[tuple[int, str, Parameter]] = []
        self._quiet_samples = QUIET_SAMPLES

    @property
    def latency_samples(self) -> int:
        """Of the chain."""
        return self.chain.latency_samples

    @property
    def quiet(self) -> bool:
        """Whether nothing has been heard for a second."""
        return self._quiet_samples >= QUIET_SAMPLES

    def turn(self, controller: int, value: float, at_sample: int) -> Mapping[str, object]:
        """See `After`; what it moves in the chain waits for its sample."""
        before = self._now
        for target, moved_to in before.controlled(controller, value).items():
            self._now = moved(self._now, target, moved_to)
        if self._now is before:
            return {}
        self._wait(before, at_sample)
        return self._changes(before)

    def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
        """See `After`."""
        samples = block.shape[1]
        heard, done = [], 0
        for at_sample, name, value in self._waiting:
            at = min(max(at_sample - begin_sample, done), samples)
            if at - done >= SHORTEST_BLOCK_SAMPLES and samples - at >= SHORTEST_BLOCK_SAMPLES:
                heard.append(self.chain.process(block[:, done:at]))
                done = at
            self.chain.set(name, value)
        self._waiting.clear()
        heard.append(self.chain.process(block[:, done:]))
        out = heard[0] if len(heard) == 1 else np.concatenate(heard, axis=1)
        loud = float(np.abs(out).max(initial=0.0)) > QUIET
        self._quiet_samples = 0 if loud else self._quiet_samples + samples
        return out

    def troubles(self) -> list[str]:
        """Of the chain."""
        return [str(trouble) for trouble in self.chain.troubles()]

    def _changes(self, before: Patch) -> dict[str, object]:
        """The synth's settings that are other than they were."""
        now = self._now
        old, new = _values(before), _values(now)
        changes: dict[str, object] = {name: value for name, value in new.items() if value != old[name]}
        if now.blend != before.blend:  # the position is the wheel's: here it says where a path begins
            changes["motion"] = Motion(replace(now.blend, position=self._begun.blend.position), self._seed)
        if now.tuning != before.tuning:
            changes["tuning"] = _tuning(now)
        return changes

    def _wait(self, before: Patch, at_sample: int) -> None:
        now = self._now
        if now.level_db != before.level_db:
            self._waiting.append((at_sample, "level_db", now.level_db))
        for new, old in zip(now.effects, before.effects, strict=True):
            if new.mix != old.mix:
                self._waiting.append((at_sample, f"{new.label}.mix", new.mix))
            changed = [(name, value) for name, value in new.parameters.items() if value != old.parameters.get(name)]
            self._waiting += [(at_sample, f"{new.label}.{name}", value) for name, value in changed]
