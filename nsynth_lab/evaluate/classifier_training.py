"""train_classifier(notes): trains the classifier of `classifier` on recorded notes that no model is evaluated with.

Notes are augmented every time they are used. They are transposed by up to three semitones, so that the classifier
cannot memorise which pitch belongs to which instrument; shifted by up to two frames (0.09 s); made brighter or darker
by up to 4 dB; and get white noise 45 to 80 dB below their loudest band, so that the noise floor of a recording reveals
nothing. Levels need no augmentation, because `classifier_input` removes them.
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
from nsynth_lab.model.classifier import (
    PITCHES,
    RANGE_DB,
    Classifier,
    Scores,
    accuracy,
    band_centres_hz,
    classifier_input,
)
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
Inputs = NDArray[np.float16]


def train_classifier(
    notes: PreparedNotes, *, epochs: int = EPOCHS, seed: int = 0, progress: Progress = lambda *_: None
) -> tuple[Classifier, dict[str, float]]:
    """A classifier trained on all notes that are not held out, and its accuracy on those that are.

    It takes about 12 minutes on one core for 8,500 notes. `progress(done, total)` counts notes read, then notes
    trained on.

    Raises:
        DatasetError: every note is held out.
    """
    chosen = [number for number in range(len(notes)) if not notes.index[number]["held_out"]]
    if not chosen:
        raise DatasetError("every note is held out: none is left to train a classifier with")
    total = len(notes) + epochs * len(chosen)
    inputs: list[NDArray[np.float16]] = []
    for number in range(len(notes)):
        inputs.append(classifier_input(notes.samples(number)).astype(np.float16))
        progress(number + 1, total)
    spectra, labels = np.stack(inputs), _labels(notes)
    torch.manual_seed(seed)
    classifier = Classifier()
    steps = epochs * math.ceil(len(chosen) / BATCH)
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.02)
    done = len(notes)
    for step, batch in enumerate(_batches(chosen, epochs, seed)):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, steps)
        augmented, semitones = augment(torch.from_numpy(spectra[batch].astype(np.float32)), seed=step)
        scores = classifier(augmented)
        families, pitches = labels[batch].unbind(dim=1)
        loss = _error(scores.family, families) + _error(scores.pitch, (pitches + semitones).clamp(0, PITCHES - 1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        done += len(batch)
        progress(done, total)
    classifier.eval().requires_grad_(False)
    held_out = sorted(set(range(len(notes))) - set(chosen))
    return classifier, _accuracy(classifier, spectra[held_out], labels[held_out])


def augment(spectra: Tensor, *, seed: int) -> tuple[Tensor, Tensor]:
    """Transpose, shift and tilt `spectra` [notes, frames, bands] randomly and add light noise.

    Returns the result and the semitones [notes] by which each was transposed.
    """
    generator = torch.Generator().manual_seed(seed)
    count, frames, bands = spectra.shape
    shifts = torch.randint(0, SHIFT_FRAMES + 1, (count,), generator=generator)
    semitones = torch.randint(-SEMITONES, SEMITONES + 1, (count,), generator=generator)
    padded = functional.pad(spectra, (0, 0, 0, SHIFT_FRAMES))
    late = torch.stack([note[shift : shift + frames] for note, shift in zip(padded, shifts.tolist(), strict=True)])
    position = _sources(bands)[semitones + SEMITONES][:, None].expand(-1, frames, -1)  # [notes, frames, bands]
    below = position.floor().clamp(0, bands - 2)
    left, right = late.gather(2, below.long()), late.gather(2, below.long() + 1)
    transposed = torch.lerp(left, right, position - below) * (position <= bands - 1)
    tilt_db = TILT_DB * (2.0 * torch.rand(count, 1, 1, generator=generator) - 1.0) * torch.linspace(-1.0, 1.0, bands)
    low, high = NOISE_DB
    noise_db = low + (high - low) * torch.rand(count, 1, 1, generator=generator)
    noise = torch.randn(2, *transposed.shape, generator=generator).square().mean(dim=0)  # power per bin, mean 1
    level_db = (transposed - 1.0) * RANGE_DB + tilt_db
    power = 10.0 ** (level_db / 10.0) * (transposed > 0) + 10.0 ** (noise_db / 10.0) * noise
    level = 1.0 + 10.0 * torch.log10(power.clamp(min=1e-12)) / RANGE_DB
    return (level - level.amax(dim=(1, 2), keepdim=True) + 1.0).clamp(min=0.0), semitones


@functools.cache
def _sources(bands: int) -> Tensor:
    """For each transposition by -3 .. 3 semitones: the position [bands] that each band is read from."""
    centres_hz = torch.from_numpy(band_centres_hz(bands))
    steps = torch.arange(-SEMITONES, SEMITONES + 1)
    wanted_hz = centres_hz / 2.0 ** (steps[:, None] / 12.0)
    read = [np.interp(row, centres_hz, np.arange(bands), right=bands) for row in wanted_hz.numpy()]
    return torch.from_numpy(np.stack(read)).float()


def _batches(chosen: Sequence[int], epochs: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Batches with every note once per epoch, in another order each time."""
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(np.asarray(chosen))
        yield from (order[first : first + BATCH] for first in range(0, len(order), BATCH))


def _rate(step: int, steps: int) -> float:
    """The learning rate: it rises over a twentieth of the run while it falls to zero along a cosine."""
    warm_up = min(1.0, (step + 1) / max(1.0, 0.05 * steps))
    return RATE * warm_up * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _error(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING)


def _labels(notes: PreparedNotes) -> Tensor:
    """Family and pitch of each note, [notes, 2]."""
    return torch.tensor([[FAMILIES.index(str(one["family"])), int(str(one["pitch"]))] for one in notes.index])


def _accuracy(classifier: Classifier, spectra: Inputs, labels: Tensor) -> dict[str, float]:
    if not len(spectra):
        return {}
    starts = range(0, len(spectra), BATCH)
    with torch.no_grad():
        parts = [classifier(torch.from_numpy(spectra[at : at + BATCH].astype(np.float32))) for at in starts]
    family, pitch = (torch.cat(logits) for logits in zip(*parts, strict=True))
    return accuracy(Scores(family, pitch), labels)
