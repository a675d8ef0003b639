"""Settings of the synth: one table of all parameters with range and meaning, and their values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace

from nsynth_lab.errors import UsageError
from nsynth_lab.patch.place import MAX_POSITIONED_SOURCES, MAX_SOURCES, Place, position_dims
from nsynth_lab.patch.sound import INTERPOLATIONS
from nsynth_lab.synth.modulation import Motion
from nsynth_lab.synth.tuning import EQUAL, Tuning
from nsynth_lab.tempo import DEFAULT_BPM


@dataclass(frozen=True)
class Parameter:
    """A number that can be set, and learnt by a controller: 0 is `low`, 127 is `high`, or `reach` where that is less.

    The longest times would leave a controller no fine steps for the usual ones.
    """

    low: float
    high: float
    about: str
    reach: float = math.inf

    def from_controller(self, value: float) -> float:
        """A controller's 0 to 127 to what it can reach."""
        return self.low + (min(self.high, self.reach) - self.low) * min(max(value / 127.0, 0.0), 1.0)


WEIGHTS = tuple(f"weight_{number}" for number in range(1, MAX_SOURCES + 1))
PARAMETERS: dict[str, Parameter] = {
    "x": Parameter(0.0, 1.0, "blend position from A to B"),
    "y": Parameter(0.0, 1.0, "blend position from A B to C or C D, with three or four sources"),
    "volume_db": Parameter(-60.0, 12.0, "level of everything"),
    "attack_ms": Parameter(0.0, 20_000.0, "envelope: rise, over the instrument's own attack", reach=5_000.0),
    "decay_ms": Parameter(0.0, 60_000.0, "envelope: fall to the sustain level", reach=10_000.0),
    "sustain_db": Parameter(-60.0, 0.0, "envelope: level while the key is held; the lowest is silence"),
    "release_ms": Parameter(
        0.0, 30_000.0, "envelope: fall after the key-up; 0 leaves it to the instrument", reach=10_000.0
    ),
    "glide_ms": Parameter(0.0, 10_000.0, "time from one pitch to the next, in mono and legato", reach=3_000.0),
    "detune_cents": Parameter(0.0, 100.0, "how far the outermost voices of a unison lie apart"),
    "spread": Parameter(0.0, 1.0, "how wide a unison stands in stereo"),
    "bend_semitones": Parameter(0.0, 96.0, "range of the bend wheel, with --mpe of a note's own; until an RPN sets it"),
    "vibrato_cents": Parameter(0.0, 100.0, "vibrato added by full pressure"),
    "track": Parameter(0.0, 1.0, "how far drums and noises follow the keys; as captured until it is set"),
}
PARAMETERS |= {
    name: Parameter(0.0, 1.0, f"share of source {number}, where sources are blended by weights")
    for number, name in enumerate(WEIGHTS, start=1)
}
MODES = ("poly", "mono", "legato")
MAX_VOICES, MAX_UNISON = 4096, 8
DEFAULT_CONTROLLERS = {1: "x"}
WHEEL_SEMITONES, MPE_SEMITONES = 2.0, 48.0  # defaults of a wheel, and of a note's own bend under MPE
NOT_GIVEN = -1.0


@dataclass(frozen=True)
class Settings:
    """All settings of a synth, before any controller moves.

    Attributes:
        x, y: blend position; the others of `PARAMETERS` likewise.
        bend_semitones: range of the bend wheel, 2 if not given; under `mpe` of each note's own bend, 48 if not given.
        track: how far drums and noises follow the keys; as far as each was captured to, if not given.
        manager_bend_semitones: under `mpe`, bend range of a zone's manager, which bends all its notes.
        weighted: whether weights rather than x and y say where four sources are blended; five and more always are.
        interpolation: how the timbre goes from source to source, linear or spherical; of a patch, its motion says it.
        voices: how many may sound at once, each voice of a unison counted.
        mode: poly; mono (one note, each key strikes); legato (one note, tied keys glide).
        unison: voices per key.
        mpe: whether channels 2 to 16 are an MPE zone from the start; a player's own MPE message also makes one.
        controllers: controller numbers and the parameters that they move.
        learn: parameters waiting for MIDI learn: the next free controller that moves takes the first.
        tuning: keys to Hz.
        motion: path and LFOs of a patch.
        follow: how far notes that are given a level keep to it rather than decay by themselves, 0 to 1.
        tempo_bpm: beats a minute until a song or a clock says another tempo.

    Raises:
        UsageError: a number out of range, or an unknown name.
    """

    x: float = 0.5
    y: float = 0.5
    volume_db: float = 0.0
    attack_ms: float = 0.0
    decay_ms: float = 0.0
    sustain_db: float = 0.0
    release_ms: float = 0.0
    glide_ms: float = 80.0
    detune_cents: float = 14.0
    spread: float = 0.7
    bend_semitones: float = NOT_GIVEN
    manager_bend_semitones: float = WHEEL_SEMITONES
    vibrato_cents: float = 30.0
    track: float = NOT_GIVEN
    weight_1: float = 1.0
    weight_2: float = 1.0
    weight_3: float = 1.0
    weight_4: float = 1.0
    weight_5: float = 1.0
    weight_6: float = 1.0
    weight_7: float = 1.0
    weight_8: float = 1.0
    weighted: bool = False
    interpolation: str = "linear"
    voices: int = 16
    mode: str = "poly"
    unison: int = 1
    mpe: bool = False
    controllers: dict[int, str] = field(default_factory=lambda: dict(DEFAULT_CONTROLLERS))
    learn: tuple[str, ...] = ()
    tuning: Tuning = EQUAL
    motion: Motion | None = None
    follow: float = 1.0
    tempo_bpm: float = DEFAULT_BPM

    def __post_init__(self) -> None:
        if self.bend_semitones == NOT_GIVEN:
            object.__setattr__(self, "bend_semitones", MPE_SEMITONES if self.mpe else WHEEL_SEMITONES)
        for name, parameter in PARAMETERS.items():
            value = getattr(self, name)
            if name == "track" and value == NOT_GIVEN:
                continue
            if not (math.isfinite(value) and parameter.low <= value <= parameter.high):
                raise UsageError(f"{name} {value:g}; expected {parameter.low:g} to {parameter.high:g}")
        if not 1 <= self.voices <= MAX_VOICES:
            raise UsageError(f"{self.voices} voices; expected 1 to {MAX_VOICES}")
        if not 1 <= self.unison <= min(MAX_UNISON, self.voices):
            raise UsageError(f"a unison of {self.unison} voices; expected 1 to {min(MAX_UNISON, self.voices)}")
        if self.interpolation not in INTERPOLATIONS:
            raise UsageError(f"interpolation '{self.interpolation}'; expected one of {', '.join(INTERPOLATIONS)}")
        if self.mode not in MODES:
            raise UsageError(f"mode '{self.mode}'; expected one of {', '.join(MODES)}")
        if unknown := [name for name in self.learn if name not in PARAMETERS]:
            raise UsageError(f"'{unknown[0]}' cannot be learnt; expected one of {', '.join(PARAMETERS)}")
        for number, name in self.controllers.items():
            if not 0 <= number <= 119 or name not in PARAMETERS:
                known = ", ".join(PARAMETERS)
                raise UsageError(f"controller {number}={name}; expected 0 to 119 and one of {known}")

    def place(self, sources: int, slide: float) -> Place:
        """Where a voice of so many sources is blended: x, x and y, or a weight for each of them.

        `slide` is where its note's own slide put x; everybody's holds if that is NaN.
        """
        if sources > MAX_POSITIONED_SOURCES or (self.weighted and sources == MAX_POSITIONED_SOURCES):
            return tuple(getattr(self, name) for name in WEIGHTS[:sources])
        return ((self.x if math.isnan(slide) else slide), self.y)[: position_dims(sources)]

    def bend_range(self, *, member: bool) -> float:
        """Default bend range in semitones of a channel, in an MPE zone (`member`) or outside."""
        if self.mpe:
            return self.bend_semitones if member else self.manager_bend_semitones
        return MPE_SEMITONES if member else self.bend_semitones

    def learnt(self, number: int) -> Settings:
        """A copy in which controller `number` moves the parameter that has waited longest."""
        controllers = {key: name for key, name in self.controllers.items() if name != self.learn[0]}
        return replace(self, controllers={**controllers, number: self.learn[0]}, learn=self.learn[1:])

    def moved(self, name: str, value: float) -> Settings:
        """A copy with one parameter moved, clamped to its range."""
        parameter = PARAMETERS[name]
        same = copy(self)  # not `replace`: a wheel moves many times per block, and the other fields are valid already
        object.__setattr__(same, name, min(max(value, parameter.low), parameter.high))
        return same

    def changed(self, values: Mapping[str, object]) -> Settings:
        """A copy with some fields changed, to values that are known to be valid."""
        same = copy(self)
        for name, value in values.items():
            object.__setattr__(same, name, value)
        return same


assert set(PARAMETERS) <= {item.name for item in fields(Settings)}
