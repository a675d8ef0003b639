"""Recipes from options as they are written: a blend of named sources, or a preset, at a given place.

Shared by `blend`, `pack`, `play`, `render` and scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nsynth_lab.errors import PatchError, UsageError
from nsynth_lab.patch.library import find_preset
from nsynth_lab.patch.macros import Macro, Move, Route
from nsynth_lab.patch.patch import Patch
from nsynth_lab.patch.place import Place, Written, check_count, middle, parse_position, parse_weights
from nsynth_lab.patch.slot import Slot
from nsynth_lab.patch.sound import INTERPOLATIONS, Blend


def blend_of(
    sources: Sequence[str],
    *,
    position: Written | None = None,
    weights: Written | None = None,
    timbre: Written | None = None,
    loudness: Written | None = None,
    partials: Written | None = None,
    path: Sequence[tuple[float, ...]] = (),
    interpolation: str = "linear",
    track: float | None = None,
) -> Blend:
    """A blend of one to eight sources at a place, as it is written; by default all have equal weights.

    Args:
        sources: names of the bank, sound files or .latents files.
        position: as "0.3" or "0.2,0.7", or in numbers, see `place`.
        weights: as "0.5,0.3,0.2", or in numbers, instead of the position.
        timbre: a separate position for the timbre.
        loudness: a separate position for level, attack and release.
        partials: a separate position for the partials.
        path: places over time, [seconds, place...], for a morph.
        interpolation: linear or spherical.
        track: how far drums and noises follow the keys, 0 to 1; as each was captured if not given.

    Raises:
        UsageError: a value that does not fit the number of sources.

    >>> blend_of(["flute", "cello", "oboe"], weights="5,3,2").weights
    (0.5, 0.3, 0.2)
    """
    place = place_of(len(sources), position=position, weights=weights)
    check_interpolation(interpolation)
    own = {
        stream: parse_position(text, len(sources), what=stream)
        for stream, text in (("timbre", timbre), ("loudness", loudness), ("partials", partials))
        if text is not None
    }
    try:
        return Blend(
            tuple(sources),
            position=place if weights is None else (0.5,),
            weights=() if weights is None else place,
            interpolation=interpolation,
            timbre=own.get("timbre", ()),
            loudness=own.get("loudness", ()),
            partials=own.get("partials", ()),
            path=tuple(path),
            track=_track(track),
        )
    except PatchError as error:
        raise UsageError(str(error)) from error


def preset_of(
    name: str,
    *,
    position: Written | None = None,
    weights: Written | None = None,
    interpolation: str | None = None,
    track: float | None = None,
) -> Patch:
    """A preset by name or file with its macros applied, at another place, or with another `track`, if one is given.

    Raises:
        UsageError: no such preset, or a place that does not fit.
        PatchError: it cannot be read.
    """
    patch = find_preset(name).with_macros_applied()
    if interpolation is not None:
        check_interpolation(interpolation)
        patch = replace(patch, blend=replace(patch.blend, interpolation=interpolation))
    if track is not None:
        patch = replace(patch, blend=replace(patch.blend, track=_track(track)))
    if position is None and weights is None:
        return patch
    try:
        return patch.at(place_of(len(patch.blend.corners), position=position, weights=weights))
    except PatchError as error:
        raise UsageError(f"{patch.name}: {error}") from error


def patch_to_begin_from(name: str, blend: Blend) -> Patch:
    """A new patch: the blend, a reverb, and the modulation wheel on a macro that morphs it.

    The macro moves the position or, for five and more corners, the weight of the first. With one corner the wheel moves
    the reverb.

    >>> [patch_to_begin_from("x", Blend(("a", "b", "c", "d", "e")[:count])).midi[0].target for count in (1, 2, 5)]
    ['effects.reverb.mix', 'macros.Morph', 'macros.Morph']
    """
    if not blend.dims:
        return Patch(name, blend, effects=(Slot("reverb"),), midi=(Route(1, "effects.reverb.mix", 0.1, 0.6),))
    target, at = ("blend.weight_1", blend.place[0]) if blend.is_weighted else ("blend.position", blend.position[0])
    morph = Macro("Morph", at, (Move(target, 0.0, 1.0),))
    return Patch(name, blend, effects=(Slot("reverb"),), macros=(morph,), midi=(Route(1, "macros.Morph"),))


def place_of(sources: int, *, position: Written | None = None, weights: Written | None = None) -> Place:
    """A place as written for `sources` sources; the centre if none is given (empty for more than four: equal weights).

    Raises:
        UsageError: too many sources or none, both a position and weights, or one that does not fit.

    >>> place_of(2, position="0.3"), place_of(3, weights="1,1,2"), place_of(5)
    ((0.3,), (0.25, 0.25, 0.5), ())
    """
    check_count(sources)
    if position is not None and weights is not None:
        raise UsageError("--position and --weights say the same thing: give one of them")
    if weights is not None:
        return parse_weights(weights, sources)
    return parse_position(position, sources) if position is not None else middle(sources)


def _track(given: float | None) -> tuple[float, ...]:
    return () if given is None else (given,)


def check_interpolation(name: str) -> None:
    """Refuse an unknown interpolation.

    Raises:
        UsageError: neither linear nor spherical.
    """
    if name not in INTERPOLATIONS:
        raise UsageError(f"path '{name}'; expected {' or '.join(INTERPOLATIONS)}")
