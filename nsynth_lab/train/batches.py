"""Batches of crops: where they start, whose notes they are, and swaps between notes of one instrument."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.train.augment import augmented
from nsynth_lab.units import HOP_SAMPLES, FloatArray, cents_to_ratio, db_to_gain, note_to_hz

MARGIN_FRAMES = 16
ONSET_SHARE = 0.4
LEAD_FRAMES = 1
VARIETY = {"organ": 1.8}  # every registration is a pattern of partials of its own: they are learnt last
SWAP_SEMITONES = 12
QUIETEST_DB = -100.0
GAIN_DB = (-15.0, 6.0)
ALL = slice(None)


@dataclass(frozen=True)
class Crop:
    """The same frames of several notes.

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
        """On another device."""
        return Crop(**{item.name: getattr(self, item.name).to(device) for item in fields(self)})


@dataclass(frozen=True)
class Batch:
    """`target` is to be decoded from the timbre of `source`: another note of its instrument where swapped.

    `heard_from` is the first frame that counts. Where crops begin within their notes encoder and decoder lack their
    context for so long; where they begin as notes begin, there is none to lack.
    """

    source: Crop
    target: Crop
    heard_from: int = MARGIN_FRAMES


class Batches:
    """Endless batches, the same for the same seed and step.

    Families are drawn by the square root of their size and by their variety; two batches in five
    hold the beginnings of notes, the others crops from anywhere; levels vary, so that quiet recordings decode as well
    as loud ones.

    Attributes:
        families: numbers of the notes that are trained on, by family.
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
        self._alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        trained = [note for note, entry in enumerate(notes.index) if not entry["held_out"]]
        for note in trained or range(len(notes)):  # a handful of notes may all be held out
            self.families[str(notes.index[note]["family"])].append(note)
            self._alike[self._kind(note)].append(note)
        self._names = sorted(self.families)
        weights = np.sqrt([len(self.families[name]) for name in self._names])
        weights *= [VARIETY.get(name, 1.0) for name in self._names]
        self._weights = weights / weights.sum()

    def at(self, step: int, rows: slice = ALL) -> Batch:
        """These rows of the batch of one step."""
        rng = np.random.default_rng((self.seed, step))
        targets = [self._draw(rng) for _ in range(self.size)]
        sources = [self._partner(note, rng) for note in targets]
        beginning = bool(rng.random() < ONSET_SHARE)
        starts = [self._start(note, rng, beginning=beginning) for note in targets]
        gains_db = rng.uniform(*GAIN_DB, self.size).astype(np.float32)
        touched = rng.random(self.size) < self.augment_share
        hands = rng.spawn(self.size)  # one a row, so that a row is the same whichever others are asked for
        source, target = (self._crop(notes[rows], starts[rows], gains_db[rows]) for notes in (sources, targets))
        heard_from = 0 if beginning else MARGIN_FRAMES
        return Batch(_augmented(source, touched[rows], hands[rows]), target, heard_from)

    def _draw(self, rng: np.random.Generator) -> int:
        family = self._names[int(rng.choice(len(self._names), p=self._weights))]
        return int(rng.choice(self.families[family]))

    def _partner(self, note: int, rng: np.random.Generator) -> int:
        """Another note played alike by the same instrument within an octave, or the note itself."""
        if rng.random() >= self.swap_share:
            return note
        pitch = int(str(self.notes.index[note]["pitch"]))
        near = [
            other
            for other in self._alike[self._kind(note)]
            if abs(int(str(self.notes.index[other]["pitch"])) - pitch) <= SWAP_SEMITONES
        ]
        return int(rng.choice(near))

    def _kind(self, note: int) -> tuple[object, ...]:
        entry = self.notes.index[note]
        return entry["instrument"], entry["velocity"], entry["hold_seconds"]

    def _start(self, note: int, rng: np.random.Generator, *, beginning: bool) -> int:
        """First frame of a crop: that of the note or one before it, or any."""
        if beginning:
            return -int(rng.integers(0, LEAD_FRAMES + 1))
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
        audio = self.notes.sound(inside.start, inside.stop)
        hz = note_to_hz(float(str(self.notes.index[note]["pitch"]))) * cents_to_ratio(self.notes.f0_cents[inside])
        return (
            np.pad(audio, (pad[0] * HOP_SAMPLES, pad[1] * HOP_SAMPLES)),
            np.pad(self.notes.loudness_db[inside], pad, constant_values=QUIETEST_DB),
            np.pad(hz, pad, mode="edge").astype(np.float32),
        )


def _augmented(crop: Crop, touched: NDArray[np.bool_], hands: list[np.random.Generator]) -> Crop:
    """`crop` with the samples of the rows `touched` [notes] changed, each by its own of the `hands`."""
    samples = crop.samples.clone()
    for row in np.flatnonzero(touched):
        samples[row] = torch.from_numpy(augmented(samples[row].numpy(), hands[row]))
    return replace(crop, samples=samples)
