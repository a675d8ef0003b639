"""Melodies as listeners hear them: seven features, and the scale; and crossover of notes, without latents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.evolve.population import SIZE, Member, Point, Space, of_the_nearer
from nsynth_lab.evolve.tunes import TuneSpace
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.played import played_length, sounding
from nsynth_lab.tune.scale import SCALES
from nsynth_lab.tune.tune import Tune
from nsynth_lab.units import Doubles, Ints

STEP = 2  # semitones
MUTATED, FURTHEST = 0.1, 4  # share of notes that crossover moves, and by how many semitones at most


@dataclass(frozen=True)
class Notes:
    """A melody as listeners hear it: where notes begin, in bars [notes], and their MIDI numbers [notes]."""

    at: Doubles
    pitches: Ints

    @staticmethod
    def of(tune: Tune) -> Notes:
        """Of a tune in a metre."""
        bar = float(played_length(tune)) / len(tune.bars)
        notes = sounding(tune)
        return Notes(
            np.array([float(note.at) / bar for note in notes]), np.array([note.pitch.note for note in notes], np.int64)
        )

    @staticmethod
    def at_point(point: Point) -> Notes:
        """Of a point of `CrossedSpace`."""
        rows = np.array(point).reshape(-1, 2)
        return Notes(rows[:, 0], rows[:, 1].round().astype(np.int64))

    @property
    def point(self) -> Point:
        """As a point of `CrossedSpace`."""
        return tuple(np.stack([self.at.round(4), self.pitches], axis=1).ravel().tolist())

    def features(self, *, bars: int, beats: int) -> list[float]:
        """Mean pitch, range, notes a bar, mean leap, share of steps, rise in a bar, and share of notes off the beat."""
        pitches = self.pitches.astype(np.float64)
        leaps = np.abs(np.diff(pitches)) if len(pitches) > 1 else np.zeros(1)
        off = np.abs(self.at * beats - np.round(self.at * beats)) > 1e-3
        rise = float(np.polyfit(self.at, pitches, 1)[0]) if len(set(self.at.tolist())) > 1 else 0.0
        return [
            float(pitches.mean()), float(np.ptp(pitches)), len(pitches) / bars, float(leaps.mean()),
            float((leaps <= STEP).mean()), rise, float(off.mean()),
        ]  # fmt: skip

    def in_scale(self, key: Key) -> float:
        """Share of the notes in the scale of a key; in minor the raised sixth and seventh too."""
        scale = {*SCALES[key.mode], *((9, 11) if key.mode == "minor" else ())}
        return float(np.mean([(pitch - key.tonic) % 12 in scale for pitch in self.pitches.tolist()]))


def notes_of(space: TuneSpace, members: Sequence[Member]) -> list[Notes]:
    """The melodies of members."""
    return [Notes.of(tune) for tune in space.tunes([member.point for member in members])]


@dataclass(frozen=True)
class CrossedSpace:
    """Melodies as their notes: crossover of these is what genetic algorithms of melodies do.

    Attributes:
        known: melodies that newcomers are drawn from.
    """

    known: Sequence[Notes]

    @property
    def spread(self) -> Doubles:
        """There is no noise; notes are moved instead."""
        return np.zeros(1)

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        """Some of those that are known."""
        return [(np.array(self.known[int(at)].point), "") for at in chance.integers(0, len(self.known), count)]

    def within(self, point: Doubles) -> Doubles:
        """Any notes."""
        return point

    def inherited(self, first: str, second: str, along: float) -> str:
        """All are of one kind."""
        return of_the_nearer(first, second, along)

    def knows(self, kind: str) -> bool:
        """There are no others."""
        return not kind

    def passes(self, point: Point, kind: str) -> bool:
        """All may be offered."""
        return len(point) > 0 and self.knows(kind)


def crossed(space: Space, members: Sequence[Member], liked: Sequence[int], number: int, seed: int) -> list[Member]:
    """The next generation by crossover: the best, four that begin as one and end as another, and a newcomer."""
    chance = np.random.default_rng((seed, number))
    best = members[liked[0] - 1]
    found = [Member(best.point, parents=(liked[0],), lives_on=True)]
    for _ in range(SIZE - 2):
        one, two = (int(place) for place in chance.choice(liked, 2, replace=False))
        first, second = (Notes.at_point(members[place - 1].point) for place in (one, two))
        found.append(Member(_child(first, second, chance).point, parents=(one, two)))
    point, kind = space.newcomers(chance, 1)[0]
    return [*found, Member(tuple(point.tolist()), kind)]


def _child(first: Notes, second: Notes, chance: np.random.Generator) -> Notes:
    cut = chance.uniform(0.0, max(first.at[-1], second.at[-1]))
    begin, end = first.at < cut, second.at >= cut
    at = np.concatenate([first.at[begin], second.at[end]])
    pitches = np.concatenate([first.pitches[begin], second.pitches[end]])
    if not len(at):
        return first
    moved = chance.random(len(pitches)) < MUTATED
    return Notes(at, pitches + moved * chance.integers(-FURTHEST, FURTHEST + 1, len(pitches)))
