"""train_classifier(notes): trains the classifier of `classifier` on recorded sounds that no model is evaluated with.

Each note is heard as it was recorded and as it might have been played otherwise (see `played_otherwise`), and what is
heard is varied again every time it is used (see `classifier_variation`). Notes of small families are used more often.
The result is a moving average of the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nsynth_lab.errors import DatasetError
from nsynth_lab.evaluate.classifier_variation import PREPARED_DB, augment
from nsynth_lab.evaluate.played_otherwise import played_otherwise
from nsynth_lab.model.classifier import PITCHES, RANGE_DB, Classifier, Scores, accuracy, classifier_input
from nsynth_lab.note import INSTRUMENT_FAMILIES, UNPITCHED
from nsynth_lab.units import FloatArray, Ints

EPOCHS = 18
BATCH = 64
RATE, LATER_RATE = 2e-3, 6e-4  # of what begins anew, and of what goes on
WARM_UP, WEIGHT_DECAY, AVERAGED = 0.03, 0.05, 0.996
FAMILY_SMOOTHING, PITCH_SMOOTHING = 0.08, 0.05
WAYS = 2  # in which each note is heard: as it was recorded, and played otherwise
NEIGHBOURS = 3  # semitones in which notes of a family are morphed with each other
OFTEN = "often"  # how much more often than others a note is used, in its labels

Progress = Callable[[int, int], None]
Inputs = NDArray[np.uint8]


class Notes(Protocol):
    """Recorded notes, such as `dataset.prepare.PreparedNotes`.

    Attributes:
        index: of each note at least its family, its pitch (-1 if it has none), and whether it is held out.
    """

    @property
    def index(self) -> Sequence[Mapping[str, object]]:
        """See above."""

    def __len__(self) -> int: ...

    def samples(self, note: int) -> FloatArray:
        """The samples of one note at 48 kHz."""


def train_classifier(
    notes: Notes,
    *,
    start: Classifier | None = None,
    epochs: int = EPOCHS,
    ways: int = WAYS,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> tuple[Classifier, dict[str, float]]:
    """A classifier trained on all notes that are not held out, and its accuracy on those that are.

    It goes on from `start` if that is given. `progress(done, total)` counts notes heard, then notes trained on.

    Raises:
        DatasetError: every note is held out.
    """
    chosen = np.array([number for number, note in enumerate(notes.index) if not note["held_out"]], np.int64)
    if not len(chosen):
        raise DatasetError("every note is held out: none is left to train a classifier with")
    size = min(BATCH, len(chosen))
    steps = math.ceil(epochs * len(chosen) / size)
    total = len(notes) + steps * size
    spectra, labels = hear_all(notes, ways, seed, lambda done: progress(done, total)), _labels(notes)
    torch.manual_seed(seed)
    classifier, average = Classifier(), Classifier()
    if start is not None:
        classifier.load_state_dict(start.state_dict())
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=WEIGHT_DECAY)
    for step, (batch, partners, random) in enumerate(_batches(notes, chosen, labels.numpy(), (steps, size), seed)):
        optimizer.param_groups[0]["lr"] = (RATE if start is None else LATER_RATE) * _rate(step, steps)
        one, other = (_drawn(spectra, numbers, random) for numbers in (batch, partners))
        families, pitches = labels[batch].unbind(dim=1)
        pitched, apart = pitches != UNPITCHED, (pitches - labels[partners, 1]).float()
        heard = augment(one, seed=seed + 2 * step, pitched=pitched, partners=other, apart=apart)
        with torch.autocast("cpu", torch.bfloat16):  # half the time where there are matrix units
            scores = Scores(*(logits.float() for logits in classifier(heard.spectra)))
        loss = functional.cross_entropy(scores.family, families, label_smoothing=FAMILY_SMOOTHING)
        if pitched.any():
            moved = (pitches + heard.semitones).clamp(0, PITCHES - 1)[pitched]
            loss = loss + functional.cross_entropy(scores.pitch[pitched], moved, label_smoothing=PITCH_SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        _follow(average, classifier, min(AVERAGED, (step + 1) / (step + 10)))
        progress(len(notes) + size * (step + 1), total)
    average.eval().requires_grad_(False)
    held_out = np.setdiff1d(np.arange(len(notes)), chosen)
    return average, _accuracy(average, spectra[held_out, 0], labels[held_out])


def hear_all(notes: Notes, ways: int, seed: int, progress: Callable[[int], None]) -> Inputs:
    """Each note over a range of 80 dB [notes, ways, frames, bands]: as it was recorded, then played otherwise."""
    heard: list[Inputs] = []
    for number, labels in enumerate(notes.index):
        samples, random = notes.samples(number), np.random.default_rng((seed, number))
        others = [
            played_otherwise(samples, random, has_pitch=labels["pitch"] != UNPITCHED)
            for _ in range(0 if labels["held_out"] else ways - 1)
        ]
        own = [classifier_input(sound, range_db=PREPARED_DB) for sound in (samples, *others)]
        heard.append((np.stack(own + own[:1] * (ways - len(own))) * 255.0 + 0.5).astype(np.uint8))
        progress(number + 1)
    return np.stack(heard)


def _drawn(spectra: Inputs, numbers: Ints, random: np.random.Generator) -> Tensor:
    """One way of hearing each of these notes, [notes, frames, bands]."""
    ways = random.integers(spectra.shape[1], size=len(numbers))
    return torch.from_numpy(spectra[numbers, ways].astype(np.float32) / 255.0)


def _batches(
    notes: Notes, chosen: Ints, labels: Ints, steps: tuple[int, int], seed: int
) -> Iterator[tuple[Ints, Ints, np.random.Generator]]:
    """So many batches of so many notes, and for each note another of its family at nearly the same pitch.

    Large families are drawn less often than their share.
    """
    families = labels[chosen, 0]
    share = 1.0 / np.sqrt(np.bincount(families))[families]
    share = share * np.array([float(str(notes.index[number].get(OFTEN, 1.0))) for number in chosen])
    group = labels[:, 0] * PITCHES + labels[:, 1] // NEIGHBOURS
    alike = {one: chosen[group[chosen] == one] for one in np.unique(group[chosen])}
    for step in range(steps[0]):
        random = np.random.default_rng((seed, step))
        batch = random.choice(chosen, size=steps[1], p=share / share.sum())
        yield batch, np.array([random.choice(alike[group[number]]) for number in batch]), random


def _rate(step: int, steps: int) -> float:
    """The share of the learning rate: it rises at first, and falls to zero along a cosine."""
    warm_up = min(1.0, (step + 1) / max(1.0, WARM_UP * steps))
    return warm_up * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _follow(average: Classifier, classifier: Classifier, kept: float) -> None:
    """Move a moving average of weights towards those of now."""
    with torch.no_grad():
        for mean, now in zip(average.parameters(), classifier.parameters(), strict=True):
            mean.lerp_(now, 1.0 - kept)


def _labels(notes: Notes) -> Tensor:
    """Family and pitch of each note, [notes, 2]."""
    families, pitches = ([str(one[key]) for one in notes.index] for key in ("family", "pitch"))
    return torch.tensor([[INSTRUMENT_FAMILIES.index(family) for family in families], [*map(int, pitches)]]).T


def _accuracy(classifier: Classifier, spectra: Inputs, labels: Tensor) -> dict[str, float]:
    if not len(spectra):
        return {}
    starts = range(0, len(spectra), BATCH)
    with torch.no_grad():
        parts = [classifier(_kept(spectra[at : at + BATCH])) for at in starts]
    family, pitch = (torch.cat(logits) for logits in zip(*parts, strict=True))
    return accuracy(Scores(family, pitch), labels)


def _kept(spectra: Inputs) -> Tensor:
    """What the classifier keeps of spectra that have more range."""
    level_db = PREPARED_DB * (torch.from_numpy(spectra.astype(np.float32)) / 255.0 - 1.0)
    return (1.0 + level_db / RANGE_DB).clamp(min=0.0)
