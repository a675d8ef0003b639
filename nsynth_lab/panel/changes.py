"""Changes of a patch that pages ask for, each a new patch.

What a macro moves can also be set by hand. A macro that moves nothing else then follows; any other lets go of it, so
that what is heard is what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.panel.messages.playing import Change, Corners, Open, Place, Set
from nsynth_lab.panel.plugins import with_parameter_named
from nsynth_lab.patch import Blend, Macro, Patch, moved, targets
from nsynth_lab.patch.place import MAX_POSITIONED_SOURCES, middle
from nsynth_lab.patch.sound import PLACED, STREAMS
from nsynth_lab.patch.table import from_table, to_table
from nsynth_lab.patch.targets import TRACK, check_target, unchecked
from nsynth_lab.wording import quoted

LONGEST_NAME = 60
KNOBS = {"macros", "midi"}


def blend_patch(corners: Sequence[str]) -> Patch:
    """A patch of nothing but a blend in its middle, named after its instruments.

    >>> blend_patch(["flute", "cello"]).name
    'flute, cello'
    """
    return Patch(_name(corners), Blend(tuple(corners), position=middle(len(corners)) or (0.5,)))


def changed(patch: Patch, message: Any) -> Patch:
    """The patch after what a page asks for: `Place`, `Set`, `Corners`, `Change` or `Open`.

    Raises:
        PatchError, UsageError: it cannot be done.
    """
    match message:
        case Place():
            return placed(patch, message.x, message.y)
        case Set():
            return by_hand(patch, message.target, message.value)
        case Corners():
            return with_corners(patch, message.names)
        case Change():
            return _with_tables(patch, message.patch | _within(to_table(patch) | message.patch, message.within))
        case Open():
            return from_table(Patch, message.patch).with_macros_applied()
    raise UsageError(f"a {type(message).__name__} changes no sound")


def _within(patch: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those tables of a patch of which some fields change."""
    tables = {}
    for name, fields in changes.items():
        before = patch.get(name, {})
        if not isinstance(fields, dict) or not isinstance(before, dict):
            raise PatchError(f"{quoted(name)} is not a table whose fields can be changed", place="within")
        tables[name] = {**before, **fields}
    return tables


def by_hand(patch: Patch, target: str, value: float) -> Patch:
    """The patch with one parameter set, whether or not a macro moves it.

    Raises:
        PatchError: no such parameter, or the value is out of its range.
    """
    patch = with_parameter_named(patch, target, value)
    if target == f"blend.{TRACK}" and not patch.blend.track:
        patch = replace(patch, blend=replace(patch.blend, track=(value,)))
    check_target(patch, target, value)
    macros = tuple(_macro(macro, target, value) for macro in patch.macros)
    bare = unchecked(patch, macros=(), midi=())  # checking these takes milliseconds, and their targets stay
    for name, number in _moved(macros, target, value).items():
        bare = moved(bare, name, number)
    return unchecked(bare, macros=macros, midi=patch.midi)


def placed(patch: Patch, x: float, y: float) -> Patch:
    """The patch at a position. A path is shifted, as it is for the notes that are heard meanwhile.

    Raises:
        UsageError: its instruments are blended by weights and not by a position.
    """
    blend = patch.blend
    if len(blend.corners) > MAX_POSITIONED_SOURCES:
        raise UsageError("more than four instruments have no place on the pad; set blend.weight_1, blend.weight_2 ...")
    if blend.is_weighted:
        return with_blend(patch, replace(blend, weights=(), position=(x, y), path=()))
    if blend.path:
        shift = [at - began for at, began in zip((x, y), blend.position, strict=False)]
        points = (
            (point[0], *(min(max(one + by, 0.0), 1.0) for one, by in zip(point[1:], shift, strict=True)))
            for point in blend.path
        )
        patch = replace(patch, blend=replace(blend, path=tuple(points)))
    for name, value in zip(("blend.position", "blend.position_y")[: blend.dims], (x, y), strict=False):
        patch = by_hand(patch, name, value)
    return patch


def with_corners(patch: Patch, corners: Sequence[str]) -> Patch:
    """The patch with other instruments, at the same place as far as there is one.

    Raises:
        PatchError: none or too many of them.
    """
    old, new = patch.blend, Blend(tuple(corners))
    here = (*old.position, 0.0)[: new.dims] if old.dims and not old.is_weighted else middle(len(corners))
    same = new.dims == old.dims and new.is_weighted == old.is_weighted
    swinging = new.dims and not new.is_weighted
    blend = replace(
        new,
        position=new.position if new.is_weighted else here or (0.5,),
        interpolation=old.interpolation,
        track=old.track,
        path=old.path if same else (),
        path_unit=old.path_unit,
        lfos=tuple(lfo for lfo in old.lfos if swinging or lfo.target not in PLACED),
        **{stream: getattr(old, stream) if same else () for stream in STREAMS},
    )
    named = replace(patch, name=_name(corners)) if patch.name == _name(old.corners) else patch
    return with_blend(named, blend)


def with_blend(patch: Patch, blend: Blend) -> Patch:
    """The patch with another blend, without the moves of macros and controllers for which nothing is there any more."""
    return _as_far_as_they_fit(replace(patch, blend=blend, macros=(), midi=()), patch)


def _with_tables(patch: Patch, tables: Mapping[str, Any]) -> Patch:
    """The patch with other tables; macros and controllers that are not among these are kept as far as they fit."""
    before = to_table(patch)
    if not tables.keys() & KNOBS:
        bare = {name: table for name, table in before.items() if name not in KNOBS}
        return _as_far_as_they_fit(replace(from_table(Patch, {**bare, **tables}), home=patch.home), patch)
    return replace(from_table(Patch, {**before, **tables}), home=patch.home).with_macros_applied()


def _as_far_as_they_fit(bare: Patch, patch: Patch) -> Patch:
    """A patch without macros and controllers, with those of another one that have something to move in it."""
    known = targets(bare)
    macros = tuple(
        replace(macro, moves=tuple(move for move in macro.moves if move.target in known)) for macro in patch.macros
    )
    knobs = {*known, *(f"macros.{macro.name}" for macro in macros)}
    routes = tuple(route for route in patch.midi if route.target in knobs)
    return replace(bare, macros=macros, midi=routes).with_macros_applied()


def _macro(macro: Macro, target: str, value: float) -> Macro:
    """A macro after a target has been set by hand."""
    if target == f"macros.{macro.name}":
        return replace(macro, value=value)
    own = [move for move in macro.moves if move.target == target]
    if not own:
        return macro
    move, span = own[-1], own[-1].high - own[-1].low
    at = (value - move.low) / span if span else -1.0
    if len(macro.moves) == 1 and 0.0 <= at <= 1.0:
        return replace(macro, value=at)
    return replace(macro, moves=tuple(move for move in macro.moves if move.target != target))


def _moved(macros: Sequence[Macro], target: str, value: float) -> dict[str, float]:
    """The parameters that change, and their values; of macros that move the same, the last one holds."""
    found = {} if target.startswith("macros.") else {target: value}
    ours = {target}
    for macro in macros:
        if target == f"macros.{macro.name}":
            ours |= {move.target for move in macro.moves}
    for macro in macros:
        found |= {move.target: move.value(macro.value) for move in macro.moves if move.target in ours}
    return found


def _name(corners: Sequence[str]) -> str:
    return ", ".join(corners)[:LONGEST_NAME]
