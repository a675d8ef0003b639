"""Presets to search: what of a patch can be turned, as coordinates from 0 to 1 within ranges that are musical.

Every point is a preset that can be played: what a coordinate says is set by the patch's own rules, and what it turns
down to nothing, such as an effect or an LFO, is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.errors import UsageError
from nsynth_lab.evolve.population import Point, of_the_nearer
from nsynth_lab.patch import Blend, Envelope, Lfo, Patch, Slot, Voice, moved
from nsynth_lab.patch.place import position_dims
from nsynth_lab.units import Doubles

DRAWN_CORNERS = 2
MOST_CORNERS = 4
ENOUGH_SEMITONES = 12  # that corners which are drawn have in common
BETWEEN = 0.25  # of the way, from its middle: who lies there has an instrument of each parent
TRIES = 200
UNIFORM = 12**-0.5  # standard deviation of a coordinate that is drawn evenly
Range = tuple[int, int]


@dataclass(frozen=True)
class Gene:
    """One coordinate: the target that it moves, and how far.

    Attributes:
        target: its name, as in `patch.targets`.
        low: its value at 0, or, where it has a threshold, anywhere below that.
        high: its value at 1.
        even: whether ratios, such as of Hz and seconds, are spaced evenly instead of differences.
        threshold: coordinate up to which it stays at `low`.
    """

    target: str
    low: float
    high: float
    even: bool = False
    threshold: float = 0.0

    def value(self, coordinate: float) -> float:
        """The target's value, to three digits.

        >>> Gene("envelope.release_seconds", 0.1, 10.0, even=True).value(0.5)
        1.0
        >>> Gene("effects.delay.mix", 0.0, 0.5, threshold=0.6).value(0.8), Gene("x", 0, 1, threshold=0.6).value(0.3)
        (0.25, 0.0)
        """
        share = max(0.0, coordinate - self.threshold) / (1.0 - self.threshold)
        if self.even:
            return float(f"{self.low * (self.high / self.low) ** share:.3g}")
        return float(f"{self.low + (self.high - self.low) * share:.3g}")

    def coordinate(self, value: float) -> float:
        """The coordinate of the target's value, or of the nearest that it can have.

        >>> gene = Gene("effects.delay.mix", 0.0, 0.5, threshold=0.6)
        >>> gene.coordinate(gene.value(0.8)), gene.coordinate(0.0), gene.coordinate(2.0)
        (0.8, 0.3, 1.0)
        """
        if self.even:
            share = math.log(max(value, 1e-9) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        if share <= 0.0:  # as far from what moves it as it can be on both sides
            return self.threshold / 2.0
        return min(1.0, self.threshold + (1.0 - self.threshold) * share)


LFOS = (Lfo("position", shape="triangle"), Lfo("timbre"), Lfo("level_db"), Lfo("pitch_cents"))
EFFECTS = tuple(Slot(name) for name in ("distortion", "ladder", "chorus", "phaser", "delay", "reverb"))
_GENES = (
    Gene("blend.lfos.1.rate_hz", 0.05, 2.0, even=True),
    Gene("blend.lfos.1.depth", 0.0, 0.4, threshold=0.5),
    Gene("blend.lfos.2.rate_hz", 0.1, 6.0, even=True),
    Gene("blend.lfos.2.depth", 0.0, 0.4, threshold=0.6),
    Gene("blend.lfos.3.rate_hz", 0.5, 9.0, even=True),
    Gene("blend.lfos.3.depth", 0.0, 6.0, threshold=0.6),
    Gene("blend.lfos.4.rate_hz", 3.0, 7.5, even=True),
    Gene("blend.lfos.4.depth", 0.0, 45.0, threshold=0.5),
    Gene("envelope.attack_seconds", 0.0, 0.8, threshold=0.4),
    Gene("envelope.decay_seconds", 0.05, 3.0, even=True),
    Gene("envelope.sustain", 1.0, 0.15, threshold=0.5),
    Gene("envelope.release_seconds", 0.12, 2.5, even=True),
    Gene("voice.detune_cents", 4.0, 24.0, even=True),
    Gene("effects.distortion.mix", 0.0, 0.8, threshold=0.7),
    Gene("effects.distortion.drive_db", 3.0, 24.0),
    Gene("effects.ladder.mix", 0.0, 1.0, threshold=0.5),
    Gene("effects.ladder.cutoff_hz", 500.0, 9000.0, even=True),
    Gene("effects.ladder.resonance", 0.0, 0.6),
    Gene("effects.chorus.mix", 0.0, 0.6, threshold=0.6),
    Gene("effects.chorus.rate_hz", 0.2, 2.5, even=True),
    Gene("effects.chorus.depth", 0.05, 0.4),
    Gene("effects.phaser.mix", 0.0, 0.7, threshold=0.7),
    Gene("effects.phaser.rate_hz", 0.05, 1.5, even=True),
    Gene("effects.phaser.depth", 0.2, 0.8),
    Gene("effects.delay.mix", 0.0, 0.5, threshold=0.6),
    Gene("effects.delay.delay_seconds", 0.08, 0.7, even=True),
    Gene("effects.delay.feedback", 0.1, 0.6),
    Gene("effects.reverb.mix", 0.0, 0.5, threshold=0.1),
    Gene("effects.reverb.room_size", 0.1, 0.95),
)
_PLACES = ("position", "timbre", "partials")
UNISON = (1, 1, 1, 2, 3)  # voices a key, by the fifth of the last coordinate


@dataclass(frozen=True)
class PresetSpace:
    """Presets of instruments: those that are named, or of each newcomer two that are drawn.

    Attributes:
        ranges: of the bank, name: lowest and highest note.
        corners: the instruments of all of them; none if they are drawn.

    Raises:
        UsageError: too many of them.
    """

    ranges: Mapping[str, Range]
    corners: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.corners) > MOST_CORNERS:
            raise UsageError(f"{len(self.corners)} instruments; presets are searched of one to {MOST_CORNERS}")

    @property
    def genes(self) -> tuple[Gene, ...]:
        """All coordinates but the last, which is the unison."""
        axes = ("", "_y")[: position_dims(len(self.corners) or DRAWN_CORNERS)]
        return (*(Gene(f"blend.{name}{axis}", 0.0, 1.0) for name in _PLACES for axis in axes), *_GENES)

    @property
    def spread(self) -> Doubles:
        """Of each coordinate."""
        return np.full(len(self.genes) + 1, UNIFORM)

    def newcomers(self, chance: np.random.Generator, count: int) -> list[tuple[Doubles, str]]:
        """Points drawn evenly."""
        found = []
        for _ in range(count):
            point = chance.uniform(0.0, 1.0, len(self.spread))
            found.append((point, json.dumps(self.corners or self._drawn(chance))))
        return found

    def within(self, point: Doubles) -> Doubles:
        """Reflected at 0 and 1, so that noise does not pile up there."""
        folded = np.abs(np.mod(point + 1.0, 2.0) - 1.0)
        return np.asarray(folded, np.float64)

    def inherited(self, first: str, second: str, along: float) -> str:
        """One instrument of each parent for who lies between them, if these share an octave; else the nearer's."""
        one, two = named(first), named(second)
        if abs(along - 0.5) < BETWEEN and len(one) == len(two) == DRAWN_CORNERS:
            crossed = (one[0], two[1]) if along <= 0.5 else (two[0], one[1])
            if len(set(crossed)) == DRAWN_CORNERS and self._go_together(crossed):
                return json.dumps(crossed)
        return of_the_nearer(first, second, along)

    def knows(self, kind: str) -> bool:
        """Whether the bank has these instruments, and they are as many as it takes."""
        names = named(kind)
        return len(names) == (len(self.corners) or DRAWN_CORNERS) and set(names) <= set(self.ranges)

    def passes(self, point: Point, kind: str) -> bool:
        """All may be offered."""
        return len(point) == len(self.spread) and self.knows(kind)

    def patch(self, point: Point, kind: str, *, name: str) -> Patch:
        """The preset of a point."""
        corners = named(kind)
        blend = Blend(corners, lfos=LFOS if len(corners) > 1 else LFOS[2:])
        found = Patch(name, blend, envelope=Envelope(), voice=Voice(), effects=EFFECTS)
        for gene, at in zip(self.genes, point, strict=False):
            if target := target_of(gene, len(corners)):
                found = moved(found, target, gene.value(at))
        return _without_what_does_nothing(found, unison=UNISON[min(int(5 * point[-1]), 4)])

    def _drawn(self, chance: np.random.Generator) -> Sequence[str]:
        """Two instruments whose ranges share an octave, if there are any."""
        names = sorted(self.ranges)
        for _ in range(TRIES):
            drawn = [names[at] for at in chance.choice(len(names), min(DRAWN_CORNERS, len(names)), replace=False)]
            if self._go_together(drawn):
                break
        return drawn

    def _go_together(self, names: Sequence[str]) -> bool:
        ranges = [self.ranges[name] for name in names]
        return min(high for _, high in ranges) - max(low for low, _ in ranges) >= ENOUGH_SEMITONES


def named(text: str) -> tuple[str, ...]:
    """Names of instruments as a file keeps them, in JSON; none if it is something else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return tuple(found) if isinstance(found, list) and all(isinstance(one, str) for one in found) else ()


def target_of(gene: Gene, corners: int) -> str:
    """The target that a coordinate moves in a preset of so many corners; empty if there is none.

    A single instrument has no place, nor the LFOs that move one; the other two are its first.
    """
    if corners > 1:
        return gene.target
    if gene.target.startswith(("blend.lfos.1", "blend.lfos.2", *(f"blend.{name}" for name in _PLACES))):
        return ""
    return gene.target.replace("lfos.3", "lfos.1").replace("lfos.4", "lfos.2")


def _without_what_does_nothing(patch: Patch, *, unison: int) -> Patch:
    lfos = tuple(lfo for lfo in patch.blend.lfos if lfo.depth)
    return replace(
        patch,
        blend=replace(patch.blend, lfos=lfos),
        voice=replace(patch.voice, unison=unison) if unison > 1 else Voice(),
        envelope=patch.envelope if patch.envelope.sustain < 1 else replace(patch.envelope, decay_seconds=0.0),
        effects=tuple(slot for slot in patch.effects if slot.mix),
    )
