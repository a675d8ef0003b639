"""Patch: the recipe of a sound, a frozen value; every number in it has been checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.fields import REQUIRED, number, table, tables, text, texts, whole
from nsynth_lab.patch.rules import checked, shown
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import Blend, Envelope, Tuning, Voice
from nsynth_lab.patch.targets import check_target, settled


def between(low: float, high: float, at: float) -> float:
    """What lies at `at`, 0 to 1, from `low` to `high`, and never beyond them by a rounding.

    >>> between(0.1, 0.7, 1.0), between(-3.0, -0.3, 1.0), between(5.0, 1.0, 2.0)
    (0.7, -0.3, 1.0)
    """
    return min(max(low + (high - low) * at, min(low, high)), max(low, high))


@dataclass(frozen=True)
class Move:
    """What a knob does to one parameter: `low` where it stands at 0, `high` where it stands at 1.

    Raises:
        PatchError: see `rules`.
    """

    target: str = text(REQUIRED, least=1, most=200, says="a parameter, such as blend.timbre or effects.reverb.mix")
    low: float = number(REQUIRED, low=-1e6, high=1e6, says="its value at 0")
    high: float = number(REQUIRED, low=-1e6, high=1e6, says="its value at 1")

    def __post_init__(self) -> None:
        checked(self)

    def value(self, at: float) -> float:
        """Of the parameter where the knob stands at `at`, 0 to 1."""
        return between(self.low, self.high, at)


@dataclass(frozen=True)
class Macro:
    """A named knob that moves several parameters; they stand where it puts them, whatever is written for them.

    Raises:
        PatchError: see `rules`.
    """

    name: str = text(REQUIRED, least=1, most=40, says="what it is called")
    value: float = number(0.0, low=0, high=1, says="where it stands")
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
        """Of the parameter where the controller stands at 0 to 127."""
        return between(self.low, self.high, controller / 127.0)


@dataclass(frozen=True)
class Patch:
    """The recipe of a sound.

    Attributes: see `rules`; `home` is the folder of the preset file it was read from, where its sound files lie.

    Raises:
        PatchError: see `rules`; two slots or macros of one name, or a knob that moves what is not there.
    """

    name: str = text(REQUIRED, least=1, most=60, says="what it is called")
    blend: Blend = field(default=REQUIRED, metadata=table(Blend, says="what sounds").metadata)
    description: str = text("", most=400, says="what it sounds like, in a sentence")
    author: str = text("", most=100, says="who made it")
    tags: tuple[str, ...] = texts((), least=0, most=12, says="words to find it by")
    level_db: float = number(
        0.0, low=-60, high=36, unit="dB", says="gain after everything; `preset check --level --fix` sets it"
    )
    envelope: Envelope = table(Envelope, says="over the instrument's own")
    tuning: Tuning = table(Tuning, says="where the notes lie")
    voice: Voice = table(Voice, says="how keys become voices")
    effects: tuple[Slot, ...] = tables(Slot, most=16, says="in the order of the sound's way through them")
    macros: tuple[Macro, ...] = tables(Macro, most=16, says="named knobs that move several parameters")
    midi: tuple[Route, ...] = tables(Route, most=64, says="controllers that move parameters")
    home: Path | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        checked(self)
        _check_unique([slot.label for slot in self.effects], "effects", "label")
        _check_unique([macro.name for macro in self.macros], "macros", "name")
        for knob, macro in enumerate(self.macros, start=1):
            for index, move in enumerate(macro.moves, start=1):
                _check_moved(self, move, f"macros.{knob}.moves.{index}", knobs=False)
        for index, route in enumerate(self.midi, start=1):
            _check_moved(self, route, f"midi.{index}", knobs=True)

    def controlled(self, cc: int, controller: float) -> dict[str, float]:
        """What controller `cc` at 0 to 127 moves: targets and their new values, a macro's own targets in its place.

        >>> Patch("x", Blend(("a", "b")), midi=(Route(1, "blend.timbre", 0.0, 0.5),)).controlled(1, 127)
        {'blend.timbre': 0.5}
        """
        knobs = {f"macros.{macro.name}": macro for macro in self.macros}
        moved: dict[str, float] = {}
        for route in self.midi:
            if route.cc == cc:
                value = route.value(controller)
                macro = knobs.get(route.target)
                moved |= {move.target: move.value(value) for move in macro.moves} if macro else {route.target: value}
        return moved

    def knobs(self, cc: int) -> dict[str, tuple[float, float]]:
        """What controller `cc` moves, as `controlled`, and between which two values.

        >>> Patch("x", Blend(("a", "b")), midi=(Route(1, "blend.timbre", 0.0, 0.5),)).knobs(1)
        {'blend.timbre': (0.0, 0.5)}
        """
        low, high = self.controlled(cc, 0.0), self.controlled(cc, 127.0)
        return {target: (low[target], high[target]) for target in low}

    def settled(self) -> Patch:
        """The same, with every parameter that a macro moves standing where the macro puts it."""
        return settled(self)


def _check_moved(patch: Patch, moved: Move | Route, place: str, *, knobs: bool) -> None:
    try:
        for value in (moved.low, moved.high):
            check_target(patch, moved.target, value, knobs=knobs)
    except PatchError as error:
        raise error.below(place) from None


def _check_unique(names: list[str], place: str, kind: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise PatchError(f"{shown(name)} stands there twice; give one another {kind}", place=f"{place}.{index + 1}")
