"""Train the classifier of `recognition` on real notes: those that no model is measured with.

Each note is heard once and kept. Every time it is drawn it is transposed by up to three semitones, so that which pitch
belongs to which instrument cannot be learnt by heart; begins up to two frames (0.09 s) later; is brighter or darker by
up to 4 dB; and has white noise 45 to 80 dB below its loudest band, so that nothing can be told from how silent its
silence is. A gain needs no augmenting: `hearing` takes it out.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.errors import DatasetError
from nsynth_lab.evaluate.classifier import PITCHES, RANGE_DB, Recogniser, Scores, accuracy, band_centres_hz, hearing
from nsynth_lab.note import FAMILIES

EPOCHS = 16
BATCH = 32
RATE = 2e-3
SMOOTHING = 0.05
NOISE_DB = (-80.0, -45.0)
SHIFT_FRAMES = 2
SEMITONES = 3
TILT_DB = 4.0

Progress = Callable[[int, int], None]
Heard = NDArray[np.float16]


def train_recogniser(
    notes: PreparedNotes, *, epochs: int = EPOCHS, seed: int = 0, progress: Progress = lambda *_: None
) -> tuple[Recogniser, dict[str, float]]:
    """A classifier trained on all notes not held out, and its accuracy on those that are.

    About 12 minutes on one core for 8,500 notes. `progress(done, total)` counts notes heard, then notes trained on.

    Raises:
        DatasetError: every note is held out.
    """
    chosen = [number for number in range(len(notes)) if not notes.index[number]["held_out"]]
    if not chosen:
        raise DatasetError("every note is held out: none is left to train a classifier with")
    total = len(notes) + epochs * len(chosen)
    kept: list[NDArray[np.float16]] = []
    for number in range(len(notes)):
        kept.append(hearing(notes.samples(number)).astype(np.float16))
        progress(number + 1, total)
    heard, labels = np.stack(kept), _labels(notes)
    torch.manual_seed(seed)
    recogniser = Recogniser()
    steps = epochs * math.ceil(len(chosen) / BATCH)
    optimizer = torch.optim.AdamW(recogniser.parameters(), weight_decay=0.02)
    done = len(notes)
    for step, batch in enumerate(_batches(chosen, epochs, seed)):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, steps)
        varied, semitones = augmented(torch.from_numpy(heard[batch].astype(np.float32)), seed=step)
        scores = recogniser(varied)
        families, pitches = labels[batch].unbind(dim=1)
        loss = _error(scores.family, families) + _error(scores.pitch, (pitches + semitones).clamp(0, PITCHES - 1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        done += len(batch)
        progress(done, total)
    recogniser.eval().requires_grad_(False)
    held_out = sorted(set(range(len(notes))) - set(chosen))
    return recogniser, _accuracy(recogniser, heard[held_out], labels[held_out])


def augmented(heard: Tensor, *, seed: int) -> tuple[Tensor, Tensor]:
    """`heard` [notes, frames, bands] transposed, begun later, brightened or darkened, and with light noise.

    Returns it and the semitones [notes] by which each was transposed.
    """
    generator = torch.Generator().manual_seed(seed)
    count, frames, bands = heard.shape
    shifts = torch.randint(0, SHIFT_FRAMES + 1, (count,), generator=generator)
    semitones = torch.randint(-SEMITONES, SEMITONES + 1, (count,), generator=generator)
    late = functional.pad(heard, (0, 0, 0, SHIFT_FRAMES))
    late = torch.stack([note[shift : shift + frames] for note, shift in zip(late, shifts.tolist(), strict=True)])
    position = _sources(bands)[semitones + SEMITONES][:, None].expand(-1, frames, -1)  # [notes, frames, bands]
    below = position.floor().clamp(0, bands - 2)
    left, right = late.gather(2, below.long()), late.gather(2, below.long() + 1)
    moved = torch.lerp(left, right, position - below) * (position <= bands - 1)
    tilt_db = TILT_DB * (2.0 * torch.rand(count, 1, 1, generator=generator) - 1.0) * torch.linspace(-1.0, 1.0, bands)
    low, high = NOISE_DB
    noise_db = low + (high - low) * torch.rand(count, 1, 1, generator=generator)
    drawn = torch.randn(2, *moved.shape, generator=generator).square().mean(dim=0)  # power of a white bin, mean 1
    level_db = (moved - 1.0) * RANGE_DB + tilt_db
    power = 10.0 ** (level_db / 10.0) * (moved > 0) + 10.0 ** (noise_db / 10.0) * drawn
    level = 1.0 + 10.0 * torch.log10(power.clamp(min=1e-12)) / RANGE_DB
    return (level - level.amax(dim=(1, 2), keepdim=True) + 1.0).clamp(min=0.0), semitones


@functools.cache
def _sources(bands: int) -> Tensor:
    """For each transposition by -3 .. 3 semitones, the place [bands] from which each band is read."""
    centres_hz = torch.from_numpy(band_centres_hz(bands))
    steps = torch.arange(-SEMITONES, SEMITONES + 1)
    wanted_hz = centres_hz / 2.0 ** (steps[:, None] / 12.0)
    read = [np.interp(row, centres_hz, np.arange(bands), right=bands) for row in wanted_hz.numpy()]
    return torch.from_numpy(np.stack(read)).float()


def _batches(chosen: Sequence[int], epochs: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Every note once an epoch, in another order each time."""
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(np.asarray(chosen))
        yield from (order[first : first + BATCH] for first in range(0, len(order), BATCH))


def _rate(step: int, steps: int) -> float:
    """Warm up over a twentieth of the run, then fall as a cosine to nothing."""
    through = step / steps
    return RATE * min(1.0, (step + 1) / max(1.0, 0.05 * steps)) * 0.5 * (1.0 + math.cos(math.pi * through))


def _error(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING)


def _labels(notes: PreparedNotes) -> Tensor:
    """Family and pitch of each note, [notes, 2]."""
    return torch.tensor([[FAMILIES.index(str(one["family"])), int(str(one["pitch"]))] for one in notes.index])


def _accuracy(recogniser: Recogniser, heard: Heard, labels: Tensor) -> dict[str, float]:
    if not len(heard):
        return {}
    places = range(0, len(heard), BATCH)
    with torch.no_grad():
        parts = [recogniser(torch.from_numpy(heard[at : at + BATCH].astype(np.float32))) for at in places]
    family, pitch = (torch.cat(logits) for logits in zip(*parts, strict=True))
    return accuracy(Scores(family, pitch), labels)
