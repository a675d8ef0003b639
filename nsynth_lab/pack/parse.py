"""PackRequest from text: lists on the command line, and the recipe in a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from nsynth_lab.errors import UsageError
from nsynth_lab.note import parse_note
from nsynth_lab.pack.format_table import named_formats
from nsynth_lab.pack.request import PackRequest
from nsynth_lab.patch import Patch, blend_of, parse_preset
from nsynth_lab.patch.library import read_whole
from nsynth_lab.patch.place import (
    MAX_POSITIONED_SOURCES,
    Place,
    as_position,
    check_count,
    normalised,
    parse_positions,
    parse_several_weights,
)
from nsynth_lab.patch.preset_file import format_preset
from nsynth_lab.wording import listed

# a line evenly; the corners and the middle of a triangle and a square
USUAL_PLACES = {2: "0,0.25,0.5,0.75,1", 3: "0,0;1,0;0.5,1;0.5,0.3333", 4: "0,0;1,0;0,1;1,1;0.5,0.5"}
BLENDED = ("path", "track")  # of a blend, where they are not the usual ones
_RANGE = re.compile(r"(?P<low>[^/]+?)(?:(?<=\d)-(?P<high>[^/]+))?(?:/(?P<step>\d{1,3}))?")


def parse_notes(text: str) -> tuple[int, ...]:
    """Notes and ranges of notes, separated by commas; a range may have a step in semitones.

    Raises:
        UsageError: text that is not such a list.

    >>> parse_notes("C2-C3/6, A4")
    (36, 42, 48, 69)
    """
    notes: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise UsageError(f"notes '{part}'; expected a note as C4, or a range as C2-C6/3")
        low = parse_note(match["low"])
        high = parse_note(match["high"]) if match["high"] else low
        step = int(match["step"] or 1)
        if step == 0 or high < low:
            raise UsageError(f"notes '{part}'; expected the lower note first and a step of 1 or more, as C2-C6/3")
        notes += range(low, high + 1, step)
    return tuple(dict.fromkeys(notes))


def parse_velocities(text: str) -> tuple[int, ...]:
    """Velocities separated by commas.

    Raises:
        UsageError: text that is not such a list.

    >>> parse_velocities("40, 80,120")
    (40, 80, 120)
    """
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"velocities '{text}'; expected whole numbers 1 to 127, such as 40,80,120") from None


def parse_places(sources: int, *, positions: str | None, weights: str | None) -> tuple[Place, ...]:
    """Positions or sets of weights, as typed; by default a choice for this number of sources.

    Default: five positions between two sources, the corners and the centre of three or four, equal weights of more.

    Raises:
        UsageError: too many sources or none, both positions and weights, or one that does not fit.

    >>> parse_places(2, positions="0,1", weights=None), parse_places(1, positions=None, weights=None)
    (((0.0,), (1.0,)), ((),))
    """
    check_count(sources)
    if positions is not None and weights is not None:
        raise UsageError("--positions and --weights say the same thing: give one of them")
    if weights is not None:
        given = parse_several_weights(weights, sources)
        return given if sources >= MAX_POSITIONED_SOURCES else tuple(as_position(each) for each in given)
    if positions is not None or sources in USUAL_PLACES:
        return parse_positions(USUAL_PLACES[sources] if positions is None else positions, sources)
    return (normalised([0.0] * sources),) if sources > 1 else ((),)


def parse_pack(
    sources: Sequence[str],
    *,
    preset: str = "",
    positions: str | None = None,
    weights: str | None = None,
    path: str | None = None,
    track: float | None = None,
    notes: str,
    velocities: str,
    formats: str = "",
    **others: Any,
) -> PackRequest:
    """A request as typed: for a blend of sources, or for a preset by name or file; `others` are its other fields.

    Raises:
        UsageError: words that do not fit, or what `PackRequest` refuses.
        PatchError: a preset that cannot be read.
    """
    if sources and preset:
        raise UsageError("--preset says what is blended: leave the sources out")
    if preset:
        if path is not None:
            raise UsageError("--preset says how its timbre goes from corner to corner: leave --path out")
        text, patch = read_whole(preset)
        if track is not None:
            patch = replace(patch, blend=replace(patch.blend, track=(track,)))
            text = format_preset(patch)
    else:
        text, patch = "", Patch("blend", blend_of(sources, interpolation=path or "linear", track=track))
    return pack_of(
        patch, text, positions=positions, weights=weights, notes=notes, velocities=velocities, formats=formats, **others
    )


def pack_of(
    patch: Patch,
    preset: str,
    *,
    positions: str | None = None,
    weights: str | None = None,
    notes: str,
    velocities: str,
    formats: str = "",
    **others: Any,
) -> PackRequest:
    """As `parse_pack`, of a patch; `preset` is its text, empty for a blend that is nothing else.

    Raises:
        UsageError: words that do not fit, or what `PackRequest` refuses.
    """
    if preset and positions is None and weights is None:
        places: tuple[Place, ...] = (patch.with_macros_applied().blend.place,)
    else:
        places = parse_places(len(patch.blend.corners), positions=positions, weights=weights)
    return PackRequest(
        patch=patch,
        positions=places,
        notes=parse_notes(notes),
        velocities=parse_velocities(velocities),
        formats=named_formats(list(listed(formats)), flac=bool(others.get("flac"))),
        preset=preset,
        **others,
    )


def from_dict(values: Mapping[str, Any]) -> PackRequest:
    """A request from a manifest's plain values.

    Raises:
        UsageError: a field that is missing, unknown or of another type.
    """
    known = {"sources", *BLENDED, *(item.name for item in fields(PackRequest) if item.name != "patch")}
    if {"preset", *BLENDED, *values} != known:
        odd = ", ".join(sorted({"preset", *BLENDED, *values} ^ known))
        raise UsageError(f"the manifest's recipe has other fields than this version's ({odd})")
    try:
        whole = ("takes", "crossfade", "sample_rate", "bits", "seed")
        takes, crossfade, sample_rate, bits, seed = _wholes([values[key] for key in whole])
        name, author, licence = _texts([values[key] for key in ("name", "author", "licence")])
        preset, path = _texts([values.get("preset", ""), values.get("path", "linear")])
        sources = _texts(values["sources"])
        tracks = _numbers(values.get("track", ()))
        blended = blend_of(sources, interpolation=path, track=next(iter(tracks), None))
        return PackRequest(
            patch=parse_preset(preset) if preset else Patch("blend", blended),
            positions=tuple(tuple(_numbers(position)) for position in values["positions"]),
            notes=tuple(_wholes(values["notes"])),
            velocities=tuple(_wholes(values["velocities"])),
            takes=takes,
            crossfade=crossfade,
            seconds=_numbers([values["seconds"]])[0],
            loop=bool(values["loop"]),
            sample_rate=sample_rate,
            bits=bits,
            flac=bool(values["flac"]),
            formats=tuple(_texts(values["formats"])),
            name=name,
            author=author,
            licence=licence,
            seed=seed,
            preset=preset,
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"the manifest's recipe cannot be used: {error}") from error


def _texts(values: Any) -> list[str]:
    if not all(isinstance(value, str) for value in values) or isinstance(values, str):
        raise TypeError(f"expected texts, came {values!r:.80}")
    return list(values)


def _wholes(values: Any) -> list[int]:
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        raise TypeError(f"expected whole numbers, came {values!r:.80}")
    return list(values)


def _numbers(values: Any) -> list[float]:
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise TypeError(f"expected numbers, came {values!r:.80}")
    return [float(value) for value in values]
