"""Batches(notes): the training batches: crops of notes, and for each the note whose timbre it is decoded with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.train.augment import augment
from nsynth_lab.units import HOP_SAMPLES, FloatArray, cents_to_ratio, db_to_gain, note_to_hz

MARGIN_FRAMES = 16
ONSET_SHARE = 0.4
MAX_LEAD_FRAMES = 1
FAMILY_WEIGHTS = {"organ": 1.8}  # every registration has its own pattern of partials, so organs are learnt last
SWAP_SEMITONES = 12
QUIETEST_DB = -100.0
GAIN_DB = (-15.0, 6.0)
ALL = slice(None)


@dataclass(frozen=True)
class Crop:
    """Crops of several notes, of the same length.

    Attributes:
        samples: [notes, frames * 512].
        loudness_db, f0_hz: [notes, frames].
        partials: [notes, frames, 128].
        loudest_db: [notes] level of the loudest mel band of each whole note.
    """

    samples: Tensor
    loudness_db: Tensor
    f0_hz: Tensor
    partials: Tensor
    loudest_db: Tensor

    def to(self, device: torch.device) -> Crop:
        """A copy on another device."""
        return Crop(**{item.name: getattr(self, item.name).to(device) for item in fields(self)})


@dataclass(frozen=True)
class Batch:
    """The notes of one training step.

    Attributes:
        source: the encoder's input: the target itself, or another note of its instrument (swap training).
        target: to be decoded from the timbre of `source`.
        loss_from_frame: first frame that the losses are computed on. Encoder and decoder lack their context before it
            in crops from within notes; it is 0 for crops that start with their notes.
    """

    source: Crop
    target: Crop
    loss_from_frame: int = MARGIN_FRAMES


class Batches:
    """An endless sequence of batches, each determined by the seed and its step.

    Families are drawn in proportion to the square root of their size times `FAMILY_WEIGHTS`. Two batches in five hold
    the starts of notes, the others crops from anywhere. Levels vary randomly, so that quiet recordings decode as well
    as loud ones.

    Args:
        notes: those that are not held out are used; all of them if all are held out.
        size: notes per batch.
        frames: frames per crop.
        swap_share: share of crops decoded with the timbre of another note.
        augment_share: share of crops whose encoder input is augmented.
        seed: of the sequence.

    Attributes:
        families: the numbers of the notes that are trained on, by family.
    """

    def __init__(
        self,
        notes: PreparedNotes,
        *,
        size: int,
        frames: int,
        swap_share: float,
        augment_share: float = 0.0,
        seed: int,
    ) -> None:
        self.notes, self.size, self.frames, self.seed = notes, size, frames, seed
        self.swap_share, self.augment_share = swap_share, augment_share
        self.families: dict[str, list[int]] = defaultdict(list)
        self._performances: dict[tuple[object, ...], list[int]] = defaultdict(list)
        trained = [note for note, entry in enumerate(notes.index) if not entry["held_out"]]
        for note in trained or range(len(notes)):  # all notes of a tiny data set may be held out
            self.families[str(notes.index[note]["family"])].append(note)
            self._performances[self._performance(note)].append(note)
        self._names = sorted(self.families)
        weights = np.sqrt([len(self.families[name]) for name in self._names])
        weights *= [FAMILY_WEIGHTS.get(name, 1.0) for name in self._names]
        self._weights = weights / weights.sum()

    def at(self, step: int, rows: slice = ALL) -> Batch:
        """The given rows of the batch of one step."""
        rng = np.random.default_rng((self.seed, step))
        targets = [self._draw(rng) for _ in range(self.size)]
        sources = [self._partner(note, rng) for note in targets]
        at_onset = bool(rng.random() < ONSET_SHARE)
        starts = [self._start(note, rng, at_onset=at_onset) for note in targets]
        gains_db = rng.uniform(*GAIN_DB, self.size).astype(np.float32)
        augmented = rng.random(self.size) < self.augment_share
        rngs = rng.spawn(self.size)  # one per row, so that a row does not depend on which others are requested
        source, target = (self._crop(notes[rows], starts[rows], gains_db[rows]) for notes in (sources, targets))
        loss_from_frame = 0 if at_onset else MARGIN_FRAMES
        return Batch(_augment_rows(source, augmented[rows], rngs[rows]), target, loss_from_frame)

    def _draw(self, rng: np.random.Generator) -> int:
        family = self._names[int(rng.choice(len(self._names), p=self._weights))]
        return int(rng.choice(self.families[family]))

    def _partner(self, note: int, rng: np.random.Generator) -> int:
        """Another note of the same instrument, velocity and hold within an octave, or the note itself."""
        if rng.random() >= self.swap_share:
            return note
        pitch = int(str(self.notes.index[note]["pitch"]))
        near = [
            other
            for other in self._performances[self._performance(note)]
            if abs(int(str(self.notes.index[other]["pitch"])) - pitch) <= SWAP_SEMITONES
        ]
        return int(rng.choice(near))

    def _performance(self, note: int) -> tuple[object, ...]:
        entry = self.notes.index[note]
        return entry["instrument"], entry["velocity"], entry["hold_seconds"]

    def _start(self, note: int, rng: np.random.Generator, *, at_onset: bool) -> int:
        """First frame of a crop: at the note's start or one frame before it, or else anywhere."""
        if at_onset:
            return -int(rng.integers(0, MAX_LEAD_FRAMES + 1))
        length = int(self.notes.starts[note + 1] - self.notes.starts[note])
        return int(rng.integers(0, max(1, length - self.frames // 2)))

    def _crop(self, notes: list[int], starts: list[int], gains_db: FloatArray) -> Crop:
        rows = [self._one(note, start) for note, start in zip(notes, starts, strict=True)]
        samples, level, f0 = (torch.from_numpy(np.stack([row[i] for row in rows])) for i in range(3))
        gain = torch.from_numpy(gains_db)
        samples = samples * torch.from_numpy(db_to_gain(gains_db))[:, None]
        level = (level + gain[:, None]).clamp(min=QUIETEST_DB)
        partials = torch.from_numpy(self.notes.partials[notes])[:, None].expand(-1, self.frames, -1)
        return Crop(samples, level, f0, partials, gain + torch.from_numpy(self.notes.loudest_db[notes]))

    def _one(self, note: int, start: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        first, length = int(self.notes.starts[note]), int(self.notes.starts[note + 1] - self.notes.starts[note])
        start = min(start, length - 1)
        low, high = max(start, 0), min(start + self.frames, length)
        pad = (low - start, start + self.frames - high)
        inside = slice(first + low, first + high)
        audio = self.notes.frame_samples(inside.start, inside.stop)
        hz = note_to_hz(float(str(self.notes.index[note]["pitch"]))) * cents_to_ratio(self.notes.f0_cents[inside])
        return (
            np.pad(audio, (pad[0] * HOP_SAMPLES, pad[1] * HOP_SAMPLES)),
            np.pad(self.notes.loudness_db[inside], pad, constant_values=QUIETEST_DB),
            np.pad(hz, pad, mode="edge").astype(np.float32),
        )


def _augment_rows(crop: Crop, augmented: NDArray[np.bool_], rngs: list[np.random.Generator]) -> Crop:
    """`crop` with the samples of the rows marked in `augmented` [notes] augmented, each with its own generator."""
    samples = crop.samples.clone()
    for row in np.flatnonzero(augmented):
        samples[row] = torch.from_numpy(augment(samples[row].numpy(), rngs[row]))
    return replace(crop, samples=samples)
