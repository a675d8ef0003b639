"""Targets: the parameters of a patch that macros and controllers can move, by name, with range and unit.

level_db   blend.position  blend.position_y  blend.timbre ...   blend.weight_1 ...   blend.lfos.1.depth
envelope.attack_seconds ...   effects.LABEL.mix   effects.LABEL.PARAMETER   layers.LABEL.level_db   macros.NAME
"""

from __future__ import annotations

from copy import copy
from dataclasses import Field, dataclass, fields, replace
from typing import Any, ClassVar, Protocol, TypeVar

from nsynth_lab.errors import PatchError
from nsynth_lab.patch.layer import Layer
from nsynth_lab.patch.macros import Macro
from nsynth_lab.patch.rules import RULE, Rule
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import MAX_DEPTHS, STREAMS, Blend, Envelope, Tuning, Voice
from nsynth_lab.wording import did_you_mean, quoted

Part = TypeVar("Part")

WEIGHT, TRACK = "weight_", "track"
SHORTEST_CYCLE_BEATS = 1 / 64
_PART = Rule("number", low=0.0, high=1.0)
_TABLES = {
    "envelope": ("attack_seconds", "decay_seconds", "sustain", "release_seconds"),
    "tuning": ("fine_cents",),
    "voice": ("glide_seconds", "detune_cents", "spread", "vibrato_cents"),
}


class Movable(Protocol):
    """The parts of a `Patch` whose parameters can be moved."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def level_db(self) -> float:
        """Output gain in dB."""

    @property
    def blend(self) -> Blend:
        """Instruments and the place between them."""

    @property
    def envelope(self) -> Envelope:
        """Envelope on top of the instrument's own."""

    @property
    def tuning(self) -> Tuning:
        """Tuning of the keys."""

    @property
    def voice(self) -> Voice:
        """How keys become voices."""

    @property
    def effects(self) -> tuple[Slot, ...]:
        """Effects in the order of the signal flow."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Instruments beside the blend."""

    @property
    def macros(self) -> tuple[Macro, ...]:
        """Named knobs that move several parameters."""


Recipe = TypeVar("Recipe", bound=Movable)


@dataclass(frozen=True)
class Target:
    """One parameter that can be moved: its name, its rule and its present value."""

    name: str
    rule: Rule
    value: float


def targets(patch: Movable, *, knobs: bool = True) -> dict[str, Target]:
    """All parameters of a patch that can be moved; with `knobs`, its macros too.

    Of a plugin, those parameters can be moved that its slot sets; their ranges are the plugin's.
    """
    found = [Target("level_db", _rule(patch, "level_db"), patch.level_db)]
    found += _places(patch.blend)
    found += [Target(f"blend.{TRACK}", _rule(patch.blend, TRACK), value) for value in patch.blend.track]
    for number, lfo in enumerate(patch.blend.lfos, start=1):
        depth = replace(_rule(lfo, "depth"), high=MAX_DEPTHS.get(lfo.target, 1.0))
        if lfo.cycle_beats:
            cycle = replace(_rule(lfo, "cycle_beats"), low=SHORTEST_CYCLE_BEATS)
            found.append(Target(f"blend.lfos.{number}.cycle_beats", cycle, lfo.cycle_beats))
        else:
            found.append(Target(f"blend.lfos.{number}.rate_hz", _rule(lfo, "rate_hz"), lfo.rate_hz))
        found.append(Target(f"blend.lfos.{number}.depth", depth, lfo.depth))
    for table, names in _TABLES.items():
        owner = getattr(patch, table)
        found += [Target(f"{table}.{name}", _rule(owner, name), getattr(owner, name)) for name in names]
    for slot in patch.effects:
        found.append(Target(f"effects.{slot.label}.mix", _PART, slot.mix))
        if slot.row is not None:
            settings = slot.row.settings(slot.parameters)
            rows = [row for row in slot.row.parameters if not row.choices and not row.steady]
            found += [Target(f"effects.{slot.label}.{row.name}", row.rule, float(settings[row.name])) for row in rows]
        else:
            moving = [(name, value) for name, value in slot.parameters.items() if type(value) is float]
            found += [Target(f"effects.{slot.label}.{name}", _ANY, value) for name, value in moving]
    found += [
        Target(f"layers.{layer.label}.level_db", _rule(layer, "level_db"), layer.level_db) for layer in patch.layers
    ]
    if knobs:
        found += [Target(f"macros.{macro.name}", _PART, macro.value) for macro in patch.macros]
    return {target.name: target for target in found}


def _places(blend: Blend) -> list[Target]:
    """The weights of the corners, or the position and the separate positions of streams."""
    if blend.is_weighted:
        return [Target(f"blend.{WEIGHT}{k}", _PART, min(value, 1.0)) for k, value in enumerate(blend.place, start=1)]
    axes = ("", "_y")[: blend.dims]
    return [
        Target(f"blend.{stream}{axis}", _PART, value)
        for stream in ("position", *STREAMS)
        for axis, value in zip(axes, getattr(blend, stream) or blend.place, strict=True)
    ]


def check_target(patch: Movable, name: str, value: float, *, knobs: bool = True) -> None:
    """Check a value against the rule of its target.

    Raises:
        PatchError: there is no such target, or the value is out of its range.
    """
    known = targets(patch, knobs=knobs)
    if name not in known:
        raise PatchError(
            f"{quoted(name)} is no parameter of this patch; {did_you_mean(name, list(known))}", place="target"
        )
    try:
        known[name].rule.check(value)
    except PatchError as error:
        raise error.below(name) from None


def moved(patch: Recipe, name: str, value: float) -> Recipe:
    """A copy of the patch with one target moved; a macro moves its targets too.

    Raises:
        PatchError: as `check_target`.
    """
    check_target(patch, name, value)
    table, _, rest = name.partition(".")
    if table == "level_db":
        return replace(patch, level_db=value)
    if table == "macros":
        macros = tuple(replace(one, value=value) if one.name == rest else one for one in patch.macros)
        return with_macros_applied(replace(patch, macros=macros), only=rest)
    if table == "effects":
        label, _, parameter = rest.partition(".")
        slots = tuple(_slot(slot, parameter, value) if slot.label == label else slot for slot in patch.effects)
        return replace(patch, effects=slots)
    if table == "layers":
        label = rest.partition(".")[0]
        layers = tuple(replace(one, level_db=value) if one.label == label else one for one in patch.layers)
        return replace(patch, layers=layers)
    if table == "blend":
        return replace(patch, blend=moved_blend(patch.blend, rest, value))
    return replace(patch, **{table: replace(getattr(patch, table), **{rest: value})})


def with_macros_applied(patch: Recipe, *, only: str | None = None) -> Recipe:
    """Every parameter that a macro moves set to the macro's value (of the macro `only`, if given); later macros win."""
    for macro in patch.macros:
        if only in (None, macro.name):
            for move in macro.moves:
                patch = moved(patch, move.target, move.value(macro.value))
    return patch


def _slot(slot: Slot, parameter: str, value: float) -> Slot:
    if parameter == "mix":
        return replace(slot, mix=value)
    return replace(slot, parameters={**slot.parameters, parameter: value})


def moved_blend(blend: Blend, name: str, value: float) -> Blend:
    """A copy of the blend with a target moved; `name` is what follows `blend.`.

    The value is not validated (see `check_target`): a controller calls this up to a thousand times a second.
    """
    if name.startswith("lfos."):
        _, number, field = name.split(".")
        lfos = [unchecked(lfo, **{field: value}) if k == int(number) else lfo for k, lfo in enumerate(blend.lfos, 1)]
        return unchecked(blend, lfos=tuple(lfos))
    if name.startswith(WEIGHT):
        weights = list(blend.place)
        weights[int(name.removeprefix(WEIGHT)) - 1] = value
        return unchecked(blend, weights=tuple(weights))
    stream, axis = (name.removesuffix("_y"), 1) if name.endswith("_y") else (name, 0)
    place = list(getattr(blend, stream) or blend.place)
    place[axis] = value
    return unchecked(blend, **{stream: tuple(place)}, **({"weights": ()} if stream == "position" else {}))


def unchecked(part: Part, **values: Any) -> Part:
    """A copy of a frozen part of a patch with some fields changed to values that are known to be valid."""
    same = copy(part)
    for name, value in values.items():
        object.__setattr__(same, name, value)
    return same


def _rule(owner: Any, name: str) -> Rule:
    rule: Rule = next(one.metadata[RULE] for one in fields(owner) if one.name == name)
    return rule


_ANY = Rule("number", low=-1e6, high=1e6)
