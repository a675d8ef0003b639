"""Candidate: an imagined instrument as a few numbers, and its notes.

The frames of real notes are kept. Those of two or three parents are blended; then one constant offset is added to the
timbre of all frames of all zones, so that the instrument stays one over its keys and velocities, and its controls
change how notes begin, decay and end, how far vibrato swings, and how far its partials are stretched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from nsynth_lab.blend import blend
from nsynth_lab.blend.parts import find_parts, slope_of
from nsynth_lab.blend.stretch import warp
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import CENTS_LIMIT, LOUDEST_DB, SILENCE_DB, TIMBRE_DIMS, TIMBRE_LIMIT, Latents
from nsynth_lab.model.bank import LEVEL_DB, Bank, BankEntry, with_gain
from nsynth_lab.note import Instrument, Note
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, FloatArray

MOST_PARENTS = 3
REACH_SEMITONES = 5  # a parent is played so far beyond its own keys
STEEPEST_DB_PER_SECOND, LEVEL_DB_PER_SECOND = -120.0, -1.0
MOST_OCTAVES = 3.0
HIGHEST_OFFSET = 0.49  # of a partial, in units of f0
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Controls:
    """What changes besides the timbre; zeros change nothing.

    Attributes:
        attack: of the length of attacks, in octaves: 1 is twice as long, -1 half.
        decay: added to the slope of the level while a key is held, in dB per second: -12 decays faster.
        release: of the length of releases, in octaves.
        vibrato: of its depth, in octaves.
        stretch: of the distances of partials from multiples of f0, in octaves.
    """

    attack: float = 0.0
    decay: float = 0.0
    release: float = 0.0
    vibrato: float = 0.0
    stretch: float = 0.0

    def plus(self, other: Controls, share: float = 1.0) -> Controls:
        """The sum of both, the other's part scaled by `share`."""
        names = [one.name for one in fields(self)]
        return Controls(**{name: getattr(self, name) + share * getattr(other, name) for name in names})


@dataclass(frozen=True)
class Candidate:
    """An imagined instrument: its parents by name and their weights, the offset of timbre [16], and controls.

    Raises:
        UsageError: not one to three parents, or weights or an offset of another length.
    """

    parents: tuple[str, ...]
    weights: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,) * TIMBRE_DIMS
    controls: Controls = field(default_factory=Controls)

    def __post_init__(self) -> None:
        if not 1 <= len(self.parents) <= MOST_PARENTS:
            raise UsageError(f"{len(self.parents)} parents; expected one to {MOST_PARENTS} instruments")
        if len(self.weights) != len(self.parents) or len(self.offset) != TIMBRE_DIMS:
            raise UsageError(f"expected a weight for each parent and an offset of {TIMBRE_DIMS} numbers")

    def moved(self, offset: Doubles, controls: Controls | None = None) -> Candidate:
        """The same with `offset` [16] added to its own, and controls likewise."""
        together = tuple((np.array(self.offset) + offset).tolist())
        return replace(self, offset=together, controls=self.controls.plus(controls or Controls()))

    def between(self, other: Candidate, share: float) -> Candidate:
        """The point of the line through both at `share`: 0 is this one, 1 the other; beyond them is allowed.

        Of more than three parents the three with the largest weights are kept.
        """
        weights: dict[str, float] = {}
        for one, part in ((self, 1.0 - share), (other, share)):
            for name, weight in zip(one.parents, one.weights, strict=True):
                weights[name] = weights.get(name, 0.0) + part * weight
        heaviest = sorted(weights, key=lambda name: -weights[name])[:MOST_PARENTS]
        kept = [(name, weight) for name, weight in weights.items() if name in heaviest and weight > 0.0]
        total = math.fsum(weight for _, weight in kept)
        mine, theirs = np.array(self.offset), np.array(other.offset)
        controls = Controls().plus(self.controls, 1.0 - share).plus(other.controls, share)
        return Candidate(
            tuple(name for name, _ in kept),
            tuple(weight / total for _, weight in kept),
            tuple(((1.0 - share) * mine + share * theirs).tolist()),
            controls,
        )

    @property
    def descent(self) -> str:
        """Its parents and their shares in words.

        >>> Candidate(("oboe",)).descent, Candidate(("oboe", "shawm"), (0.25, 0.75)).descent
        ('oboe', 'oboe 25 % + shawm 75 %')
        """
        shares = zip(self.parents, self.weights, strict=True)
        return " + ".join(f"{parent} {100 * weight:.0f} %" if weight < 1 else parent for parent, weight in shares)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def note_of(bank: Bank, candidate: Candidate, note: Note, *, frames: int | None = None) -> Latents:
    """The candidate's note: its parents at that note, blended and moved; of their mean length if no `frames` are given.

    Raises:
        UsageError: the bank has no such parent.
    """
    sources = [bank.latents(name, note) for name in candidate.parents]
    if len(sources) == 1 and frames is None:
        return moved(sources[0], candidate)
    weights = np.array(candidate.weights)
    length = frames or max(1, round(float(weights @ [source.frames for source in sources])))
    return moved(blend(sources, weights, frames=length), candidate)


def zones_of(bank: Bank, candidate: Candidate) -> list[Latents]:
    """All zones: at the keys and velocities of the parent with the largest weight, as far as the others reach.

    As captured instruments, they are brought to the bank's level: the median peak of the loudest layer.

    Raises:
        UsageError: an unknown parent, or parents that have no keys in common.
    """
    low, high = key_range(bank, candidate.parents)
    main = candidate.parents[int(np.argmax(candidate.weights))]
    notes = [bank.notes[index] for index in bank.find(main).zones]
    zones = [note_of(bank, candidate, note) for note in notes if low <= note.number <= high]
    top = max(zone.velocity for zone in zones)
    by_db = LEVEL_DB - float(np.median([zone.loudness_db.max() for zone in zones if zone.velocity == top]))
    return [with_gain(zone, by_db) for zone in zones]


def bank_of(bank: Bank, candidate: Candidate, instrument: Instrument) -> Bank:
    """A bank of one instrument, the candidate, with the licences of its parents and whom they credit."""
    zones = zones_of(bank, candidate)
    parents = [bank.find(name) for name in candidate.parents]
    licence = _joined([parent.licence for parent in parents])
    credit = _joined([parent.attribution for parent in parents])
    entry = BankEntry(instrument, tuple(range(len(zones))), licence, credit)
    return Bank([entry], zones, model_id=bank.model_id)


def key_range(bank: Bank, parents: Sequence[str]) -> tuple[int, int]:
    """The lowest and the highest key at which one parent has a zone and all others can play.

    Raises:
        UsageError: an unknown parent, or no such key.
    """
    keys = {name: sorted(bank.notes[index].number for index in bank.find(name).zones) for name in parents}
    low = max(own[0] for own in keys.values()) - REACH_SEMITONES * (len(keys) > 1)
    high = min(own[-1] for own in keys.values()) + REACH_SEMITONES * (len(keys) > 1)
    shared = [key for own in keys.values() for key in own if low <= key <= high]
    if not all(any(low <= key <= high for key in own) for own in keys.values()):
        raise UsageError(f"{' and '.join(parents)} have no keys in common; choose other parents")
    return min(shared), max(shared)


def moved(latents: Latents, candidate: Candidate) -> Latents:
    """A note with the candidate's offset and controls."""
    controls = candidate.controls
    shaped = _with_lengths(latents, attack=controls.attack, release=controls.release)
    timbre = shaped.timbre + np.array(candidate.offset, np.float32)
    return replace(
        shaped,
        timbre=timbre.clip(-TIMBRE_LIMIT, TIMBRE_LIMIT),
        loudness_db=_decayed(shaped, controls.decay) if controls.decay else shaped.loudness_db,
        f0_cents=_swung(shaped, _ratio(controls.vibrato)) if controls.vibrato else shaped.f0_cents,
        partials=_stretched(shaped.partials, _ratio(controls.stretch)) if controls.stretch else shaped.partials,
    )


def _ratio(octaves: float) -> float:
    return float(2.0 ** np.clip(octaves, -MOST_OCTAVES, MOST_OCTAVES))


def _with_lengths(latents: Latents, *, attack: float, release: float) -> Latents:
    """Attack and release longer or shorter; an attack of no frames counts as one, so that it can be made longer."""
    if not attack and not release:
        return latents
    parts = find_parts(latents)
    own = parts.attack_frames + 1
    begins, ends = own * _ratio(attack) - 1.0, parts.release_frames * _ratio(release)
    frames = round(max(1.0, latents.frames + begins - parts.attack_frames + ends - parts.release_frames))
    return warp(latents, attack=max(0.0, begins), release=ends, frames=frames)


def _decayed(latents: Latents, decay: float) -> FloatArray:
    """The level with a slope added between attack and release; never one that would make it rise."""
    parts = find_parts(latents)
    begin, end = parts.attack_end, max(parts.attack_end + 2, parts.key_up)
    own = slope_of(parts.level_db[begin:end]) * FRAME_RATE_HZ if end <= latents.frames else 0.0
    highest = max(own, LEVEL_DB_PER_SECOND)
    added = float(np.clip(own + decay, STEEPEST_DB_PER_SECOND, highest)) - own
    since = np.clip(np.arange(latents.frames), begin, end) - begin
    level = latents.loudness_db + added * since / FRAME_RATE_HZ
    return np.asarray(level.clip(SILENCE_DB, LOUDEST_DB), np.float32)


def _swung(latents: Latents, ratio: float) -> FloatArray:
    """Vibrato and drift about the median pitch, which stays."""
    middle = np.median(latents.f0_cents)
    return np.asarray((middle + ratio * (latents.f0_cents - middle)).clip(-CENTS_LIMIT, CENTS_LIMIT), np.float32)


def _stretched(partials: FloatArray, ratio: float) -> FloatArray:
    """Offsets of partials; that of the sub-octave in slot 0 stays."""
    wide = np.asarray((partials * ratio).clip(-HIGHEST_OFFSET, HIGHEST_OFFSET), np.float32)
    wide[..., 0] = partials[..., 0]
    return wide


def _joined(texts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
