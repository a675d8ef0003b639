"""Names and units of the synth's parameters in `--set`, `--cc` and `--learn`: those of presets.

Internally the envelope is in milliseconds and dB, as the compiled voices need it; in presets and on the command line it
is in seconds and amplitudes from 0 to 1. All other parameters have one name and one unit throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from nsynth_lab import messages
from nsynth_lab.errors import UsageError
from nsynth_lab.synth.settings import PARAMETERS, WEIGHTS
from nsynth_lab.units import db_to_gain, gain_to_db
from nsynth_lab.wording import renamed


def seconds_to_ms(seconds: float) -> float:
    """Seconds to milliseconds."""
    return 1000.0 * seconds


def sustain_to_db(sustain: float) -> float:
    """Sustain amplitude, 0 to 1, to dB; 0 is the lowest level of the envelope, which is silence."""
    return gain_to_db(sustain, floor_db=PARAMETERS["sustain_db"].low)


def _db_to_sustain(level_db: float) -> float:
    return 0.0 if level_db <= PARAMETERS["sustain_db"].low else float(db_to_gain(level_db))


@dataclass(frozen=True)
class Word:
    """A parameter as users write it: its `name`, the synth's `parameter`, and the conversion of values both ways."""

    name: str
    parameter: str
    inwards: Callable[[float], float] = float
    outwards: Callable[[float], float] = float

    @property
    def low(self) -> float:
        """Lowest value."""
        return self.outwards(PARAMETERS[self.parameter].low)

    @property
    def high(self) -> float:
        """Highest value."""
        return self.outwards(PARAMETERS[self.parameter].high)

    @property
    def about(self) -> str:
        """Its meaning."""
        return PARAMETERS[self.parameter].about


_RENAMED = (
    *(Word(f"{name}_seconds", f"{name}_ms", seconds_to_ms, lambda ms: ms / 1000.0)
      for name in ("attack", "decay", "release", "glide")),
    Word("sustain", "sustain_db", sustain_to_db, _db_to_sustain),
)  # fmt: skip
_BY_PARAMETER = {word.parameter: word for word in _RENAMED}
WORDS = {word.name: word for word in (_BY_PARAMETER.get(name, Word(name, name)) for name in PARAMETERS)}


def parameter_of(name: str) -> str:
    """The synth's name of a parameter; an unknown name is returned unchanged and refused later."""
    if name in _BY_PARAMETER:
        _hint(name, _BY_PARAMETER[name].name)
        return name
    return WORDS[name].parameter if name in WORDS else name


def word_of(parameter: str) -> str:
    """The users' name of one of the synth's parameters."""
    return _BY_PARAMETER[parameter].name if parameter in _BY_PARAMETER else parameter


def parse_setting(text: str) -> tuple[str, float]:
    """Parse `release_seconds=0.3` to the synth's name of the parameter and the value in the synth's unit.

    Raises:
        UsageError: no such parameter, no number, or one out of range.

    >>> parse_setting("release_seconds=0.3"), parse_setting("sustain=0.5")
    (('release_ms', 300.0), ('sustain_db', -6.020599913279624))
    """
    name, _, written = text.partition("=")
    try:
        value = float(written)
    except ValueError:
        name, value = "", 0.0
    if old := _BY_PARAMETER.get(name):
        _hint(text, f"{old.name}={old.outwards(value):g}")
        return name, value
    word = WORDS.get(name)
    if word is None:
        raise UsageError(f"--set {text}: expected NAME=NUMBER, the name one of {', '.join(WORDS)}")
    if not (math.isfinite(value) and word.low <= value <= word.high):
        raise UsageError(f"--set {text}: expected {word.low:g} to {word.high:g}")
    return word.parameter, word.inwards(value)


def _hint(old: str, new: str) -> None:
    messages.emit(renamed(old, new))


def listing() -> list[tuple[str, str, str]]:
    """Name, range and meaning of every parameter, for the help; the weights in one line."""
    rows = [(one.name, f"{one.low:g} to {one.high:g}", one.about) for one in WORDS.values() if one.name not in WEIGHTS]
    first = WORDS[WEIGHTS[0]]
    return [*rows, (f"{WEIGHTS[0]} ... {WEIGHTS[-1]}", f"{first.low:g} to {first.high:g}", "share of each source")]
