"""Changes of a patch that pages ask for, each a new patch; and how an engine gets from one patch to the next.

What a macro moves can also be set by hand. A macro that moves nothing else then follows; any other lets go of it, so
that what is heard is what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nsynth_lab.errors import UsageError
from nsynth_lab.midi.events import Event, setting
from nsynth_lab.panel.messages import Change, Corners, Open, Place, Set
from nsynth_lab.patch import Blend, Macro, Patch, Slot, moved, targets
from nsynth_lab.patch.place import MAX_POSITIONED_SOURCES, middle
from nsynth_lab.patch.sound import PLACED, STREAMS, Envelope
from nsynth_lab.patch.table import from_table, to_table
from nsynth_lab.patch.targets import check_target, unchecked
from nsynth_lab.render.preset_synth import IN_CHAIN, SYNTH, synth_values

LONGEST_NAME = 60


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
            whole = from_table(Patch, {**to_table(patch), **message.patch})
            return replace(whole, home=patch.home).with_macros_applied()
        case Open():
            return from_table(Patch, message.patch).with_macros_applied()
    raise UsageError(f"a {type(message).__name__} changes no sound")


def by_hand(patch: Patch, target: str, value: float) -> Patch:
    """The patch with one parameter set, whether or not a macro moves it.

    Raises:
        PatchError: no such parameter, or the value is out of its range.
    """
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
        path=old.path if same else (),
        lfos=tuple(lfo for lfo in old.lfos if swinging or lfo.target not in PLACED),
        **{stream: getattr(old, stream) if same else () for stream in STREAMS},
    )
    named = replace(patch, name=_name(corners)) if patch.name == _name(old.corners) else patch
    return with_blend(named, blend)


def with_blend(patch: Patch, blend: Blend) -> Patch:
    """The patch with another blend, without the moves of macros and controllers for which nothing is there any more."""
    bare = replace(patch, blend=blend, macros=(), midi=())
    known = targets(bare)
    macros = tuple(
        replace(macro, moves=tuple(move for move in macro.moves if move.target in known)) for macro in patch.macros
    )
    knobs = {*known, *(f"macros.{macro.name}" for macro in macros)}
    routes = tuple(route for route in patch.midi if route.target in knobs)
    return replace(bare, macros=macros, midi=routes).with_macros_applied()


def moves(before: Patch, after: Patch) -> list[Event] | None:
    """Events that bring an engine from one patch to the other while it plays; None if that takes another engine."""
    streams = [stream for stream in STREAMS if getattr(after.blend, stream)]  # one of its own can be told
    if _fixed(before, streams) != _fixed(after, streams) or _beside(before) != _beside(after):
        return None
    old, new = told(before), told(after)
    return [setting(name, value) for name, value in new.items() if value != old.get(name)]


def told(patch: Patch) -> dict[str, float]:
    """What an engine can be told while it plays: parameters of the synth, and all other targets of the patch.

    A stream without a place of its own goes with the position.
    """
    streams = {f"blend.{stream}{axis}" for stream in STREAMS for axis in ("", "_y") if not getattr(patch.blend, stream)}
    others = targets(patch, knobs=False).values()
    return {
        **synth_values(patch),
        **{one.name: one.value for one in others if one.name not in SYNTH and one.name not in streams},
    }


def _fixed(patch: Patch, streams: Sequence[str]) -> Patch:
    """A patch without what its engine can be told while it plays, and without what is not heard."""
    heard = {name.removeprefix(IN_CHAIN) for name in targets(patch, knobs=False) if name.startswith(IN_CHAIN)}
    routed = {route.target for route in patch.midi}  # the engine knows the macros that controllers move
    lfos = tuple(unchecked(lfo, rate_hz=1.0, depth=0.0) for lfo in patch.blend.lfos)
    blend = unchecked(patch.blend, lfos=lfos, **dict.fromkeys(streams, ()))
    if not blend.path:  # which begins at the position
        blend = unchecked(blend, position=(), weights=(1.0,) * blend.is_weighted)
    return unchecked(
        patch,
        name="",
        description="",
        author="",
        tags=(),
        level_db=0.0,
        effects=tuple(_fixed_slot(slot, heard) for slot in patch.effects),
        blend=blend,
        envelope=Envelope(),
        tuning=unchecked(patch.tuning, fine_cents=0.0),
        voice=unchecked(patch.voice, glide_seconds=0.0, detune_cents=0.0, spread=0.0, vibrato_cents=0.0),
        macros=tuple(unchecked(macro, value=0.0) for macro in patch.macros if f"macros.{macro.name}" in routed),
    )


def _beside(patch: Patch) -> Path | None:
    """The folder of its impulse responses, if it has any."""
    return patch.home if any(slot.impulse for slot in patch.effects) else None


def _fixed_slot(slot: Slot, heard: set[str]) -> Slot:
    parameters = {name: value for name, value in slot.parameters.items() if f"{slot.label}.{name}" not in heard}
    if slot.plugin:  # which has the parameters that are named, and no others
        parameters |= {name: 0.0 for name in slot.parameters if f"{slot.label}.{name}" in heard}
    return unchecked(slot, mix=0.0, parameters=parameters)


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
