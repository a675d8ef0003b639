"""PackRequest out of words: lists on a command line, and the recipe of a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nsynth_lab.errors import UsageError
from nsynth_lab.note import parse_note
from nsynth_lab.pack.request import PackRequest

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
        raise UsageError(f"velocities '{text}'; expected whole numbers 1 to 127, as 40,80,120") from None


def parse_positions(text: str, *, numbers: int) -> tuple[tuple[float, ...], ...]:
    """Positions of one number, between two sources, "0,0.5,1", or of two numbers, "0,0;1,0;0.5,0.5".

    Raises:
        UsageError: text that is not such a list.

    >>> parse_positions("0,1", numbers=1), parse_positions("0,1;1,1", numbers=2)
    (((0.0,), (1.0,)), ((0.0, 1.0), (1.0, 1.0)))
    """
    parts = text.split(";") if numbers == 2 else text.split(",")
    try:
        return tuple(tuple(float(value) for value in part.split(",")) for part in parts if part.strip())
    except ValueError:
        raise UsageError(f"positions '{text}'; expected 0,0.5,1, or 0,0;1,0;0.5,0.5 beyond two sources") from None


def from_dict(values: Mapping[str, Any]) -> PackRequest:
    """A request from a manifest's plain values.

    Raises:
        UsageError: a field that is missing, unknown or of another type.
    """
    known = {item.name for item in fields(PackRequest)}
    if {"preset", *values} != known:
        odd = ", ".join(sorted({"preset", *values} ^ known))
        raise UsageError(f"the manifest's recipe has other fields than this version's ({odd})")
    try:
        whole = ("takes", "crossfade", "sample_rate", "bits", "seed")
        takes, crossfade, sample_rate, bits, seed = _wholes([values[key] for key in whole])
        name, author, licence = _texts([values[key] for key in ("name", "author", "licence")])
        (preset,) = _texts([values.get("preset", "")])
        return PackRequest(
            sources=tuple(_texts(values["sources"])),
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
