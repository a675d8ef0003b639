"""The map of a bank: each instrument a point, near to those that sound alike; the user's own among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.imagine.candidate import SYNTHETIC
from nsynth_lab.imagine.ear import Ear, first_frames
from nsynth_lab.imagine.heard_bank import HeardBank, heard_bank, keys_of
from nsynth_lab.imagine.labels import name_corners
from nsynth_lab.imagine.layout import added, plane
from nsynth_lab.legible import legible
from nsynth_lab.model.bank import Bank, load_bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.note import INSTRUMENT_FAMILIES, Note
from nsynth_lab.picture import new_figure, save_figure, text_width
from nsynth_lab.units import Doubles

COLOURS = (
    "#4e79a7", "#f28e2b", "#76b7b2", "#b07a3c", "#e15759", "#59a14f", "#9c755f", "#b04fa0", "#d4a017", "#7f7f7f",
    "#ff7fa7", "#303030", "#5fa8d3",
)  # fmt: skip
INCHES, EDGE = 13.0, 1.03  # of the picture, and of what it shows
POINTS_AN_INCH = 72.0


@dataclass(frozen=True)
class Place:
    """An instrument on the map: x and y within -1 to 1, and whether it is the user's own, and imagined."""

    name: str
    family: str
    x: float
    y: float
    own: bool = False
    imagined: bool = False


def sound_map(folder: Path, bank: Bank, checkpoint: Checkpoint, *, progress: Callable[..., Any]) -> list[Place]:
    """The map of the bank in a checkpoint folder, and of the user's own instruments that `bank` has beside it.

    The places of the checkpoint's instruments do not depend on the user's.

    Raises:
        CheckpointError: there is no classifier or no bank.
    """
    ear, real = Ear(checkpoint), load_bank(folder)
    heard = heard_bank(folder, real, ear, progress=progress)
    points = _by_instrument(heard, real)
    at = plane(points)
    places = [
        Place(name, entry.instrument.family, float(x), float(y))
        for (name, entry), (x, y) in zip(real.entries.items(), at, strict=True)
    ]
    own = [name for name in bank.entries if name not in real.entries]
    with progress(len(own), "instruments", "listening to your own") as advance:
        for name in own:
            x, y = added(_heard_point(bank, name, ear), points, at)
            instrument = bank.entries[name].instrument
            places.append(
                Place(name, instrument.family, float(x), float(y), own=True, imagined=instrument.source == SYNTHETIC)
            )
            advance()
    return places


def draw_map(path: Path, places: Sequence[Place]) -> Path:
    """Draw the map: a colour for each family; the user's own have a ring and a bold name.

    Raises:
        MissingError: matplotlib is not installed.
    """
    figure = new_figure(INCHES, INCHES)
    axes = figure.subplots()
    axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE))
    corners = _name_corners(places)
    for family, colour in zip(INSTRUMENT_FAMILIES, COLOURS, strict=True):
        members = [place for place in places if place.family == family]
        if not members:
            continue
        axes.scatter(
            [place.x for place in members], [place.y for place in members],
            s=list(map(_area_of, members)), c=colour, label=family.replace("_", " "),
            edgecolors=["black" if place.own else "none" for place in members], linewidths=1.2, zorder=3,
        )  # fmt: skip
        for place in members:
            axes.annotate(
                legible(place.name), (place.x, place.y), xytext=corners[place.name], textcoords="offset points",
                fontsize=_size_of(place), weight="bold" if place.own else "normal",
                color="black" if place.own else colour, zorder=4 if place.own else 2,
            )  # fmt: skip
    axes.set_axis_off()
    axes.legend(fontsize=8, loc="upper left", frameon=False)
    return save_figure(figure, path)


def _name_corners(places: Sequence[Place]) -> dict[str, tuple[float, float]]:
    """Where the names stand, in typographic points from theirs; the user's own come first."""
    first = sorted(places, key=lambda place: not place.own)
    at = np.array([(place.x, place.y) for place in first]) * INCHES * POINTS_AN_INCH / (2.0 * EDGE)
    sizes = np.array([(text_width(legible(p.name), size=_size_of(p), bold=p.own), _size_of(p)) for p in first])
    dots = np.sqrt(np.array([_area_of(place) for place in first])) / 2.0
    beside = (name_corners(at, dots, sizes, edge=INCHES * POINTS_AN_INCH / 2.0) - at).tolist()
    return {place.name: (x, y) for place, (x, y) in zip(first, beside, strict=True)}


def _area_of(place: Place) -> float:
    """Of its point, in square points."""
    return 110.0 if place.own else 36.0


def _size_of(place: Place) -> float:
    """Of its name's letters."""
    return 7.0 if place.own else 5.0


def _by_instrument(heard: HeardBank, bank: Bank) -> Doubles:
    """The mean features of each instrument, [instruments, 192]."""
    names = np.array(heard.names)
    return np.stack([heard.features[names == name].mean(axis=0) for name in bank.entries]).astype(np.float64)


def _heard_point(bank: Bank, name: str, ear: Ear) -> Doubles:
    notes = [first_frames(bank.latents(name, Note(key))) for key in keys_of(bank, name)]
    return np.asarray(ear.hear(ear.sounds(notes)).features.mean(axis=0), np.float64)
