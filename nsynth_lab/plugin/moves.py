"""Moves: a host's parameters in the patch that the panel shows."""

from __future__ import annotations

from collections.abc import Mapping

from nsynth_lab.panel.changes import by_hand, placed
from nsynth_lab.patch import Patch
from nsynth_lab.plugin.parameters import ATTACK, ENVELOPE, FIRST_MACRO, PARAMETERS, RELEASE, values_of

SAME = 1e-6  # of a parameter's range: a host's numbers are short


def with_moves(patch: Patch, moves: Mapping[int, float]) -> Patch:
    """The patch in which parameters are set to values, by their row in `PARAMETERS`, as far as a patch has them.

    >>> from nsynth_lab.patch import Blend, Patch
    >>> patch = Patch("between", Blend(("flute", "cello"), position=(0.5,)))
    >>> with_moves(patch, {0: 0.25, 12: -6.0}).blend.position  # the level is the host's alone
    (0.25,)
    """
    for index, value in moves.items():
        row = PARAMETERS[index]
        if abs(values_of(patch)[index] - value) > SAME * (row.high - row.low):
            patch = _moved(patch, index, min(max(value, row.low), row.high))
    return patch


def _moved(patch: Patch, index: int, value: float) -> Patch:
    name, blend = PARAMETERS[index].symbol, patch.blend
    if name in ("x", "y"):
        if not blend.dims or blend.is_weighted:
            return patch
        x, y = (*blend.position, 0.5)[:2]
        return placed(patch, value, y) if name == "x" else placed(patch, x, value)
    if name == "level":
        return patch
    if index >= ENVELOPE:
        return by_hand(patch, ATTACK if name == "attack" else RELEASE, value)
    for macro in patch.macros[index - FIRST_MACRO :][:1]:
        patch = by_hand(patch, f"macros.{macro.name}", value)
    return patch
