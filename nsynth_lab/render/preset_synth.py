"""A patch on the synth: `settings_of`, its settings, and `PatchEffects`, its layers and effects behind the engine.

The synth plays its blend, motion, envelope, tuning and voice mode; its layers, effects and level are the engine's
output stage.
MIDI controllers move both at their own sample, so that the sound does not depend on the block size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nsynth_lab.effects import Layers, chain_of
from nsynth_lab.effects.effect import SHORTEST_BLOCK_SAMPLES, ParameterSetter
from nsynth_lab.errors import PatchError
from nsynth_lab.midi.events import Event
from nsynth_lab.patch import Patch, targets
from nsynth_lab.patch.macros import between
from nsynth_lab.patch.rules import Parameter
from nsynth_lab.patch.targets import moved_blend, unchecked
from nsynth_lab.synth.modulation import Motion
from nsynth_lab.synth.parameter_words import seconds_to_ms, sustain_to_db
from nsynth_lab.synth.settings import DEFAULT_CONTROLLERS, PARAMETERS, WEIGHTS, Settings
from nsynth_lab.synth.tuning import HIGHEST_HZ, LOWEST_HZ, Tuning
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, cents_to_ratio, note_to_hz

QUIET = 1e-4
QUIET_SAMPLES = SAMPLE_RATE
TEMPO, UNHEARD = "tempo_bpm", 0.0025  # a share of the tempo: a clock that is followed trembles by less

TRACK = "blend.track"  # not every patch has it

# target of a patch -> parameter of the synth, and the conversion
SYNTH: Mapping[str, tuple[str, Callable[[float], float]]] = {
    "envelope.attack_seconds": ("attack_ms", seconds_to_ms),
    "envelope.decay_seconds": ("decay_ms", seconds_to_ms),
    "envelope.sustain": ("sustain_db", sustain_to_db),
    "envelope.release_seconds": ("release_ms", seconds_to_ms),
    "voice.glide_seconds": ("glide_ms", seconds_to_ms),
    "voice.detune_cents": ("detune_cents", float),
    "voice.spread": ("spread", float),
    "voice.vibrato_cents": ("vibrato_cents", float),
    "blend.position": ("x", float),
    "blend.position_y": ("y", float),
    TRACK: ("track", float),
    **{f"blend.{name}": (name, float) for name in WEIGHTS},
}
FINE, IN_CHAIN, IN_LAYERS = "tuning.fine_cents", "effects.", "layers."
NO_KNOBS: Mapping[str, tuple[float, float]] = {}


def settings_of(patch: Patch, *, mpe: bool = False, seed: int = 0) -> Settings:
    """Settings of the synth for a patch with its macros applied (`Patch.with_macros_applied`)."""
    voice = patch.voice
    mpe = mpe or voice.mpe
    settings = Settings(
        voices=max(voice.voices, voice.unison),
        mode=voice.mode,
        unison=voice.unison,
        mpe=mpe,
        controllers={} if patch.midi else dict(DEFAULT_CONTROLLERS),
        tuning=_tuning(_untuned_hz(patch), patch.tuning.fine_cents),
        motion=Motion(patch.blend, seed),
        weighted=patch.blend.is_weighted,
        interpolation=patch.blend.interpolation,
        tempo_bpm=patch.tempo_bpm,
    )
    wheel = "manager_bend_semitones" if mpe else "bend_semitones"  # the player's own range of note bends stays
    return settings.changed({**synth_values(patch), wheel: voice.bend_semitones})


def synth_values(patch: Patch) -> dict[str, float]:
    """The synth parameters of a patch, clamped to their ranges."""
    x, y = (*patch.blend.position, 0.5, 0.5)[:2]
    said = {"blend.position": x, "blend.position_y": y, **{f"blend.{name}": 1.0 for name in WEIGHTS}}
    if patch.blend.is_weighted:
        said |= {f"blend.{name}": weight for name, weight in zip(WEIGHTS, patch.blend.place, strict=False)}
    if patch.blend.key_track is not None:
        said[TRACK] = patch.blend.key_track
    for target in SYNTH.keys() - said.keys() - {TRACK}:
        table, _, field = target.partition(".")
        said[target] = getattr(getattr(patch, table), field)
    return dict(synth_value(target, number) for target, number in said.items())


def synth_value(target: str, number: float) -> tuple[str, float]:
    """The synth's parameter that a target of `SYNTH` is, and its value in the synth's unit, clamped to its range."""
    name, convert = SYNTH[target]
    return name, min(max(convert(number), PARAMETERS[name].low), PARAMETERS[name].high)


def is_in_chain(target: str) -> bool:
    """Whether a target of a patch is a parameter of its effects or layers, or its level."""
    return target == "level_db" or target.startswith((IN_CHAIN, IN_LAYERS))


def bypasses(patch: Patch) -> dict[str, float]:
    """Which effects are bypassed, 1 or 0, as an output stage is told of it: under the name that a target would have."""
    return {f"{IN_CHAIN}{slot.label}.bypass": float(slot.bypass) for slot in patch.effects}


def _untuned_hz(patch: Patch) -> Doubles:
    """Hz of each key [128] without the patch's fine tuning."""
    tuning = unchecked(patch.tuning, fine_cents=0.0)
    return np.array([note_to_hz(float(key)) * cents_to_ratio(tuning.cents(key)) for key in range(128)])


def _tuning(untuned_hz: Doubles, fine_cents: float) -> Tuning:
    table = (untuned_hz * cents_to_ratio(fine_cents)).tolist()
    return Tuning(tuple(hz if LOWEST_HZ <= hz <= HIGHEST_HZ else None for hz in table))


class PatchEffects:
    """The layers, effects and MIDI controllers of a patch as an `OutputStage`.

    `live` also takes out plugins that are too slow to play along.

    Raises:
        PatchError, PluginError, AudioError, MissingError: a layer or an effect cannot be made ready.
    """

    def __init__(self, patch: Patch, *, live: bool = False, seed: int = 0) -> None:
        self.layers = Layers(patch, live=live)
        try:
            self.chain = chain_of(patch, deadline=live)
        except BaseException:
            self.layers.close()
            raise
        self._knobs = {route.cc: patch.knobs(route.cc) for route in patch.midi}
        self._effects = {TEMPO: self._set_tempo, **self._effect_knobs()}
        self._stands = {name: target.value for name, target in targets(patch).items()} | bypasses(patch)
        self._plugins = {slot.label for slot in patch.effects if slot.plugin}
        self._blend, self._begins, self._seed = patch.blend, patch.blend, seed
        self._untuned_hz = _untuned_hz(patch)
        self._waiting: dict[tuple[int, str], float] = {}
        self._quiet_samples = QUIET_SAMPLES
        self._bpm = patch.tempo_bpm

    def _effect_knobs(self) -> dict[str, ParameterSetter]:
        """Setters of the effect parameters that controllers move, by target; validated here once."""
        found = {}
        for cc, knobs in self._knobs.items():
            for target, ends in knobs.items():
                if is_in_chain(target):
                    try:
                        found[target] = self._setter(target, *ends)
                    except PatchError as error:
                        self.close()
                        raise error.below(f"midi, controller {cc}") from None
        return found

    @property
    def latency_samples(self) -> int:
        """Delay of layers and chain."""
        return self.layers.latency_samples + self.chain.latency_samples

    @property
    def quiet(self) -> bool:
        """Whether the output has been silent for a second."""
        return self._quiet_samples >= QUIET_SAMPLES

    def on_control_change(self, controller: int, value: float, at_sample: int) -> Mapping[str, object]:
        """See `OutputStage`; effect parameters change in `process`, at their sample."""
        changes: dict[str, object] = {}
        for target, (low, high) in self._knobs.get(controller, NO_KNOBS).items():
            number = between(low, high, value / 127.0)
            if number == self._stands[target]:
                continue
            self._stands[target] = number
            if target in self._effects:
                self._waiting[at_sample, target] = number
            else:
                name, changed = self._changed(target, number)
                changes[name] = changed
        return changes

    def set(self, target: str, value: float, at_sample: int) -> Mapping[str, object]:
        """See `OutputStage`; the value is within the range of its target.

        Of a plugin, also parameters that its slot does not name.
        """
        if target not in self._stands and not self._is_of_plugin(target):
            return {}
        self._stands[target] = value
        if not is_in_chain(target):
            return dict([self._changed(target, value)])
        if target not in self._effects:
            self._effects[target] = self._setter(target, value)
        self._waiting[at_sample, target] = value
        return {}

    def hear(self, event: Event, at_sample: int) -> None:
        """See `OutputStage`; the layers do."""
        self.layers.hear(event, at_sample)

    def begin(self, begin_sample: int, samples: int) -> None:
        """See `OutputStage`; the layers play while the synth does."""
        self.layers.begin(begin_sample, samples)

    def set_tempo(self, bpm: float, at_sample: int) -> None:
        """See `OutputStage`; a delay that follows a clock is not moved for less than anybody hears."""
        if abs(bpm - self._bpm) > UNHEARD * self._bpm:
            self._bpm = self._waiting[at_sample, TEMPO] = bpm

    def process(self, block: FloatArray, begin_sample: int) -> FloatArray:
        """See `OutputStage`."""
        samples = block.shape[1]
        self.layers.collect(begin_sample, samples)
        heard, done = [], 0
        for (at_sample, target), value in self._waiting.items():
            at = min(max(at_sample - begin_sample, done), samples)
            if at - done >= SHORTEST_BLOCK_SAMPLES and samples - at >= SHORTEST_BLOCK_SAMPLES:
                heard.append(self.chain.process(self.layers.mixed(block, slice(done, at))))
                done = at
            self._effects[target](value)
        self._waiting.clear()
        heard.append(self.chain.process(self.layers.mixed(block, slice(done, samples))))
        out = heard[0] if len(heard) == 1 else np.concatenate(heard, axis=1)
        loud = float(np.abs(out).max(initial=0.0)) > QUIET
        self._quiet_samples = 0 if loud else self._quiet_samples + samples
        return out

    @property
    def taken_out(self) -> Mapping[str, str]:
        """See `OutputStage`."""
        return {**self.layers.taken_out, **self.chain.taken_out}

    def troubles(self) -> list[str]:
        """Problems of layers and chain."""
        return [*self.layers.troubles(), *map(str, self.chain.troubles())]

    def close(self) -> None:
        """Unload layers and chain."""
        self.layers.close()
        self.chain.close()

    def _set_tempo(self, bpm: Parameter) -> None:
        self.chain.set_tempo(float(bpm))

    def _setter(self, target: str, *ends: float) -> ParameterSetter:
        if target.startswith(IN_LAYERS):
            return self.layers.setter(target.removeprefix(IN_LAYERS))
        return self.chain.setter(target.removeprefix(IN_CHAIN), *ends)

    def _is_of_plugin(self, target: str) -> bool:
        return target.startswith(IN_CHAIN) and target.removeprefix(IN_CHAIN).partition(".")[0] in self._plugins

    def _changed(self, target: str, number: float) -> tuple[str, object]:
        """The setting of the synth that a target moves, and its new value."""
        if target == FINE:
            return "tuning", _tuning(self._untuned_hz, number)
        table, _, rest = target.partition(".")
        if table == "blend":
            self._blend = moved_blend(self._blend, rest, number)
        if target in SYNTH:
            return synth_value(target, number)
        # the wheel owns the position; in a motion it is where a path begins
        return "motion", Motion(
            unchecked(self._blend, position=self._begins.position, weights=self._begins.weights), self._seed
        )
