"""A preset of the user's own as a point of the space of presets: as near as what is turned there can come to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.presets import EFFECTS, LFOS, MOST_CORNERS, UNISON, PresetSpace, target_of
from nsynth_lab.patch import Lfo, Patch, Slot, Tuning, targets
from nsynth_lab.units import Doubles

MIDDLE = 0.5  # of what a preset has not


def check_own(patch: Patch) -> None:
    """Check that a preset can be a first parent.

    Raises:
        UsageError: it has too many corners, or their weights are no position.
    """
    if len(patch.blend.corners) > MOST_CORNERS or patch.blend.is_weighted:
        raise UsageError(
            f"{patch.name}: blends {len(patch.blend.corners)} instruments by weights; expected a preset of one to "
            f"{MOST_CORNERS} with a position"
        )


def point_of(space: PresetSpace, patch: Patch) -> Doubles:
    """The point of a preset that has the corners of the space; effects and LFOs that it lacks are turned down."""
    blend = patch.blend
    lfos = tuple(_first_lfo(blend.lfos, one) for one in (LFOS if len(blend.corners) > 1 else LFOS[2:]))
    effects = tuple(_first_slot(patch.effects, one) for one in EFFECTS)
    plain = replace(patch, blend=replace(blend, lfos=lfos, path=()), effects=effects, macros=(), midi=())
    known = {name: target.value for name, target in targets(plain).items()}
    names = [target_of(gene, len(blend.corners)) for gene in space.genes]
    point = [gene.coordinate(known[name]) if name else MIDDLE for gene, name in zip(space.genes, names, strict=True)]
    voices = [place for place, unison in enumerate(UNISON) if unison == min(patch.voice.unison, max(UNISON))]
    return np.array([*point, (np.mean(voices) + 0.5) / len(UNISON)])


def left_out(patch: Patch) -> list[str]:
    """What of a preset no point has, in words."""
    blend, voice = patch.blend, patch.voice
    moved = _more([one.target for one in blend.lfos], [one.target for one in LFOS])
    effects = _more([one.effect for one in patch.effects], [one.effect for one in EFFECTS])
    others = {
        "the path": blend.path, "separate places of loudness and pitch": blend.loudness or blend.f0,
        "the spherical interpolation": blend.interpolation != "linear", "the tuning": patch.tuning != Tuning(),
        "mono or legato": voice.mode != "poly", "macros": patch.macros, "controllers": patch.midi,
    }  # fmt: skip
    found = [f"the LFO on {moved[place]}" for place in moved] + [patch.effects[place].label for place in effects]
    return [*found, *(name for name, is_there in others.items() if is_there)]


def _more(own: Sequence[str], turned: Sequence[str]) -> dict[int, str]:
    """Places and names of those that are not turned, and of any after the first of a name."""
    return {place: one for place, one in enumerate(own) if one not in turned or one in own[:place]}


def _first_lfo(own: Sequence[Lfo], usual: Lfo) -> Lfo:
    found = next((one for one in own if one.target == usual.target), None)
    return found or replace(usual, depth=0.0)


def _first_slot(own: Sequence[Slot], usual: Slot) -> Slot:
    found = next((one for one in own if one.effect == usual.effect and not one.bypass), None)
    return replace(found, label=usual.label) if found else replace(usual, mix=0.0)
