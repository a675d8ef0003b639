"""Performances: each instrument of a bank plays notes at random, so that its timbre is known at every hop.

Half of them are played faster or slower like a tape, up to 6 semitones: the pitch moves, the way of playing does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nsynth_lab.analysis.follower import HOP
from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.midi.events import note_off, note_on
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.research.code.features import WINDOWS, features_of
from nsynth_lab.synth.engine import Engine
from nsynth_lab.synth.planner import Frames, plan_until
from nsynth_lab.synth.settings import Settings
from nsynth_lab.synth.sources import Sources
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, Ints, hz_to_note, note_to_hz

SECONDS, LENGTHS, GAPS = 10.0, (0.15, 0.25, 0.4, 0.7, 1.2), (0.12, 0.25)
STEP, SOFTEST, LOUDEST, SHIFT = 7, 30, 121, 6.0
AHEAD_SAMPLES = 16 * HOP_SAMPLES
BEGIN_HOPS = 6  # of a note in which its windows still hear what was before
HEARD_DB = 30.0


@dataclass(frozen=True)
class Range:
    """An instrument's own range of timbre.

    Attributes:
        keys: [keys] of its zones.
        centres: [keys, 16] mean timbre of each, over all velocities.
        spread: [16] standard deviation around them.
    """

    keys: Ints
    centres: FloatArray
    spread: FloatArray

    def centre(self, note: float) -> FloatArray:
        """The centre [16] at the key nearest to a note."""
        return np.asarray(self.centres[int(np.argmin(np.abs(self.keys - note)))])


@dataclass(frozen=True)
class Performance:
    """What was heard of an instrument, hop by hop, and what it was.

    Attributes:
        features: [hops, 11].
        displacement: [hops, 16] of the timbre from the centre of its key, in spreads.
        note: [hops] pitch as it sounds.
    """

    features: FloatArray
    displacement: FloatArray
    note: FloatArray


def range_of(bank: Bank, name: str) -> Range:
    """The range of timbre of an instrument, from the frames of its zones within 30 dB of their loudest."""
    zones = [bank.zones[index] for index in bank.find(name).zones]
    keys = sorted({zone.note for zone in zones})
    frames = [
        np.concatenate(
            [zone.timbre[zone.loudness_db > zone.loudness_db.max() - HEARD_DB] for zone in zones if zone.note == key]
        )
        for key in keys
    ]
    centres = np.stack([own.mean(axis=0) for own in frames])
    spread = np.concatenate([own - centre for own, centre in zip(frames, centres, strict=True)]).std(axis=0)
    return Range(np.array(keys), centres.astype(np.float32), (spread + 0.03).astype(np.float32))


def perform(bank: Bank, name: str, checkpoint: Checkpoint, *, seed: int) -> Performance:
    """Ten seconds of an instrument as they are, and again at another speed."""
    rng, own = np.random.default_rng(seed), range_of(bank, name)
    sound, hz, displacement = _played(bank, name, checkpoint, own, rng)
    parts = []
    for semitones in (0.0, float(rng.uniform(-SHIFT, SHIFT))):
        ratio = 2.0 ** (semitones / 12.0)
        at = np.arange(int(len(sound) / ratio)) * ratio
        hops = (np.arange(len(at) // HOP) * ratio).astype(int)
        f0_hz = hz[hops] * ratio
        found = features_of(np.interp(at, np.arange(len(sound)), sound).astype(np.float32), f0_hz)
        kept = ~np.isnan(f0_hz) & ~np.isnan(displacement[hops, 0])
        parts.append((found[kept], displacement[hops][kept], np.array([hz_to_note(one) for one in f0_hz[kept]])))
    return Performance(*(np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True)))


class _Listening(Engine):
    """An engine that remembers the frames it has planned."""

    def __init__(self, checkpoint: Checkpoint, sources: Sources) -> None:
        super().__init__(checkpoint, [sources], Settings(), ahead_samples=AHEAD_SAMPLES)
        self.planned: list[Frames] = []

    def _plan(self, until_sample: int) -> None:
        for frames in plan_until(self.player, until_sample):
            self.planned += frames
            self._renderer.add(frames)


def _played(
    bank: Bank, name: str, checkpoint: Checkpoint, own: Range, rng: np.random.Generator
) -> tuple[FloatArray, Doubles, Doubles]:
    """A sound [samples], and at each of its hops the fundamental in Hz and the displacement [hops, 16]; NaN in gaps."""
    engine = _Listening(checkpoint, Sources([[bank.zones[index] for index in bank.find(name).zones]]))
    notes = _notes(own, rng)
    for begin, end, key, velocity in notes:
        engine.send([note_on(key, velocity, at_sample=begin), note_off(key, at_sample=end)])
    total = int(SECONDS * SAMPLE_RATE) // HOP
    sound = engine.render(total * HOP).mean(axis=0)
    frames = Frames.joined(engine.planned)
    hz, displacement = np.full(total, np.nan), np.full((total, len(own.spread)), np.nan)
    for begin, end, key, _ in notes:
        f0_hz = note_to_hz(float(key))
        behind = next(samples for lowest_hz, samples in WINDOWS if f0_hz >= lowest_hz) // 2
        mine = np.flatnonzero((frames.begins >= begin) & (np.abs(12.0 * np.log2(frames.f0_hz / f0_hz)) < 1.0))
        for hop in range(begin // HOP + BEGIN_HOPS, min(end // HOP + BEGIN_HOPS, total)) if len(mine) else ():
            at = np.searchsorted(frames.begins[mine], (hop + 1) * HOP - behind - HOP_SAMPLES)
            frame = mine[min(int(at), len(mine) - 1)]
            hz[hop] = frames.f0_hz[frame]
            displacement[hop] = (frames.timbre[frame] - own.centre(key)) / own.spread
    return np.asarray(sound, np.float32), hz, displacement


def _notes(own: Range, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """Notes at random, one after the other: begin and end in samples, key and velocity."""
    found: list[tuple[int, int, int, int]] = []
    at, key = 20 * HOP, int(rng.integers(own.keys[0], own.keys[-1] + 1))
    while True:
        key = int(np.clip(key + rng.integers(-STEP, STEP + 1), own.keys[0], own.keys[-1]))
        end = at + int(rng.choice(LENGTHS) * SAMPLE_RATE)
        if end >= SECONDS * SAMPLE_RATE:
            return found
        found.append((at, end, key, int(rng.integers(SOFTEST, LOUDEST))))
        at = end + int(rng.choice(GAPS) * SAMPLE_RATE)


def performances(bank: Bank, checkpoint: Checkpoint, folder: Path) -> dict[str, Performance]:
    """Those of every instrument of the bank; what is already in `folder` is not played again."""
    found = {}
    for number, name in enumerate(bank.entries):
        path = folder / f"{number}.npz"
        if not path.is_file():
            own = perform(bank, name, checkpoint, seed=number)
            with atomic_write(path) as beside, beside.open("wb") as file:
                np.savez(file, features=own.features, displacement=own.displacement, note=own.note)
        with np.load(path, allow_pickle=False) as saved:
            found[name] = Performance(saved["features"], saved["displacement"], saved["note"])
    return found
