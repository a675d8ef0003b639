"""The built-in effects as a table: to add one, add a row to `_ROWS`.

The preset parser, the effects chain, `preset check`, the help and the schema all read this table. Every effect is fully
wet here; its slot's `mix` sets the wet/dry balance, with the default from the row. `attribute` is the parameter's name
in pedalboard, and `fixed` has the attributes that never change; a test compares both with pedalboard itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.rules import Parameter, Rule, plain
from nsynth_lab.tempo import beats_to_seconds, folded
from nsynth_lab.wording import did_you_mean, quoted

LONGEST_BEATS = 64.0


@dataclass(frozen=True)
class EffectParameter:
    """One parameter: a number, or a text if it has `choices`; `steady` if it cannot change while playing.

    One in beats has no attribute of its own: unless it is 0, the parameter `beats_of` follows from it and the tempo.
    """

    name: str
    default: float | str
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    attribute: str = ""
    choices: tuple[str, ...] = ()
    steady: bool = False
    beats_of: str = ""

    @property
    def rule(self) -> Rule:
        """The rule its value must satisfy."""
        if self.choices:
            return Rule("text", most=100, choices=self.choices)
        return Rule("number", low=self.low, high=self.high, unit=self.unit)


@dataclass(frozen=True)
class EffectRow:
    """One built-in effect.

    Attributes:
        name: as written in a preset.
        pedalboard: name of the class in pedalboard.
        says: what it does, for the help.
        parameters: the parameters of the effect.
        mix: default wet/dry balance.
        tail_seconds: maximum length of its tail.
        gap_seconds: the longest silence within it.
        fixed: attributes of the class with fixed values.
        has_lfo: whether it has an LFO, with the rate `rate_hz`.
    """

    name: str
    pedalboard: str
    says: str
    parameters: tuple[EffectParameter, ...]
    mix: float = 1.0
    tail_seconds: float = 0.0
    gap_seconds: float = 0.0
    fixed: dict[str, float] = field(default_factory=dict)
    has_lfo: bool = False

    def find(self, name: str) -> EffectParameter:
        """The parameter called `name`.

        Raises:
            PatchError: there is none; the message suggests the closest name.
        """
        return find_parameter(self.parameters, name, owner=self.name)

    def settings(self, given: dict[str, Parameter]) -> dict[str, Parameter]:
        """Values of all its parameters: those `given`, otherwise the defaults.

        Raises:
            PatchError: an unknown parameter, or a value out of range.
        """
        values: dict[str, Parameter] = {one.name: one.default for one in self.parameters}
        for name, value in given.items():
            row = self.find(name)
            try:
                values[name] = row.rule.check(value)
            except PatchError as error:
                raise error.below(name) from None
        return values

    def in_time(self, settings: Mapping[str, Parameter], bpm: float) -> dict[str, Parameter]:
        """Its `settings` at a tempo, without those in beats.

        A time or rate that the effect cannot reach is halved or doubled until it can, which keeps it in rhythm.

        >>> EFFECTS["delay"].in_time({"delay_seconds": 0.3, "delay_beats": 0.75, "feedback": 0.1}, 90.0)
        {'delay_seconds': 0.5, 'feedback': 0.1}
        """
        values = {name: value for name, value in settings.items() if not self.find(name).beats_of}
        for one in self.parameters:
            beats = settings.get(one.name, 0.0) if one.beats_of else 0.0
            if isinstance(beats, float) and beats > 0.0:
                of, seconds = self.find(one.beats_of), beats_to_seconds(beats, bpm)
                values[of.name] = folded(1.0 / seconds if of.unit == "Hz" else seconds, of.low, of.high)
        return values


class HasName(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str:
        """What it is called."""


Found = TypeVar("Found", bound=HasName)


def find_parameter(parameters: Sequence[Found], name: str, *, owner: str) -> Found:
    """The parameter called `name` among the `parameters` of `owner`.

    Raises:
        PatchError: there is none; the message suggests the closest name.
    """
    for one in parameters:
        if one.name == name:
            return one
    names = [one.name for one in parameters]
    raise PatchError(f"{owner} has no such parameter; {did_you_mean(name, names)}", place=quoted(name).strip("'"))


def find_effect(name: str) -> EffectRow:
    """The effect called `name`.

    Raises:
        PatchError: there is none; the message suggests the closest name.
    """
    if name not in EFFECTS:
        raise PatchError(f"{quoted(name)} is not an effect; {did_you_mean(name, list(EFFECTS))}")
    return EFFECTS[name]


def describe(row: EffectParameter) -> str:
    """Range, unit and default in a few words."""
    if row.choices:
        return f"{', '.join(row.choices)}; {row.default}"
    if row.beats_of:
        return f"{row.rule.span()} of the tempo, instead of {row.beats_of}; 0: not given"
    return f"{row.rule.span()}; {plain(float(row.default))}{', cannot be moved while it plays' * row.steady}"


def _hz(name: str, default: float, *, attribute: str = "cutoff_frequency_hz") -> EffectParameter:
    return EffectParameter(name, default, 20.0, 20_000.0, "Hz", attribute)


def _part(name: str, default: float, *, attribute: str = "") -> EffectParameter:
    return EffectParameter(name, default, 0.0, 1.0, "", attribute or name)


def _db(name: str, default: float, low: float, high: float) -> EffectParameter:
    return EffectParameter(name, default, low, high, "dB", name)


def _ms(name: str, default: float, low: float, high: float) -> EffectParameter:
    return EffectParameter(name, default, low, high, "ms", name)


_RATE = EffectParameter("rate_hz", 1.0, 0.01, 20.0, "Hz", "rate_hz")
_CYCLE = EffectParameter("cycle_beats", 0.0, 0.0, LONGEST_BEATS, "beats", beats_of="rate_hz")
_FEEDBACK = EffectParameter("feedback", 0.0, -0.95, 0.95, "", "feedback")
_RATIO = EffectParameter("ratio", 3.0, 1.0, 50.0, "to 1", "ratio")
_Q = EffectParameter("q", 0.7071, 0.1, 20.0, "", "q")
_MODES = ("LPF12", "LPF24", "HPF12", "HPF24", "BPF12", "BPF24")

_ROWS = (
    EffectRow(
        "reverb", "Reverb", "a room around the sound",
        (_part("room_size", 0.5), _part("damping", 0.5), _part("width", 1.0)),
        mix=0.25, tail_seconds=8.0, fixed={"wet_level": 1 / 3, "dry_level": 0.0},
    ),
    EffectRow(
        "chorus", "Chorus", "several copies, slightly out of tune",
        (_RATE, _CYCLE, _part("depth", 0.25), _ms("centre_delay_ms", 7.0, 1.0, 50.0), _FEEDBACK),
        mix=0.5, tail_seconds=1.0, fixed={"mix": 1.0}, has_lfo=True,
    ),
    EffectRow(
        "delay", "Delay", "echoes",
        (
            EffectParameter("delay_seconds", 0.375, 0.001, 5.0, "s", "delay_seconds"),
            EffectParameter("delay_beats", 0.0, 0.0, LONGEST_BEATS, "beats", beats_of="delay_seconds"),
            EffectParameter("feedback", 0.3, 0.0, 0.95, "", "feedback"),
        ),
        mix=0.3, tail_seconds=8.0, gap_seconds=5.0, fixed={"mix": 1.0},
    ),
    EffectRow(
        "phaser", "Phaser", "notches that sweep through the spectrum",
        (
            _RATE, _CYCLE, _part("depth", 0.5), _FEEDBACK,
            EffectParameter("centre_hz", 1300.0, 50.0, 10_000.0, "Hz", "centre_frequency_hz"),
        ),
        mix=0.5, tail_seconds=0.5, fixed={"mix": 1.0}, has_lfo=True,
    ),
    EffectRow(
        "compressor", "Compressor", "makes loud passages quieter",
        (_db("threshold_db", -20.0, -80.0, 0.0), _RATIO, _ms("attack_ms", 5.0, 0.1, 500.0),
         _ms("release_ms", 100.0, 1.0, 5000.0)),
    ),
    EffectRow(
        "gate", "NoiseGate", "makes quiet passages quieter",
        (_db("threshold_db", -60.0, -100.0, 0.0), _RATIO, _ms("attack_ms", 1.0, 0.1, 500.0),
         _ms("release_ms", 100.0, 1.0, 5000.0)),
    ),
    EffectRow(
        "limiter", "BrickwallLimiter", "nothing above the ceiling",
        (_db("ceiling_db", -1.0, -40.0, 0.0), _ms("release_ms", 100.0, 1.0, 5000.0),
         EffectParameter("lookahead_ms", 2.0, 0.1, 20.0, "ms", "lookahead_ms", steady=True)),
    ),
    EffectRow("distortion", "Distortion", "a soft overdrive", (_db("drive_db", 12.0, 0.0, 60.0),)),
    EffectRow("clip", "Clipping", "hard clipping", (_db("threshold_db", -6.0, -60.0, 0.0),)),
    EffectRow(
        "bitcrush", "Bitcrush", "fewer bits", (EffectParameter("bit_depth", 8.0, 1.0, 16.0, "bits", "bit_depth"),)
    ),
    EffectRow("gain", "Gain", "louder or quieter", (_db("gain_db", 0.0, -60.0, 40.0),)),
    EffectRow("highpass", "HighpassFilter", "less below a frequency", (_hz("cutoff_hz", 80.0),)),
    EffectRow("lowpass", "LowpassFilter", "less above a frequency", (_hz("cutoff_hz", 8000.0),)),
    EffectRow(
        "bell", "PeakFilter", "more or less around a frequency",
        (_hz("centre_hz", 1000.0), _db("gain_db", 0.0, -30.0, 30.0), _Q),
    ),
    EffectRow(
        "low_shelf", "LowShelfFilter", "more or less below a frequency",
        (_hz("cutoff_hz", 200.0), _db("gain_db", 0.0, -30.0, 30.0), _Q),
    ),
    EffectRow(
        "high_shelf", "HighShelfFilter", "more or less above a frequency",
        (_hz("cutoff_hz", 4000.0), _db("gain_db", 0.0, -30.0, 30.0), _Q),
    ),
    EffectRow(
        "ladder", "LadderFilter", "a synthesizer's resonant ladder filter",
        (
            _hz("cutoff_hz", 2000.0, attribute="cutoff_hz"),
            _part("resonance", 0.2),
            EffectParameter("drive", 1.0, 1.0, 20.0, "", "drive"),
            EffectParameter("mode", "LPF24", attribute="mode", choices=_MODES),
        ),
        tail_seconds=0.5,
    ),
    EffectRow(
        "lofi", "Resample", "an old sampler's low sample rate",
        (EffectParameter("rate_hz", 12_000.0, 1000.0, 48_000.0, "Hz", "target_sample_rate"),),
    ),
    EffectRow(
        "convolution", "Convolution", "the room of a recorded impulse", (),
        mix=0.3, tail_seconds=10.0, gap_seconds=10.0,
    ),
)  # fmt: skip
EFFECTS = {row.name: row for row in _ROWS}
