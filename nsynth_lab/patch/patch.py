"""Patch: the recipe of a sound, a frozen value that is validated when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.fields import REQUIRED, number, table, tables, text, texts
from nsynth_lab.patch.layer import Layer
from nsynth_lab.patch.macros import Macro, Move, Route
from nsynth_lab.patch.rules import checked
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import Blend, Envelope, Tuning, Voice
from nsynth_lab.patch.targets import check_target, with_macros_applied
from nsynth_lab.tempo import DEFAULT_BPM, HIGHEST_BPM, LOWEST_BPM
from nsynth_lab.wording import quoted


@dataclass(frozen=True)
class Patch:
    """The recipe of a sound.

    Attributes: see `rules`; `home` is the folder of the preset file it was read from, where its sound files lie.

    Raises:
        PatchError: see `rules`; two slots, layers or macros of one name, or a knob that moves what is not there.
    """

    name: str = text(REQUIRED, least=1, most=60, says="its name")
    blend: Blend = field(
        default=REQUIRED, metadata=table(Blend, says="instruments and the place between them").metadata
    )
    description: str = text("", most=400, says="what it sounds like, in a sentence")
    author: str = text("", most=100, says="who made it")
    tags: tuple[str, ...] = texts((), least=0, most=12, says="search terms")
    level_db: float = number(0.0, low=-60, high=36, unit="dB", says="output gain; `preset check --level --fix` sets it")
    tempo_bpm: float = number(
        DEFAULT_BPM, low=LOWEST_BPM, high=HIGHEST_BPM, unit="beats a minute", says="tempo, if no song or clock has one"
    )
    envelope: Envelope = table(Envelope, says="on top of the instrument's own")
    tuning: Tuning = table(Tuning, says="tuning of the keys")
    voice: Voice = table(Voice, says="how keys become voices")
    effects: tuple[Slot, ...] = tables(Slot, most=16, says="in the order of the signal flow")
    layers: tuple[Layer, ...] = tables(Layer, most=8, says="VST3 instruments under the same keys, before the effects")
    macros: tuple[Macro, ...] = tables(Macro, most=16, says="named knobs that move several parameters")
    midi: tuple[Route, ...] = tables(Route, most=64, says="controllers that move parameters")
    home: Path | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        checked(self)
        _check_unique([slot.label for slot in self.effects], "effects", "label")
        _check_unique([layer.label for layer in self.layers], "layers", "label")
        _check_unique([macro.name for macro in self.macros], "macros", "name")
        for knob, macro in enumerate(self.macros, start=1):
            for index, move in enumerate(macro.moves, start=1):
                _check_moved(self, move, f"macros.{knob}.moves.{index}", knobs=False)
        for index, route in enumerate(self.midi, start=1):
            _check_moved(self, route, f"midi.{index}", knobs=True)

    def controlled(self, cc: int, controller: float) -> dict[str, float]:
        """New values of the targets that controller `cc` moves at 0 to 127; for a macro, those of its own targets.

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
        """Targets that controller `cc` moves, as in `controlled`, each with its two end values.

        >>> Patch("x", Blend(("a", "b")), midi=(Route(1, "blend.timbre", 0.0, 0.5),)).knobs(1)
        {'blend.timbre': (0.0, 0.5)}
        """
        low, high = self.controlled(cc, 0.0), self.controlled(cc, 127.0)
        return {target: (low[target], high[target]) for target in low}

    def at(self, place: Sequence[float]) -> Patch:
        """A copy at another blend place, without path, macros and controllers.

        Raises:
            PatchError: a place with another number of numbers, or out of range.
        """
        here = self.with_macros_applied()
        return replace(here, macros=(), midi=(), blend=here.blend.at(place))

    def with_macros_applied(self) -> Patch:
        """A copy with every parameter that a macro moves set to the macro's value."""
        return with_macros_applied(self)


def _check_moved(patch: Patch, moved: Move | Route, place: str, *, knobs: bool) -> None:
    try:
        for value in (moved.low, moved.high):
            check_target(patch, moved.target, value, knobs=knobs)
    except PatchError as error:
        raise error.below(place) from None


def _check_unique(names: list[str], place: str, kind: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise PatchError(
                f"{quoted(name)} stands there twice; give one another {kind}", place=f"{place}.{index + 1}"
            )
