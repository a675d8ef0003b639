"""Every figure of evolution, and its table: what was measured, what was aimed at, and whether it is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nsynth_lab.evaluate.evolution.listeners import ROUNDS, Audience, Search, drawn_anew, newcomers
from nsynth_lab.evaluate.evolution.sounds import HeardInstruments, sound_features
from nsynth_lab.evaluate.evolution.tunes import CrossedSpace, Notes, crossed, notes_of
from nsynth_lab.evaluate.melody.evaluate import Row
from nsynth_lab.evolve.instruments import InstrumentSpace
from nsynth_lab.evolve.population import Member, Point
from nsynth_lab.evolve.presets import PresetSpace
from nsynth_lab.evolve.tunes import TuneSpace
from nsynth_lab.imagine.candidate import Candidate
from nsynth_lab.imagine.ear import Ear, Recognition
from nsynth_lab.imagine.families import Families
from nsynth_lab.melody.model import MelodyModel
from nsynth_lab.tune.key import parse_key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.units import Doubles, FloatArray

GOAL, IN_SCALE, RECOGNISED, PITCHES = 0.97, 0.99, 0.8, 0.97
NEWCOMERS = {"tunes": 1000, "presets": 200, "instruments": 60}
LISTENERS = {"tunes": 96, "presets": 32, "instruments": 16}
ERROR = 0.5  # of a listener who errs, in standard deviations
METRES = (((4,), 4, "D"), ((6,), 8, "Edor"))
FAMILY = "reed"
Progress = Callable[..., Any]


@dataclass(frozen=True)
class Materials:
    """What is searched.

    Attributes:
        model: writes tunes.
        presets: where presets lie.
        play: one note of a preset, [2, samples].
        families: of the bank, of which instruments are bred.
        ear: hears them.
        listeners: how many there are, at most; as many as usual if 0.
        newcomers: likewise.
        seed: of everything.
        progress: as `console.progress`.
    """

    model: MelodyModel
    presets: PresetSpace
    play: Callable[[Member], FloatArray]
    families: Families
    ear: Ear
    progress: Progress
    listeners: int = 0
    seed: int = 0

    def listeners_to(self, what: str) -> int:
        """How many there are."""
        return min(self.listeners or LISTENERS[what], LISTENERS[what])

    def newcomers_of(self, what: str) -> int:
        """In how many percentiles are counted: fewer where there are fewer listeners than usual."""
        return max(20, NEWCOMERS[what] * self.listeners_to(what) // LISTENERS[what])


def figures(given: Materials, what: Sequence[str]) -> dict[str, Any]:
    """All figures of tunes, presets and instruments, as far as they are wanted."""
    measured = {"tunes": _tunes, "presets": _presets, "instruments": _instruments}
    return {"seed": given.seed, **{name: measured[name](given) for name in what}}


def _tunes(given: Materials) -> dict[str, Any]:
    found = _Sums()
    count = max(1, given.listeners_to("tunes") // len(METRES))
    with given.progress(4 * ROUNDS * len(METRES), "rounds", "tunes") as advance:
        for groups, unit, key in METRES:
            space = TuneSpace(given.model, Metre(groups, unit), parse_key(key), 2)
            _search_tunes(space, given, found, count=count, advance=advance)
    return {"listeners": count * len(METRES), "percentiles": found.means(), "in_scale": found.scales()}


def _search_tunes(
    space: TuneSpace, given: Materials, found: _Sums, *, count: int, advance: Callable[[int], object]
) -> None:
    """Searches of tunes of one metre and key."""
    known = newcomers(space, given.newcomers_of("tunes") // len(METRES), seed=given.seed)
    heard: dict[Point, Notes] = {}

    def in_scale(members: Sequence[Member]) -> list[float]:
        return [heard[one.point].in_scale(space.key) for one in members]

    def describe(members: Sequence[Member]) -> Doubles:
        heard.update(zip((one.point for one in members), notes_of(space, members), strict=True))
        return described([heard[one.point] for one in members], space)

    def described_notes(members: Sequence[Member]) -> Doubles:
        return described([Notes.at_point(one.point) for one in members], space)

    audience = Audience(space, describe, known, count=count, seed=given.seed)
    for name, error in (("evolved", 0.0), ("erring", ERROR)):
        search = audience.search(seed=given.seed, error=error, advance=advance)
        found.add(name, search, in_scale(search.children))
    found.add("drawn", audience.search(seed=given.seed, breed=drawn_anew, advance=advance), in_scale(known))
    notes = [heard[one.point] for one in known]
    points = [Member(one.point) for one in notes]
    crossing = Audience(CrossedSpace(notes), described_notes, points, count=count, seed=given.seed)
    other = crossing.search(seed=given.seed, breed=crossed, advance=advance)
    found.add("crossed", other, [Notes.at_point(one.point).in_scale(space.key) for one in other.children])


def described(melodies: Sequence[Notes], space: TuneSpace) -> Doubles:
    """The features of melodies [melodies, 7]."""
    beats = len(space.metre.beats)
    return np.array([one.features(bars=space.bars, beats=beats) for one in melodies])


def _presets(given: Materials) -> dict[str, Any]:
    known = newcomers(given.presets, given.newcomers_of("presets"), seed=given.seed)
    count = given.listeners_to("presets")
    with given.progress(2 * ROUNDS + 1, "rounds", "presets") as advance:

        def describe(members: Sequence[Member]) -> Doubles:
            return np.array([sound_features(given.play(one)) for one in members])

        audience = Audience(given.presets, describe, known, count=count, seed=given.seed)
        advance(1)
        evolved = audience.search(seed=given.seed, advance=advance)
        drawn = audience.search(seed=given.seed, breed=drawn_anew, advance=advance)
    return {"listeners": count, "percentiles": {"evolved": evolved.means, "drawn": drawn.means}}


def _instruments(given: Materials) -> dict[str, Any]:
    heard = HeardInstruments(given.families.bank, given.ear, FAMILY)
    space = InstrumentSpace(given.families, FAMILY, (), heard.passes)
    count = given.listeners_to("instruments")

    def candidates(members: Sequence[Member]) -> list[Candidate]:
        return [space.candidate(one.point, one.kind) for one in members]

    def describe(members: Sequence[Member]) -> Doubles:
        return np.array([heard.described(one) for one in candidates(members)])

    with given.progress(2 * ROUNDS + 1, "rounds", "instruments") as advance:
        known = newcomers(space, given.newcomers_of("instruments"), seed=given.seed)
        audience = Audience(space, describe, known, count=count, seed=given.seed)
        advance(1)
        evolved = audience.search(seed=given.seed, advance=advance)
        drawn = audience.search(seed=given.seed, breed=drawn_anew, advance=advance)
    real = [Candidate((name,)) for name in given.families.members_of(FAMILY)]
    recognised = {"evolved": candidates(evolved.children), "newcomers": candidates(known), "real": real}
    return {
        "listeners": count,
        "family": FAMILY,
        "percentiles": {"evolved": evolved.means, "drawn": drawn.means},
        "recognised": {name: _shares([heard.recognised(one) for one in some]) for name, some in recognised.items()},
    }


def _shares(heard: Sequence[Recognition]) -> dict[str, float]:
    """Mean shares of keys at which family and pitch are heard."""
    return {
        "family": float(np.mean([one.families_right for one in heard])),
        "pitch": float(np.mean([one.pitches_right for one in heard])),
    }


@dataclass
class _Sums:
    """Percentiles and scales of several searches of one kind."""

    percentiles: dict[str, list[Search]] = field(default_factory=dict)
    in_scale: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, search: Search, in_scale: Sequence[float]) -> None:
        self.percentiles.setdefault(name, []).append(search)
        self.in_scale.setdefault(name, []).extend(in_scale)

    def means(self) -> dict[str, list[float]]:
        return {
            name: np.mean([one.means for one in searches], axis=0).tolist()
            for name, searches in self.percentiles.items()
        }

    def scales(self) -> dict[str, float]:
        return {name: float(np.mean(shares)) for name, shares in self.in_scale.items()}


def rows(found: dict[str, Any]) -> list[Row]:
    """The table."""
    table = []
    for what in ("tunes", "presets", "instruments"):
        if what not in found:
            continue
        ways = found[what]["percentiles"]
        first, best = ways["evolved"][0], ways["evolved"][-1]
        table.append(
            Row(
                f"{what}: percentile of the best of six after {ROUNDS} rounds", f">= {GOAL}",
                f"{best:.3f} (first {first:.3f}; as many drawn anew {ways['drawn'][-1]:.3f})", best >= GOAL,
            )
        )  # fmt: skip
        if what == "tunes":
            table += _of_tunes(found[what])
        if what == "instruments":
            table += _of_instruments(found[what])
    return table


def _of_tunes(found: dict[str, Any]) -> list[Row]:
    ways, scales = found["percentiles"], found["in_scale"]
    others = f"crossover of notes {scales['crossed']:.3f}, newcomers {scales['drawn']:.4f}"
    return [
        Row("tunes: the same with listeners who err", "", f"{ways['erring'][-1]:.3f}", None),
        Row("tunes: the same by crossover of notes", "", f"{ways['crossed'][-1]:.3f}", None),
        Row(
            "tunes: notes in scale",
            f">= {IN_SCALE}",
            f"{scales['evolved']:.4f} ({others})",
            scales["evolved"] >= IN_SCALE,
        ),
    ]


def _of_instruments(found: dict[str, Any]) -> list[Row]:
    evolved, real = found["recognised"]["evolved"], found["recognised"]["real"]
    share = evolved["family"] / max(real["family"], 1e-9)
    return [
        Row(
            f"instruments: heard as {found['family']}, relative to real ones", f">= {RECOGNISED}",
            f"{share:.3f} ({evolved['family']:.3f}, real {real['family']:.3f})", share >= RECOGNISED,
        ),
        Row(
            "instruments: pitch heard", f">= {PITCHES}", f"{evolved['pitch']:.3f} (real {real['pitch']:.3f})",
            evolved["pitch"] >= PITCHES,
        ),
    ]  # fmt: skip
