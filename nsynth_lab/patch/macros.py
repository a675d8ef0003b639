"""What moves the parameters of a patch: macros (named knobs) and MIDI controllers."""

from __future__ import annotations

from dataclasses import dataclass

from nsynth_lab.patch.fields import REQUIRED, number, tables, text, whole
from nsynth_lab.patch.rules import checked


def between(low: float, high: float, at: float) -> float:
    """Linear interpolation from `low` to `high` at `at`, 0 to 1, clamped against rounding.

    >>> between(0.1, 0.7, 1.0), between(-3.0, -0.3, 1.0), between(5.0, 1.0, 2.0)
    (0.7, -0.3, 1.0)
    """
    return min(max(low + (high - low) * at, min(low, high)), max(low, high))


@dataclass(frozen=True)
class Move:
    """How a macro moves one parameter: to `low` at 0 and `high` at 1.

    Raises:
        PatchError: see `rules`.
    """

    target: str = text(REQUIRED, least=1, most=200, says="a parameter, such as blend.timbre or effects.reverb.mix")
    low: float = number(REQUIRED, low=-1e6, high=1e6, says="its value at 0")
    high: float = number(REQUIRED, low=-1e6, high=1e6, says="its value at 1")

    def __post_init__(self) -> None:
        checked(self)

    def value(self, at: float) -> float:
        """Value of the parameter when the macro is at `at`, 0 to 1."""
        return between(self.low, self.high, at)


@dataclass(frozen=True)
class Macro:
    """A named knob that moves several parameters; its values override what the preset has for them.

    Raises:
        PatchError: see `rules`.
    """

    name: str = text(REQUIRED, least=1, most=40, says="its name")
    value: float = number(0.0, low=0, high=1, says="its position")
    moves: tuple[Move, ...] = tables(Move, most=16, says="what it moves")

    def __post_init__(self) -> None:
        checked(self)


@dataclass(frozen=True)
class Route:
    """A MIDI controller that moves a parameter: 0 puts it at `low`, 127 at `high`.

    Raises:
        PatchError: see `rules`.
    """

    cc: int = whole(REQUIRED, low=0, high=119, says="controller number: 1 is the modulation wheel")
    target: str = text(REQUIRED, least=1, most=200, says="a parameter, or macros.NAME")
    low: float = number(0.0, low=-1e6, high=1e6, says="its value at 0")
    high: float = number(1.0, low=-1e6, high=1e6, says="its value at 127")

    def __post_init__(self) -> None:
        checked(self)

    def value(self, controller: float) -> float:
        """Value of the parameter when the controller is at 0 to 127."""
        return between(self.low, self.high, controller / 127.0)
