"""Every figure of imagined instruments, and the table: what was measured, what was aimed at, what the rivals reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nsynth_lab.evaluate.imagination.heard import HeardInstrument, hear_one
from nsynth_lab.evaluate.imagination.kinds import IMAGINED, Draw, kinds, playable
from nsynth_lab.evaluate.imagination.measures import frechet_distances, measures
from nsynth_lab.evaluate.imagination.wishes import AMOUNTS, descriptors_asked
from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.choose import Imagination
from nsynth_lab.imagine.descriptors import STEPS
from nsynth_lab.imagine.ear import Ear

REAL, SECOND = "real", "second_"
OF_REAL_FAMILY, PITCH, TIMES_REAL_FRECHET = 0.8, 0.97, 2.0
RATIO, COPIES, SPREAD, APART, REACHED = 0.9, 0.05, 0.9, 0.4, 0.9
WISHES_EACH = 3
NO_GOAL = "percussive -1"  # how long a note can be made to last is up to the note


@dataclass(frozen=True)
class Row:
    """A line of the table; `met` is None where there is no goal."""

    what: str
    goal: str
    values: dict[str, str]
    met: bool | None

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "met", False: "missed", None: ""}[self.met]


def figures(imagination: Imagination, *, each: int, seed: int, progress: Callable[..., Any]) -> dict[str, Any]:
    """All figures, from `each` instruments of every family and kind; `progress` is `console.progress`."""
    found = compared(imagination, kinds(imagination), each=each, seed=seed, progress=progress)
    families = [family for family, own in imagination.families.members.items() if own]
    total = WISHES_EACH * len(families) * len(STEPS) * len(AMOUNTS)
    with progress(total, "instruments", "descriptors") as advance:
        asked = descriptors_asked(imagination, each=WISHES_EACH, seed=seed, advance=advance)
    return {"each": each, "seed": seed, "kinds": found, "descriptors": asked}


def compared(
    imagination: Imagination,
    drawn: Mapping[str, Draw],
    *,
    each: int,
    seed: int,
    progress: Callable[..., Any],
    second: Ear | None = None,
) -> dict[str, dict[str, float]]:
    """Kind -> measure -> figure, of the real instruments and of these kinds.

    A `second` ear, by which nothing was chosen, adds its own measures: `second_family` and so on.
    """
    ears = [imagination.ear, *([second] if second else [])]
    heard = {REAL: _real(imagination, ears, progress)}
    families = [family for family, own in imagination.families.members.items() if own]
    for number, (name, draw) in enumerate(drawn.items()):
        with progress(each * len(families), "instruments", name) as advance:
            heard[name] = []
            for place, family in enumerate(families):
                for count in range(each):
                    instrument = draw(family, np.random.default_rng([seed, number, place, count]))
                    heard[name].append(hear_one(instrument, ears, imagination.neighbours(family)))
                    advance()
    found = _measured(heard, ear=0, seed=seed)
    if second is not None:
        for name, measured in _measured(heard, ear=1, seed=seed).items():
            found[name] |= {SECOND + what: figure for what, figure in measured.items()}
    return found


def _measured(
    heard: Mapping[str, Sequence[Sequence[HeardInstrument]]], *, ear: int, seed: int
) -> dict[str, dict[str, float]]:
    """Kind -> measure -> figure, as one of the ears hears them."""
    kinds_heard = {name: [one[ear] for one in kind] for name, kind in heard.items()}
    others = {name: kind for name, kind in kinds_heard.items() if name != REAL}
    distances = frechet_distances(kinds_heard[REAL], others, seed=seed)
    return {name: {**measures(kind), "frechet": distances[name]} for name, kind in kinds_heard.items()}


def _real(imagination: Imagination, ears: Sequence[Ear], progress: Callable[..., Any]) -> list[list[HeardInstrument]]:
    names = [(family, name) for family, own in imagination.families.members.items() for name in own]
    found = []
    with progress(len(names), "instruments", REAL) as advance:
        for family, name in names:
            instrument = playable(imagination, Candidate((name,)), family, name)
            found.append(hear_one(instrument, ears, imagination.neighbours(family)))
            advance()
    return found


def rows(found: dict[str, Any]) -> list[Row]:
    """The table: a column for real instruments, for imagined ones and for each rival."""
    kinds_found: dict[str, dict[str, float]] = found["kinds"]
    ours, real = kinds_found[IMAGINED], kinds_found[REAL]

    def row(what: str, name: str, goal: str, met: bool, digits: int = 2) -> Row:
        return Row(what, goal, {kind: f"{one[name]:.{digits}f}" for kind, one in kinds_found.items()}, met)

    table = [
        row(
            "family recognised", "family", f">= {OF_REAL_FAMILY} x real",
            ours["family"] >= OF_REAL_FAMILY * real["family"], 3,
        ),
        row("pitch recognised", "pitch", f">= {PITCH}", ours["pitch"] >= PITCH, 3),
        row(
            "Fréchet distance to half of the real ones", "frechet", f"<= {TIMES_REAL_FRECHET:g} x real",
            ours["frechet"] <= TIMES_REAL_FRECHET * real["frechet"],
        ),
        row("distance to the nearest real, median", "ratio_median", f">= {RATIO}", ours["ratio_median"] >= RATIO),
        row("copies: nearer than 0.5", "ratio_copies", f"<= {COPIES}", ours["ratio_copies"] <= COPIES, 3),
        row("spread within a family", "spread", f">= {SPREAD} x real", ours["spread"] >= SPREAD * real["spread"]),
        row("two keys' families apart", "keys_apart", f"<= {APART}", ours["keys_apart"] <= APART),
        row("soft and loud apart", "velocities_apart", f"<= {APART}", ours["velocities_apart"] <= APART),
    ]  # fmt: skip
    return [*table, *(_descriptor(name, one) for name, one in found["descriptors"].items())]


def _descriptor(name: str, one: dict[str, Any]) -> Row:
    what, goal = f"--{name} moves half a step", "" if name == NO_GOAL else f">= {REACHED}, pitch >= {PITCH}"
    if not one["of"]:
        return Row(what, goal, {IMAGINED: "none can go down so far"}, None)
    unit = "octaves" if name.startswith("brighter") else "dB"
    moved = f"median {one['median']:.2f} of {one['step']:g} {unit}; pitch kept {one['pitch_kept']:.3f}; {one['of']}"
    met = (one["reached"] >= REACHED and one["pitch_kept"] >= PITCH) if goal else None
    return Row(what, goal, {IMAGINED: f"{one['reached']:.3f} ({moved})"}, met)
